"""Simple signs that a face is unlike those that networks are good at: turned, blurred, small, dark, one of several.

Each is a number with a limit that about one in a hundred LFW photographs exceeds. How many blurred and turned faces are
caught, and how many good ones with them, is measured by scripts/examiner_signs.py. What covers a face (hands, masks,
glasses) has no sign here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ...images import ARCFACE, Crops, Template, similarity_transform
from ...models import LocatedFace
from ...results import fields
from ..regions import face_regions

SIGNS = ("blurred", "turned", "small", "dark or pale", "several faces")
_SHARP, _TURN, _NARROW = 0.056, 0.38, 0.62
_EYES, _MEAN, _CONTRAST = 24.0, (50.0, 210.0), 15.0


@dataclass(frozen=True)
class Sign:
    """One thing measured on one face.

    Attributes:
        name: one of SIGNS. seen: beyond its limit. value: what was measured. limit: beyond which it is seen.
        text: what it is, with the value.
    """

    name: str
    seen: bool
    value: float
    limit: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The entry of a document's "signs"."""
        return fields(self, "name", "seen", "value", "limit", "text")

    @property
    def told(self) -> str:
        """The sign as a predicate.

        >>> Sign("several faces", True, 2, 1, "").told, Sign("turned", True, 0.5, 0.3, "").told
        ('shows several faces', 'looks turned')
        """
        return f"{'shows' if self.name == SIGNS[-1] else 'looks'} {self.name}"


def signs(face: LocatedFace, template: Template) -> tuple[Sign, ...]:
    """What can be measured on a face: of a crop that came aligned neither pose nor size, for its landmarks are unknown.

    blurred: standard deviation of grey values less their Gaussian of 1 px over that of the grey values, in the face at the
    size of an ArcFace crop. turned: how far the tip of the nose is from the middle of eyes and mouth, in distances between
    the eyes of a frontal face, or how narrow the eyes are for the height of the face. small: pixels between the eyes in the
    picture.
    """
    sharp, mean, contrast = _tones(face.crop, template)
    found = [
        Sign("blurred", sharp < _SHARP, sharp, _SHARP, f"sharpness {sharp:.3f}; below {_SHARP} it is blurred"),
        Sign(
            "dark or pale",
            not _MEAN[0] <= mean <= _MEAN[1] or contrast < _CONTRAST,
            mean,
            _MEAN[0] if mean < sum(_MEAN) / 2 else _MEAN[1],
            f"mean grey {mean:.0f} of 255 with a spread of {contrast:.0f}",
        ),
    ]
    if face.landmarks is not None:
        turn, narrow, eyes = _pose(face.landmarks)
        found.append(
            Sign(
                "turned",
                turn > _TURN or narrow < _NARROW,
                turn,
                _TURN,
                f"the nose is {turn:.2f} eye distances off the middle, above {_TURN} is turned; the eyes are {narrow:.2f} "
                f"as far apart as from the mouth, below {_NARROW} is turned",
            )
        )
        text = f"{eyes:.0f} pixels between the eyes; below {_EYES:.0f} is small"
        found.append(Sign("small", eyes < _EYES, eyes, _EYES, text))
        text = f"{face.faces} faces found; the largest central one is taken"
        found.append(Sign("several faces", face.faces > 1, face.faces, 1, text))
    return tuple(sorted(found, key=lambda sign: SIGNS.index(sign.name)))


def _tones(crop: Crops, template: Template) -> tuple[float, float, float]:
    matrix = similarity_transform(template.kept_points, ARCFACE.points)
    same = crop.shape[:2] == ARCFACE.size and np.allclose(matrix, np.eye(2, 3), atol=1e-3)
    moved = crop if same else cv2.warpAffine(crop, matrix, ARCFACE.size[::-1], flags=cv2.INTER_AREA)
    grey = cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY).astype(np.float32)
    face = face_regions(ARCFACE.size, ARCFACE)["contour"] == 0
    fine = (grey - cv2.GaussianBlur(grey, (0, 0), 1.0))[face]
    spread = float(grey[face].std())
    return float(fine.std()) / max(spread, 1e-6), float(grey[face].mean()), spread


def _pose(landmarks: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float, float]:
    """Offset of the nose, eyes' distance over that from the mouth, and eyes' distance in pixels."""
    matrix = similarity_transform(landmarks, ARCFACE.points)
    q = landmarks @ matrix[:, :2].T + matrix[:, 2]
    unit = float(np.linalg.norm(ARCFACE.points[1] - ARCFACE.points[0]))
    turn = abs(float(q[2, 0] - q[[0, 1, 3, 4], 0].mean())) / unit
    eyes = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    down = float(np.linalg.norm(landmarks[3:].mean(0) - landmarks[:2].mean(0)))
    return turn, eyes / max(down, 1e-6), eyes
