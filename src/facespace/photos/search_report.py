"""The page of a folder that was searched for a face."""

from __future__ import annotations

from ..explain import minus, reference_notes, scores_figure, source_of
from ..report import Column, KeyFigure, KeyFigures, Note, Notes, Picture, Pictures, Report, Table, Text
from .compare_report import large, photo_notes
from .find import FoundFace, PhotoSearch, few


def search_report(found: PhotoSearch, title: str = "") -> Report:
    """The sections for report.html: the answer, the faces that score highest, the thresholds, what was skipped."""
    report = Report(title or f"{found.photo.name} in {found.folder}", f"Compared by {found.network}.", found.signature)
    report.add(KeyFigures(_figures(found)))
    wanted = [Picture(found.photo.name, large(found.photo.crop, 224), "the face that was looked for")]
    if found.photo.whole is not None:
        wanted.append(Picture(found.photo.name, found.photo.whole, found.photo.among))
    report.add(Pictures("photo", [wanted], title="Looked for"))
    report.add(Pictures("found", [_thumbnails(found)], title="Highest scores"))
    report.add(_table(found))
    report.add(Text("What the search says", _finding(found)))
    if found.table is not None:
        report.add(scores_figure(found.table, found.found[0].score, found.corrected, minus(found.brief())))
    notes = [Note(text, "note", "network") for text in found.notes]
    own = [text for text in found.warnings if text not in found.photo.cautions]
    notes += [Note(f"{text[0].upper()}{text[1:]}.", "warning", "threshold") for text in own]
    notes += photo_notes((found.photo,))
    if found.table is not None:
        notes += reference_notes(found.table, found.corrected)
    report.add(Notes(notes, "Cautions"))
    if found.skipped:
        rows = [[each.file, each.reason, each.detail] for each in found.skipped]
        report.add(Table("skipped", ["photo", "reason", "detail"], rows, title="Photos without a face"))
    return report


def _figures(found: PhotoSearch) -> list[KeyFigure]:
    faces = KeyFigure(f"{found.compared:,}", "faces compared", f"on {found.images:,} photos, {len(found.skipped):,} skipped")
    if found.threshold is None or found.corrected is None:
        return [faces, KeyFigure(minus(f"{found.found[0].score:.3f}"), "highest score", "no table: no threshold is known")]
    return [
        KeyFigure(f"{found.above:,}", "at the corrected threshold", f"{found.corrected:.2f}, for {found.compared:,} faces"),
        KeyFigure(f"{found.single:,}", "at the threshold of one comparison", f"{found.threshold:.2f}"),
        KeyFigure(few(found.expected), "strangers expected there by chance", f"{found.compared:,} × the false match rate"),
        faces,
    ]


def _thumbnails(found: PhotoSearch) -> list[Picture]:
    shown = []
    for face in found.found:
        if face.crop is not None:
            told = minus(f"{face.score:.3f}"), mark(face), face.turned
            shown.append(Picture(face.name, large(face.crop, 224), ", ".join(filter(None, told))))
    return shown


def mark(face: FoundFace) -> str:
    """Where a face's score lies, in words; "" without a table."""
    if face.above is None:
        return ""
    return "above" if face.above else ("above for one comparison alone" if face.single else "below")


def _table(found: PhotoSearch) -> Table:
    columns: list[str | Column] = ["photo", Column("face", hint="of the photo's"), Column("score", format=".3f")]
    if found.table is not None:
        columns += [
            Column("threshold", hint="above: at the one corrected for all faces"),
            Column("expected", hint="strangers that score as high in such a search"),
            Column("likelihood ratio", hint="of a face named beforehand"),
        ]
    rows: list[list[object]] = []
    for face in found.found:
        cells: list[object] = [face.id, face.which, face.score]
        if face.ratio is not None:
            cells += [mark(face), face.expectation, face.ratio.text()]
        rows.append(cells)
    return Table("faces", columns, rows, title="Ranked")


def _finding(found: PhotoSearch) -> list[str]:
    head = minus(found.brief())
    first = f"{head[0].upper()}{head[1:]}."
    if found.table is None or found.threshold is None or found.corrected is None:
        return [first, *found.notes]
    return [
        first,
        f"At the threshold of one comparison, {found.threshold:.2f}, {found.compared:,} strangers give "
        f"{few(found.expected)} false matches on average: the number of faces times the false match rate. At "
        f"{found.corrected:.2f}, the threshold of rate {found.far:g} / {found.compared:,}, one search in "
        f"{1 / found.far:,.0f} of so many strangers has any.",
        "A likelihood ratio is about a face that was named beforehand; the best of many scores high by chance more often. "
        "The column “expected” says how often.",
        f"The rates are those of {source_of(found.table)}.",
    ]
