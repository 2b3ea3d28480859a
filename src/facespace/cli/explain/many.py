"""Many examined pairs in one run: a table of pairs, or one image against a folder; a page a pair, and an index."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import FileFormatError, InputError, shorten
from ..options import Cropping, Printing
from ..printing import dim, emit, progress_bar, warning_lines

if TYPE_CHECKING:
    from ...explain import Examiner
    from ...images import ImageFile
    from ...models import LocatedFace


def many_pairs(
    examiner: Examiner,
    pairs: list[tuple[ImageFile, ImageFile]],
    cropping: Cropping,
    output: Path,
    printing: Printing,
    notes: list[str],
) -> None:
    """A page a pair and an index."""
    files = list(dict.fromkeys(file for pair in pairs for file in pair))
    faces, skipped = _faces(examiner, files, cropping)
    whole = [pair for pair in pairs if pair[0].path in faces and pair[1].path in faces]
    if not whole:
        raise InputError(f"none of the {len(pairs):,} pairs has a face in both images", "; ".join(skipped[:3]))
    _write_index(examiner, whole, faces, output, printing, notes, f"{len(whole):,} pairs", skipped)


def against_folder(
    examiner: Examiner, probe: ImageFile, folder: Path, top: int, cropping: Cropping, output: Path, printing: Printing,
    notes: list[str],
) -> None:  # fmt: skip
    """All images of a folder by their score with one, and a page for each of the best."""
    from ...explain import unit_rows
    from ...images import find_images

    files = [file for file in find_images(folder) if file.path.resolve() != probe.path.resolve()]
    faces, skipped = _faces(examiner, [probe, *files], cropping)
    if probe.path not in faces:
        raise InputError(f"{probe.path} shows no face that can be used", "; ".join(skipped[:1]))
    found = [file for file in files if file.path in faces]
    if not found:
        raise InputError(f"none of the {len(files):,} images in {folder} gave a face", "; ".join(skipped[:3]))
    vector = unit_rows(examiner.embed(0, faces[probe.path].crop[None]))[0]
    scores: list[tuple[str, float]] = []
    with progress_bar("candidates", printing.silent) as step:
        for number, file in enumerate(found, 1):
            other = unit_rows(examiner.embed(1, faces[file.path].crop[None]))[0]
            scores.append((file.id, float(vector @ other)))
            step(number, len(found))
    order = sorted(range(len(found)), key=lambda i: -scores[i][1])
    pairs = [(probe, found[i]) for i in order[:top]]
    title = f"{probe.path.name} against {folder.name}"
    ranked = [scores[i] for i in order]
    _write_index(examiner, pairs, faces, output, printing, notes, title, skipped, ranked)


def _write_index(
    examiner: Examiner,
    pairs: list[tuple[ImageFile, ImageFile]],
    faces: dict[Path, LocatedFace],
    output: Path,
    printing: Printing,
    notes: list[str],
    title: str,
    skipped: list[str],
    scores: list[tuple[str, float]] | None = None,
) -> None:
    from ...explain import Listed, examination_report, index_report
    from ...io import write_json

    listed, digits = [], len(str(len(pairs)))
    with progress_bar("pairs", printing.silent) as step:
        for number, (one, two) in enumerate(pairs, 1):
            found = examiner.examine(one.path, faces[one.path], two.path, faces[two.path])
            page = f"{number:0{digits}d}"
            report = examination_report(found, (one.path.name, two.path.name))
            report.write(output / page)
            write_json(found.to_dict(), output / page / "results.json")
            listed.append(Listed(one.path.stem, two.path.stem, found, f"{page}/report.html"))
            step(number, len(pairs))
    names = [network.card.name for network in examiner.networks]
    subtitle = f"Compared by {' → '.join(dict.fromkeys(names))}, explained by occlusion."
    signature = listed[0].found.explanation.signature
    report = index_report(listed, title=title, subtitle=subtitle, scores=scores or (), skipped=skipped, signature=signature)
    document: dict[str, Any] = {
        "signature": signature,
        "pairs": [{"a": p.first, "b": p.second, "page": p.page, **p.found.to_dict()} for p in listed],
        "candidates": [{"id": name, "score": score} for name, score in scores or ()],
        "skipped": skipped,
    }
    document["files"] = files = [*map(str, report.write(output)), str(output / "results.json")]
    write_json(document, output / "results.json")
    emit(document, lambda: _many_text(listed, skipped, files[0], notes), printing)


def read_pairs_table(path: Path, folder: Path | None) -> list[tuple[ImageFile, ImageFile]]:
    """The pairs of files in a table's first two columns; a head that names no files is passed over.

    Names are files below `folder` (the table's own without one), with or without their suffix.
    """
    from ...images import ImageFile
    from ...io import delimiter_of, existing_file, read_text

    text = read_text(existing_file(path, "a table of pairs"), "a table of pairs")
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter_of(text)) if any(map(str.strip, row))]
    place = folder or path.parent

    def found(name: str) -> Path | None:
        return next(
            (p for p in (place / name, *sorted((place / name).parent.glob(f"{Path(name).name}.*"))) if p.is_file()), None
        )

    pairs, missing = [], []
    for number, row in enumerate(rows):
        names = [cell.strip() for cell in row[:2]]
        if len(names) < 2:
            raise FileFormatError(f"{path}, row {number + 1}: {shorten(row)} has one column", "Give two files a row.")
        files = [found(name) for name in names]
        if files[0] is None and files[1] is None and number == 0 and len(rows) > 1:
            continue
        missing += [name for name, file in zip(names, files, strict=True) if file is None]
        if files[0] is not None and files[1] is not None:
            pairs.append(
                (
                    ImageFile(names[0].removesuffix(files[0].suffix), files[0]),
                    ImageFile(names[1].removesuffix(files[1].suffix), files[1]),
                )
            )
    if missing:
        raise InputError(
            f"{len(missing):,} files of {path} are not in {place}: {shorten(missing)}", "Name their folder with --images."
        )
    if not pairs:
        raise FileFormatError(f"{path} names no pair", "Give two files a row.")
    return pairs


def _faces(examiner: Examiner, files: list[ImageFile], cropping: Cropping) -> tuple[dict[Path, LocatedFace], list[str]]:
    from ...models import Skipped, located_faces

    card = examiner.networks[0].card
    found = located_faces(files, [card] * len(files), **vars(cropping))
    faces = {f.path: face for f, face in zip(files, found, strict=True) if not isinstance(face, Skipped)}
    return faces, [f"{face.file}: {face.reason} ({face.detail})" for face in found if isinstance(face, Skipped)]


def _many_text(listed: list[Any], skipped: list[str], page: str, notes: list[str]) -> RenderableType:
    lines: list[RenderableType] = [*map(dim, notes)]
    for pair in listed[:10]:
        e, ratio = pair.found.explanation, pair.found.ratio
        lines.append(Text(f"{e.score:.3f}  {pair.first}, {pair.second}{'' if ratio is None else f': {ratio.words()}'}"))
    if len(listed) > 10:
        lines.append(dim(f"and {len(listed) - 10:,} more"))
    source = listed[0].found.explanation.threshold_source
    lines += [] if source is None else [Text(source.words)]
    lines += warning_lines(skipped)
    lines.append(Text.assemble("Pages: ", (page, "bold")))
    return Group(*lines)
