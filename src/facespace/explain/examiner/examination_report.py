"""The examiner's page of one pair: what the score is worth, where it comes from, and what speaks against leaning on it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ...images import Crops
from ...report import Column, KeyFigure, KeyFigures, Note, Notes, Picture, Pictures, Report, Table, Text, interval
from ..pair import SIGNED, ExplainedFace, parts
from ..picture import COLOURS, MAY, MAY_HIDDEN, MAY_NOT, overlay, smoothed
from ..regions import REGIONS
from .examine import Examination
from .scale_figures import minus, ratio_figure, scale_figure
from .weighing_report import input_notes, ratio_cards, ratio_meaning, ratio_method, reference_notes

_WORDS = {"S⁺": "similar: speaks for one person", "S⁻": "dissimilar: speaks against", "S": "counts either way"}
_SURE = 0.8  # correlation of the maps of two halves of the repeats


def examination_report(found: Examination, names: tuple[str, str] = ("A", "B")) -> Report:
    """The sections for report.html; `names` of the two images. `write(folder)` makes the page and figures/."""
    e = found.explanation
    by = " → ".join(filter(None, [e.network, e.other_network]))
    report = Report(f"{names[0]} and {names[1]}", f"Compared by {by}, explained by {e.method}.", e.signature)
    report.add(KeyFigures(_key_figures(found)))
    report.add(Text("What the comparison says", _finding(found)))
    report.add(_pictures(found, names))
    if found.table is not None:
        report.add(scale_figure(found))
    report.add(region_table(found))
    report.add(Notes(_cautions(found, names), "Cautions"))
    if found.table is not None:
        report.add(ratio_figure(found))
    report.add(Text("Method and limits", _method(found)))
    return report


def _key_figures(found: Examination) -> list[KeyFigure]:
    e = found.explanation
    decision = e.decision or "no decision"
    note = "no threshold given" if e.threshold is None else f"threshold {e.threshold:.3f}"
    note += f", FAR {100 * e.threshold_source.far:g} %" if e.threshold_source is not None else ""
    figures = [KeyFigure(minus(f"{e.score:.3f}"), "score, the cosine of both embeddings", f"{note}: {decision}")]
    if found.ratio is None or found.table is None:
        return [*figures, KeyFigure("not known", "likelihood ratio", "no table of this network's scores")]
    return [*figures, *ratio_cards(found.ratio, found.table, e.score)]


def _finding(found: Examination) -> list[str]:
    if found.ratio is None or found.table is None:
        return [
            minus(found.headline),
            "No table of genuine and impostor scores ships for this network, or for these weights or this map, so nothing "
            "is said on what the score is worth. A score alone is no evidence: networks' scores differ.",
        ]
    odd = sorted({sign.name for of in found.signs for sign in of if sign.seen and sign.name != "several faces"})
    unlike = (
        [f"These photographs are unlike most of the reference's ({', '.join(odd)}): the ratio may be wrong."] if odd else []
    )
    source = found.explanation.threshold_source
    decided = [] if source is None else [minus(source.source)]
    return [minus(found.headline), *decided, *unlike, *ratio_meaning(found.ratio, found.table)]


def _pictures(found: Examination, names: tuple[str, str]) -> Pictures:
    e = found.explanation
    scale = full_colour(e.faces)
    rows = []
    for letter, name, face in zip("AB", names, e.faces, strict=False):
        row = [Picture(f"{letter}: {name}", _large(face.crop), "as the network sees it")]
        for part, values in parts(e, face).items():
            strength = smoothed(values, e) / scale
            colour = COLOURS.get(part, COLOURS["S"])
            row.append(Picture(_WORDS.get(part, part), overlay(face.crop, strength, colour), _share(face, part, e.method)))
        rows.append(row)
    if e.other_crop is not None:
        rows.append([Picture(names[1], _large(e.other_crop), "its network's map is closed")])
    caption = MAY_HIDDEN if e.passes else (MAY if e.method in SIGNED else MAY.split(". Blue")[0] + ".")
    if e.passes and e.method == "occlusion":
        caption += f" Full colour: the score falls or rises by {scale:.3f} with the place hidden."
    return Pictures("maps", rows, title="Where it comes from", caption=caption)


def full_colour(faces: tuple[ExplainedFace, ...]) -> float:
    """What full colour stands for in both faces' maps."""
    return max(float(np.quantile(np.abs(face.importance), 0.995)) for face in faces) or 1.0


