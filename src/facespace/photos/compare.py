"""`compare`: do two photos show one person?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..explain import FAR, Sign, TableThreshold, signs
from ..images import Image, ImageFile, read_image
from ..metrics import LikelihoodRatio, ScoreTable
from ..models import LocatedFace, ModelCard, Skipped, every_face
from ..results import fields, signature
from ..shown import Result
from .network import Comparer, Finding

SEVERAL = "several faces"
_SHOWN = 560  # pixels of the long side of a photo in the report


@dataclass(frozen=True, eq=False)
class ComparedPhoto:
    """A photo and the face on it that was compared.

    Attributes:
        file: as it was given. crop: (height, width, 3) uint8, the face as the network takes it.
        faces: how many the photo shows. signs: what was measured on the face.
        whole: the photo, small and upright, with a frame about the face; None where the photo is the crop.
        box: left, top, right, bottom of the face in pixels of the photo; None where none is known.
        degrees: clockwise turn (0, 90, 180, 270) by which the face stands upright.
    """

    file: str
    crop: Image
    faces: int
    signs: tuple[Sign, ...]
    whole: Image | None = None
    box: tuple[int, int, int, int] | None = None
    degrees: int = 0

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return Path(self.file).name

    @property
    def among(self) -> str:
        """Which of the photo's faces was taken."""
        which = "the only face" if self.faces == 1 else f"one of {self.faces} faces: the largest near the middle"
        return f"{which}; {lying(self.degrees)}, shown upright" if self.degrees else which

    @property
    def taken(self) -> list[str]:
        """How the face was come by, where that is not plain: a photo that was turned, one of several faces."""
        told = [f"{self.name} {lying(self.degrees)}: it was turned by {self.degrees}° clockwise"] * bool(self.degrees)
        if self.faces > 1:
            place = "" if self.box is None else ", from ({}, {}) to ({}, {}),".format(*self.box)
            told.append(
                f"{self.name} shows {self.faces} faces, of which the largest near the middle{place} is compared "
                "(find: with all)"
            )
        return told

    @property
    def cautions(self) -> list[str]:
        """How the face was come by, and signs that were seen, in words."""
        seen = [f"{self.name}: {sign.name} ({sign.text})" for sign in self.signs if sign.seen and sign.name != SEVERAL]
        return [*self.taken, *seen]

    def to_dict(self) -> dict[str, Any]:
        """The entry of a document's "photos"."""
        return {**fields(self, "file", "faces", "box", "degrees"), "signs": [sign.to_dict() for sign in self.signs]}


def lying(degrees: int) -> str:
    """How a photo lies that stands upright when it is turned clockwise by so much.

    >>> lying(90), lying(180)
    ('lies on its side', 'stands upside down')
    """
    return "stands upside down" if degrees == 180 else "lies on its side"


def whole_pixels(box: NDArray[np.float64] | None) -> tuple[int, int, int, int] | None:
    """A face's box, rounded."""
    if box is None:
        return None
    left, top, right, bottom = (round(float(side)) for side in box)
    return left, top, right, bottom


