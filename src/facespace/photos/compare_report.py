"""The page of two compared photos."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..explain import (
    TableThreshold,
    input_notes,
    minus,
    ratio_cards,
    ratio_meaning,
    ratio_method,
    reference_notes,
    scores_figure,
)
from ..images import Image
from ..report import KeyFigure, KeyFigures, Note, Notes, Picture, Pictures, Report, Text
from .compare import SEVERAL, ComparedPhoto, PhotoComparison


def comparison_report(found: PhotoComparison, title: str = "") -> Report:
    """The sections for report.html: the answer, both faces, the score among others, cautions."""
    one, other = found.photos
    report = Report(title or f"{one.name} and {other.name}", f"Compared by {found.network}.", found.signature)
    score = KeyFigure(minus(f"{found.score:.3f}"), "score, the cosine of both embeddings", "1: the same picture")
    if found.table is None or found.ratio is None or found.threshold is None:
        missing = KeyFigure("not known", "likelihood ratio", "no table of this network's scores")
        report.add(KeyFigures([score, missing]))
    else:
        told = KeyFigure(
            found.decision, "by the threshold", f"{found.threshold:.2f}, false accept rate {100 * found.far:g} %"
        )
        report.add(KeyFigures([told, score, *ratio_cards(found.ratio, found.table, found.score)]))
    report.add(_pictures(found))
    report.add(Text("What the comparison says", _finding(found)))
    if found.table is not None:
        report.add(scores_figure(found.table, found.score, found.threshold, minus(found.brief())))
    notes = [Note(text, "note", "network") for text in found.notes]
    notes += [Note(f"{text[0].upper()}{text[1:]}.", "warning", "decision") for text in _own(found)]
    notes += photo_notes(found.photos)
    if found.table is not None:
        notes += reference_notes(found.table, found.threshold)
    report.add(Notes(notes, "Cautions"))
    if found.table is not None:
        report.add(Text("Method", [ratio_method(found.table)]))
    return report


def photo_notes(photos: Sequence[ComparedPhoto]) -> list[Note]:
    """What is to be known of the photos: which were turned, which of several faces was taken, what their faces are like."""
    notes = [Note(f"{text}.", "warning", "input") for photo in photos for text in photo.taken]
    faces = [[sign for sign in photo.signs if sign.name != SEVERAL] for photo in photos]
    return notes + input_notes([photo.name for photo in photos], faces)


def _own(found: PhotoComparison) -> list[str]:
    """Warnings that are not of a photo."""
    of_photos = {text for photo in found.photos for text in photo.cautions}
    return [text for text in found.warnings if text not in of_photos]


def _pictures(found: PhotoComparison) -> Pictures:
    faces, wholes = [], []
    for letter, photo in zip("AB", found.photos, strict=True):
        faces.append(Picture(f"{letter}: {photo.name}", large(photo.crop), "the face, as the network sees it"))
        if photo.whole is not None:
            wholes.append(Picture(f"{letter}: {photo.name}", photo.whole, photo.among))
    return Pictures("faces", [faces, wholes] if wholes else [faces], title="Both faces")


def large(crop: Image, height: int = 448) -> Image:
    """A crop at a size that people can look at."""
    size = (round(height * crop.shape[1] / crop.shape[0]), height)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _finding(found: PhotoComparison) -> list[str]:
    head = minus(found.brief())
    first = f"{head[0].upper()}{head[1:]}."
    if found.table is None or found.ratio is None or found.threshold is None:
        return [first, "A score alone is no evidence: networks' scores differ.", *found.notes]
    return [first, TableThreshold(found.threshold, found.far, found.table).source, *ratio_meaning(found.ratio, found.table)]