def _large(crop: Crops) -> Crops:
    import cv2

    size = (crop.shape[1] * 4, crop.shape[0] * 4)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC))


def _share(face: ExplainedFace, part: str, method: str) -> str:
    total = float(np.abs(face.importance).sum())
    if method not in SIGNED or part not in ("S⁺", "S⁻") or not total:
        return ""
    signed = face.importance if part == "S⁺" else -face.importance
    return f"{float(np.maximum(signed, 0).sum()) / total:.0%} of all that counts"


def region_table(found: Examination) -> Table:
    """The parts of both faces: what lies in them for and against, and the score with each hidden."""
    signed, tried = found.explanation.method in SIGNED, any(row.hidden is not None for row in found.regions)
    columns: list[str | Column] = [
        Column("part"),
        Column("face"),
        Column("area", "%", ".0f", "of the crop"),
        Column("similar" if signed else "counts", "%", ".1f", "of all that counts on this face, and speaks for one person"),
        *interval("95 % over repeats", format=".1f"),
    ]
    if signed:
        columns += [Column("dissimilar", "%", ".1f", "of all that counts, and speaks against"), *interval(format=".1f")]
    if tried:
        columns += [
            Column("hidden", "score", ".3f", "the score with this part blurred away"),
            Column("change", "score", "+.3f", "less the score of the whole face"),
        ]
    rows: list[list[object]] = []
    for row in sorted(found.regions, key=lambda r: (REGIONS.index(r.region), r.face)):
        cells: list[object] = [row.region, row.face, 100 * row.area, 100 * row.similar, *_ends(row.similar_interval)]
        if signed:
            cells += [100 * row.dissimilar, *_ends(row.dissimilar_interval)]
        if tried:
            score = found.explanation.score
            cells += [row.hidden, None if row.hidden is None else row.hidden - score]
        rows.append(cells)
    repeats = (
        f"Intervals are Student's 95 % over {found.repeats} repeats, with the grid of hidden patches in another place or "
        "another seed: they hold what the method itself leaves open, and nothing of what another photograph would change."
        if found.repeats > 1
        else "The map was made once, so there is no interval."
    )
    caption = (
        "Parts are placed by the landmarks that the network's crops are aligned to; on a turned head they are roughly "
        f"right. Shares of one face's both columns add up to 100 %; contour is hair, ears, neck and background. {repeats}"
    )
    return Table("parts", columns, rows, title="Parts of the face", caption=caption)


def _ends(ends: tuple[float, float] | None) -> list[object]:
    return [None, None] if ends is None else [100 * ends[0], 100 * ends[1]]


def _cautions(found: Examination, names: tuple[str, str]) -> list[Note]:
    e, notes = found.explanation, input_notes(names, found.signs)
    if found.table is not None:
        notes += reference_notes(found.table, e.threshold)
    sure = [c for c in e.convergence if not math.isnan(c)]
    if sure:
        agree = " and ".join(f"{c:.2f}" for c in sure)
        level: Literal["note", "warning"] = "note" if min(sure) >= _SURE else "warning"
        told = "the maps hardly depend on it" if min(sure) >= _SURE else "read the maps as rough"
        text = f"The maps of two halves of the passes correlate by {agree} (1: the method left nothing to chance): {told}."
        notes.append(Note(text, level, "method"))
    notes.append(Note(MAY_NOT, "note", "reading"))
    return notes


def _method(found: Examination) -> list[str]:
    e = found.explanation
    paragraphs = []
    if e.method == "occlusion":
        paragraphs.append(
            f"Occlusion: each face is shown to the network with one soft patch after the other blurred away, "
            f"{' + '.join(map(str, e.passes))} passes with the grid of patches in {found.repeats} "
            f"{'places' if found.repeats > 1 else 'place'}. A pixel's value is the mean of what the score loses under the "
            "patches that cover it; positive speaks for one person. After Zeiler and Fergus (2014)."
        )
    if found.table is not None:
        paragraphs.append(ratio_method(found.table))
    return paragraphs
