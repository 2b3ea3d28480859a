"""`find`: on which photos of a folder is the face of one photo?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..errors import InputError
from ..explain import FAR
from ..images import Image, ImageFile, find_images
from ..metrics import LikelihoodRatio, ScoreTable
from ..models import LocatedFace, ModelCard, Skipped, every_face
from ..results import fields, signature
from ..shown import Result
from .compare import ComparedPhoto, check_far, compared_photo, image_file, the_face, whole_pixels
from .folder_faces import folder_faces
from .network import Comparer, Finding

TOP = 20


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One face of the folder.

    Attributes:
        id, file: of its photo. face: which on it, from 1, the largest near the middle first. score: with the photo's face.
        ratio: what the score is worth of a face that was named beforehand; None without a table.
        false_match_rate: share of the table's pairs of two people that score as high; expected: that times the faces
            compared, how many strangers score as high in such a search. Both None without a table.
        least: that number for one pair of the table, which is what it can show.
        single, above: is the score at the threshold of one comparison, and at that corrected for all? None without a table.
        crop: the face; None where it was not found again.
        faces: how many the photo shows. box, degrees: as in `ComparedPhoto`. All as the crop was found.
    """

    id: str
    file: str
    face: int
    score: float
    ratio: LikelihoodRatio | None
    false_match_rate: float | None
    expected: float | None
    least: float | None
    single: bool | None
    above: bool | None
    crop: Image | None = None
    faces: int | None = None
    box: tuple[int, int, int, int] | None = None
    degrees: int = 0

    @property
    def which(self) -> str:
        """Which of the photo's faces it is, and how the photo lies."""
        told = f"{self.face} of {self.faces}" if self.faces else f"{self.face}"
        return ", ".join(filter(None, (told, self.turned)))

    @property
    def turned(self) -> str:
        """By how much the photo was turned, in words; "" where it was not."""
        return f"turned by {self.degrees}°" if self.degrees else ""

    @property
    def expectation(self) -> str:
        """`expected` in words: of a score that none of the table's pairs has, what their number bounds it by."""
        return "" if self.expected is None else few(self.expected) if self.expected else f"below {few(self.least)}"

    @property
    def name(self) -> str:
        """The photo's id, with the number of a face that is not its first."""
        return self.id if self.face == 1 else f"{self.id}#{self.face}"

    def to_dict(self) -> dict[str, Any]:
        """The entry of a document's "matches"."""
        return {
            **fields(self, "id", "file", "face", "faces", "box", "degrees", "score"),
            **fields(self, "false_match_rate", "expected", "least", "single", "above"),
            "likelihood_ratio": None if self.ratio is None else self.ratio.to_dict(),
        }


@dataclass(frozen=True, eq=False, repr=False)
class PhotoSearch(Result):
    """What the search of a folder for the face of one photo gave.

    Attributes:
        network, photo, table, notes: as in `PhotoComparison`. folder: as it was given.
        images, compared: how many photos and faces were compared. skipped: photos that gave no face.
        far, threshold: of one comparison. corrected: the threshold at far / compared, above which one search of so many
            strangers in 1 / far has any. expected: strangers above `threshold` in such a search, compared × FMR.
        found: the faces that score highest. single, above: how many of all are at either threshold.
        kept: how many embeddings came out of the set that was given.
    """

    reported_by: ClassVar[str] = "photos.search_report"

    network: str
    photo: ComparedPhoto
    folder: str
    images: int
    compared: int
    kept: int
    skipped: tuple[Skipped, ...]
    far: float
    threshold: float | None
    corrected: float | None
    expected: float | None
    found: tuple[FoundFace, ...]
    single: int | None
    above: int | None
    table: ScoreTable | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    signature: str

    def brief(self) -> str:
        """How many were compared, and how many are above the thresholds."""
        told = f"{self.compared:,} faces on {_photos(self.images)} by {self.network}, best {self.found[0].score:.3f}"
        if self.threshold is None or self.corrected is None:
            return f"{told}; no threshold is known, for there is no table of its scores"
        return (
            f"{told}: {self.above:,} at {self.corrected:.2f} or above (FAR {100 * self.far:g} % over all "
            f"{self.compared:,}), {self.single:,} at {self.threshold:.2f} (FAR {100 * self.far:g} % each), where "
            f"{few(self.expected)} strangers are expected by chance"
        )

    def to_dict(self) -> dict[str, Any]:
        """The `find` document."""
        names = ("signature", "network", "folder", "images", "compared", "kept", "far", "threshold", "corrected", "expected")
        return {
            **fields(self, *names, "single", "above", "warnings", "notes"),
            "photo": self.photo.to_dict(),
            "matches": [face.to_dict() for face in self.found],
            "skipped": [fields(each, "file", "reason", "detail") for each in self.skipped],
        }