@dataclass(frozen=True, eq=False, repr=False)
class PhotoComparison(Result):
    """What the comparison of two photos says.

    Attributes:
        network: that compared them. photos: both. score: the cosine of their embeddings, as in `verify`.
        far, threshold: the false accept rate of the decision, and the score that it takes by the table; None without one.
        ratio: what the score is worth; None without a table. table: of the network's scores.
        warnings: what to know before the answer is believed. notes: how the network came to be taken, what is missing.
    """

    reported_by: ClassVar[str] = "photos.comparison_report"

    network: str
    photos: tuple[ComparedPhoto, ComparedPhoto]
    score: float
    far: float
    threshold: float | None
    ratio: LikelihoodRatio | None
    table: ScoreTable | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    signature: str

    @property
    def same(self) -> bool | None:
        """Is the score at the threshold or above? None without a table."""
        return None if self.threshold is None else self.score >= self.threshold

    @property
    def decision(self) -> str:
        """The same in words."""
        return {True: "same person", False: "different people", None: "not decided"}[self.same]

    def brief(self) -> str:
        """Score, decision and ratio in a line."""
        told = f"score {self.score:.3f} by {self.network}: {self.decision}"
        if self.threshold is None or self.ratio is None or self.table is None:
            return f"{told}, for there is no table of its scores"
        return (
            f"{told} at the threshold {self.threshold:.2f} (FAR {100 * self.far:g} % of {self.table.people:,} people); "
            f"likelihood ratio {self.ratio.text()}, {self.ratio.words()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The `compare` document."""
        about = fields(self, "signature", "network", "score", "far", "threshold", "same", "warnings", "notes")
        reference = None
        if self.table is not None and self.threshold is not None:
            reference = {
                **fields(self.table, "network", "reference", "people", "genuine_people"),
                "impostor_pairs": round(float(self.table.impostor.sum())),
                "false_match_rate_of_score": self.table.false_match_rate(self.score),
                "false_match_rate_of_threshold": self.table.false_match_rate(self.threshold),
            }
        return {
            **about,
            "likelihood_ratio": None if self.ratio is None else self.ratio.to_dict(),
            "reference": reference,
            "photos": [photo.to_dict() for photo in self.photos],
        }


def compare(
    first: str | Path,
    second: str | Path,
    model: str | Path | ModelCard | None = None,
    *,
    far: float = FAR,
    table: ScoreTable | str | Path | None = None,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
) -> PhotoComparison:
    """Compare the faces of two photos.

    The score is the cosine of both embeddings, as `verify` has it. With a table of the network's scores (docs/evidence.md)
    it gets a likelihood ratio with its interval, and a decision at the threshold of false accept rate `far`.

    Args:
        first, second: image files. Of several faces on one, that of `images.pick_face` is taken, and it is said.
        model: name of a card, path of a card's TOML file, or a card; None: `photos.default_network`, which is said too.
        far: false accept rate of the threshold.
        table: of this network's scores, or the file of one; by default the one that ships, if any.
        landmarks, aligned, detector, weights: as in `models.embed`; "auto" is `models.good_detector`, which pip fetches
            where none is.

    Raises InputError for a file without a face and for a `far` that is no rate, ModelError when the network can't be had.

        found = fs.compare("ann-1.jpg", "ann-2.jpg")
        found.same, found.ratio.text(), found.ratio.words()
    """
    check_far(far)
    by = Comparer.of(model, table, weights)
    files = [image_file(path, landmarks) for path in (first, second)]
    how = Finding.of(landmarks, aligned, detector, weights)
    faces = [the_face(found) for found in every_face(files, by.network.card, **vars(how))]
    crops = np.stack([face.crop for face in faces])
    one, other = by.vectors(crops)
    score = float(one @ other)
    photos = tuple(compared_photo(str(file.path), face, by) for file, face in zip(files, faces, strict=True))
    decided = TableThreshold.of(by.table, far)
    tau = None if decided is None else decided.value
    ratio = None if by.table is None else by.table.ratio(score)
    line = signature(
        "compare", network=by.network.card.name, faces=how.words, far=f"{far:g}", table=by.table and by.table.network
    )
    return PhotoComparison(
        by.network.card.name,
        (photos[0], photos[1]),
        score,
        far,
        tau,
        ratio,
        by.table,
        (*photos[0].cautions, *photos[1].cautions, *_doubts(score, tau, ratio)),
        by.notes,
        line,
    )


def check_far(far: float) -> None:
    """Raise InputError unless it is a rate."""
    if not 0 < far < 1:
        raise InputError(f"{far:g} is no false accept rate", "Give one between 0 and 1, such as 1e-3.")


def image_file(path: str | Path, landmarks: str | Path | None) -> ImageFile:
    """The file with its id; landmarks name images by folder and name, as in LFW, else any name will do."""
    path = Path(path)
    return ImageFile(path.stem if landmarks is None else f"{path.absolute().parent.name}/{path.stem}", path)


def the_face(found: list[LocatedFace] | Skipped) -> LocatedFace:
    """The face. Raises InputError where there is none."""
    if isinstance(found, Skipped):
        raise InputError(
            f"{found.file} gave no face: {found.reason} ({found.detail})",
            "Face crops need --aligned; other images landmarks or a detector.",
        )
    return found[0]


def compared_photo(file: str, face: LocatedFace, by: Comparer) -> ComparedPhoto:
    """The photo for a result."""
    measured = signs(face, by.network.card.template)
    return ComparedPhoto(file, face.crop, face.faces, measured, framed(file, face), whole_pixels(face.box), face.degrees)


def framed(file: str, face: LocatedFace) -> Image | None:
    """The photo made small and turned upright, with a frame about the face; None of one that came aligned."""
    if face.landmarks is None:
        return None
    picture = read_image(file)
    scale = min(1.0, _SHOWN / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    points = face.landmarks * scale
    reach = max(1.5 * float(np.ptp(points, axis=0).max()), 0.045 * max(size))
    corners = [(int(x), int(y)) for x, y in (points.mean(0) - reach, points.mean(0) + reach)]
    for colour, width in (((255, 255, 255), 8), ((0, 114, 178), 4)):
        cv2.rectangle(small, corners[0], corners[1], colour, width, cv2.LINE_AA)
    return np.ascontiguousarray(np.rot90(np.asarray(small, dtype=np.uint8), -face.degrees // 90))


def _doubts(score: float, tau: float | None, ratio: LikelihoodRatio | None) -> list[str]:
    if tau is None or ratio is None:
        return []
    if (score >= tau) != (ratio.value > 1) or ratio.cautious == 1.0:
        return [
            "the score is near the threshold: what it decides and what the score is worth as evidence differ here, so look "
            "at the ratio and at other photos"
        ]
    return []