def few(number: float | None) -> str:
    """A count that is expected, two digits of it.

    >>> few(0.0414), few(3.21), few(0.0)
    ('0.041', '3.2', '0')
    """
    return f"{number or 0:.2g}" if (number or 0) < 100 else f"{number:,.0f}"


def _photos(count: int) -> str:
    return f"{count:,} photo{'' if count == 1 else 's'}"


def find(
    photo: str | Path,
    folder: str | Path,
    model: str | Path | ModelCard | None = None,
    *,
    top: int = TOP,
    far: float = FAR,
    faces: str | Path | None = None,
    table: ScoreTable | str | Path | None = None,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PhotoSearch:
    """Compare the face of a photo with every face on every photo of a folder, and rank them by score.

    Among many strangers some score high: with n faces the threshold is that of false accept rate far / n (Bonferroni), so
    that of so many strangers one is above it in one search of 1 / far at most.

    Args:
        photo: image file; left out where it lies in the folder too. folder: with all folders in it; or another photo,
            whose faces are all compared.
        top: how many of the best are told.
        faces: file of a set (.parquet) of the folder's embeddings: what it has is not computed again, and what it has not
            is added. Ids are those of `embed`, with #2, #3, … for further faces of a photo.
        model, far, table, landmarks, aligned, detector, weights: as in `compare`. progress: of (photos done, photos).

    Raises InputError where the photo, or all the folder, shows no face, and for a set by another network.

        found = fs.find("ann.jpg", "photos", faces="photos.parquet")
        [(face.name, face.score) for face in found.found if face.above]
    """
    check_far(far)
    if top < 1:
        raise InputError(f"the best {top} faces are none", "Ask for 1 or more.")
    wanted = image_file(photo, landmarks)
    place = Path(folder)
    files = [image_file(place, landmarks)] if place.is_file() else find_images(place)
    files = [file for file in files if file.path.resolve() != wanted.path.resolve()]
    if not files:
        raise InputError(f"{folder} has no photo but {wanted.path}", "Name the folder that is to be searched.")
    by = Comparer.of(model, table, weights)
    how = Finding.of(landmarks, aligned, detector, weights)
    face = the_face(next(every_face([wanted], by.network.card, **vars(how))))
    known = folder_faces(files, by, how, None if faces is None else Path(faces), progress)
    scores = known.vectors @ by.vectors(face.crop[None])[0]
    n, t = len(known), by.table
    tau, corrected = (None, None) if t is None else (t.threshold(far), t.threshold(far / n))
    best = np.argsort(-scores, kind="stable")[:top].tolist()
    again = _again([(files[known.files[i]], int(known.faces[i])) for i in best], by, how)
    found = []
    for i, seen in zip(best, again, strict=True):
        file, score = files[known.files[i]], float(scores[i])
        rate = None if t is None else t.false_match_rate(score)
        found.append(
            FoundFace(
                file.id,
                str(file.path),
                int(known.faces[i]),
                score,
                None if t is None else t.ratio(score),
                rate,
                None if rate is None else n * rate,
                None if t is None else n / float(t.impostor.sum()),
                None if tau is None else score >= tau,
                None if corrected is None else score >= corrected,
                *((None, None) if seen is None else (seen.crop, seen.faces, whole_pixels(seen.box), seen.degrees)),
            )
        )
    mine = compared_photo(str(wanted.path), face, by)
    return PhotoSearch(
        by.network.card.name,
        mine,
        str(folder),
        len(set(known.files.tolist())),
        n,
        known.kept,
        known.skipped,
        far,
        tau,
        corrected,
        None if t is None or tau is None else n * t.false_match_rate(tau),
        tuple(found),
        None if tau is None else int((scores >= tau).sum()),
        None if corrected is None else int((scores >= corrected).sum()),
        t,
        (*mine.cautions, *_doubts(t, far, n)),
        by.notes,
        signature("find", network=by.network.card.name, faces=how.words, compared=n, far=f"{far:g}", table=t and t.network),
    )


def _again(wanted: list[tuple[ImageFile, int]], by: Comparer, how: Finding) -> list[LocatedFace | None]:
    """These faces again, for the page; those of one photo are found together."""
    files = list(dict.fromkeys(file for file, _ in wanted))
    found = dict(zip(files, every_face(files, by.network.card, **vars(how)), strict=True))
    again: list[LocatedFace | None] = []
    for file, number in wanted:
        faces = found[file]
        again.append(None if isinstance(faces, Skipped) or number > len(faces) else faces[number - 1])
    return again


def _doubts(table: ScoreTable | None, far: float, n: int) -> list[str]:
    if table is None or far / n * table.impostor.sum() >= 1:
        return []
    return [
        f"the table's {table.impostor.sum():,.0f} pairs of strangers can't show a rate of 1 in {n / far:,.0f}: the "
        "corrected threshold is above all of them, and how seldom strangers pass it is not known"
    ]
