"""Where the faces of a picture are: in pictures of any size, lying on their side, and in small faces of large photos.

A detector sees a picture shrunk, so a small face has its landmarks off by pixels that the crop then magnifies: each such
face is looked at again in a cut-out of the picture as it is. And landmarks depend on where and how large a face is in what
the detector sees, by a hundredth of the face's size and more, enough for a cosine of 0.95 between two cut-outs of one photo:
faces are last looked at in one size and place, which the landmarks themselves tell, whatever picture they are in. Where the
detector isn't sure, the picture may lie on its side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ._scrfd import suppress
from .align import ARCFACE, Points, similarity_transform
from .detect import LONG_SIDE, Detector
from .faces import Faces
from .read import Image

TILE, OVERLAP = 1280, 256  # of larger pictures; a face that no overlap holds was seen in the shrunk picture
SMALL = 80  # pixels of a face below which landmarks are off by parts of a pixel that count
FINE = 120  # pixels of a face as the detector saw it: landmarks of larger ones are as good as those of the picture itself
FACE = 100  # pixels that a face is high in the crop of ArcFace's template
AROUND = 2.2  # a cut-out's side, in sides of the face's box: about what LFW's pictures show
SEEN = 24  # pixels that a face needs in the searched picture to be found at all
STEADY = 240  # pixels of a face (by its landmarks) up to which it is looked at again in one size and place
_SAME = 0.3  # overlap (IoU) from which on two boxes are one face
_PART = 0.6  # of a face's area in a larger one from which on it is a part of that
_LYING = 0.1  # taken off the score of a face whose landmarks lie on their side: the picture isn't upright


@dataclass(frozen=True)
class FaceSearch:
    """How a picture is searched.

    Attributes:
        size: the long side in pixels that larger pictures are shrunk to at first.
        min_face: the side in pixels of the smallest face wanted, beside larger ones too; None: pictures in which no face is
            found are searched down to their own size, others are not.
        turn: whether pictures are also looked at lying on either side and upside down, where the detector is not sure.
    """

    size: int = LONG_SIDE
    min_face: int | None = None
    turn: bool = True


@dataclass(frozen=True, eq=False)
class FoundFaces:
    """`faces` in pixels of the picture as it is; `degrees` clockwise (0, 90, 180, 270) by which they'd stand upright."""

    faces: Faces
    degrees: int = 0


def look_for_faces(detector: Detector, image: Image, how: FaceSearch | None = None) -> FoundFaces:
    """The faces of a picture that may lie on its side.

    It is shrunk to `how.size`, with a border where nothing is found (detectors miss faces that fill a picture). Small
    faces are looked at again at the picture's own size; one that the detector isn't sure of, and that is not there then, is
    none. Without a sure face the other three orientations are tried, and the one with the surest face is taken, if it is
    surer by `detector.better`; a face whose landmarks lie on their side counts less. Where none has any, larger pictures are
    searched in overlapping tiles at twice the size and so on, up to their own. Last, each face is looked at in one
    size, unless the detector is steady.
    """
    how = how or FaceSearch()
    sure = detector.sure
    small, ratio = shrunk(image, how.size), max(1.0, max(image.shape[:2]) / how.size)
    best, turns = _upright(detector, image, small, how, ratio), 0
    if how.turn and _surest(best) < detector.upright:
        for quarter in (1, 2, 3) if _surest(best) < sure else (2,):
            other = _upright(detector, np.rot90(image, quarter), np.rot90(small, quarter), how, ratio)
            if _surest(other) > _surest(best) + detector.better * (turns == 0):
                best, turns = other, quarter
    size = how.size
    while not len(best) and size < max(image.shape[:2]):
        size *= 2
        small, ratio = shrunk(image, size), max(1.0, max(image.shape[:2]) / size)
        for quarter in range(4 if how.turn else 1):
            found = _in_tiles(detector, np.rot90(small, quarter))
            found = _closer(detector, np.rot90(image, quarter), _scaled(found, ratio), ratio)
            if _surest(found) > _surest(best) + detector.better * (quarter > 0):
                best, turns = found, quarter
            if _surest(best) >= sure:
                break
    if not detector.steady:
        best = _steady(detector, np.rot90(image, turns), best)
    return FoundFaces(_back(best, turns, image.shape[1], image.shape[0]), (360 - 90 * turns) % 360)


def find_faces(detector: Detector, image: Image, size: int = LONG_SIDE) -> Faces:
    """The faces of an upright picture, as the detector sees them: without a second look, in pixels of the picture.

    The picture is shrunk to `size` pixels on its long side, and searched as by `look_for_faces` where nothing is found.
    """
    small = shrunk(image, size)
    faces = _whole(detector, small)
    while not len(faces) and size < max(image.shape[:2]):
        size *= 2
        small = shrunk(image, size)
        faces = _in_tiles(detector, small)
    return _moved(faces, (0, 0), (image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]))


def _surest(faces: Faces) -> float:
    """The score of the face that speaks most for the picture's being upright."""
    eyes, mouth = faces.landmarks[:, :2].mean(1), faces.landmarks[:, 3:].mean(1)
    across, down = np.abs(mouth[:, 0] - eyes[:, 0]), mouth[:, 1] - eyes[:, 1]
    return float((faces.scores - _LYING * (across > down)).max(initial=0.0))


def _upright(detector: Detector, image: Image, small: Image, how: FaceSearch, ratio: float) -> Faces:
    """Faces in `image` by a look at it as `small`, `ratio` times smaller, and where small faces are wanted in tiles."""
    faces = _scaled(_whole(detector, np.ascontiguousarray(small)), ratio)
    faces = _closer(detector, image, faces, ratio)
    level = how.size
    while how.min_face is not None and how.min_face < SEEN * ratio:
        level *= 2
        ratio = max(1.0, max(image.shape[:2]) / level)
        more = _closer(detector, image, _scaled(_in_tiles(detector, shrunk(image, level)), ratio), ratio)
        faces = _together([faces, _outside(more, faces)])
        if ratio == 1.0:
            break
    if how.min_face is None:
        return faces
    return faces.take(np.flatnonzero(_sides(faces) >= how.min_face))


def _whole(detector: Detector, small: Image) -> Faces:
    faces = detector(small)
    if not len(faces):
        top, left = small.shape[0] // 2, small.shape[1] // 2
        framed = cv2.copyMakeBorder(small, top, top, left, left, cv2.BORDER_CONSTANT)
        faces = _moved(detector(np.asarray(framed, dtype=np.uint8)), (-left, -top))
    return faces


def _closer(detector: Detector, image: Image, faces: Faces, ratio: float) -> Faces:
    """The faces that were seen in fewer than FINE pixels, by a look at the image itself around them; in a picture that was
    not shrunk those of fewer than SMALL."""
    if not len(faces):
        return faces
    boxes, landmarks, scores = faces.boxes.copy(), faces.landmarks.copy(), faces.scores.copy()
    kept = np.ones(len(faces), dtype=np.bool_)
    sides = _sides(faces)
    for i in np.flatnonzero(sides < (FINE * ratio if ratio > 1.0 else SMALL)):
        x, y = boxes[i].reshape(2, 2).mean(0)
        half = AROUND / 2 * sides[i]
        left, top = max(0, int(x - half)), max(0, int(y - half))
        cut = image[top : int(y + half) + 1, left : int(x + half) + 1]
        seen = shrunk(np.ascontiguousarray(cut), LONG_SIDE)
        if (more := FINE / sides[i]) > 1.0:
            seen = np.asarray(cv2.resize(seen, None, fx=more, fy=more, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        scale = cut.shape[1] / seen.shape[1], cut.shape[0] / seen.shape[0]
        found = _moved(_moved(_both_ways(detector, seen), (0, 0), scale), (left, top))
        overlap = _overlaps(boxes[i], found.boxes)
        if len(found) and overlap.max() >= _SAME:
            j = int(overlap.argmax())
            boxes[i], landmarks[i], scores[i] = found.boxes[j], found.landmarks[j], found.scores[j]
        else:
            kept[i] = ratio <= 1.0 or scores[i] >= detector.sure
    return _together([Faces(boxes, landmarks, scores).take(np.flatnonzero(kept))])


def _both_ways(detector: Detector, cut: Image) -> Faces:
    """The faces of a cut-out, their landmarks the mean of those in it and in its mirror image: the errors differ."""
    faces = _whole(detector, cut)
    mirrored = detector(np.ascontiguousarray(cut[:, ::-1]))
    if not len(faces) or not len(mirrored):
        return faces
    last = cut.shape[1] - 1
    boxes = np.stack(
        [last - mirrored.boxes[:, 2], mirrored.boxes[:, 1], last - mirrored.boxes[:, 0], mirrored.boxes[:, 3]], 1
    )
    points = mirrored.landmarks[:, [1, 0, 2, 4, 3]] * [-1.0, 1.0] + [float(last), 0.0]
    landmarks = faces.landmarks.copy()
    for i in range(len(faces)):
        overlap = _overlaps(faces.boxes[i], boxes)
        if overlap.max() >= 2 * _SAME:
            landmarks[i] = (landmarks[i] + points[int(overlap.argmax())]) / 2
    return Faces(faces.boxes, landmarks, faces.scores)


def _steady(detector: Detector, image: Image, faces: Faces) -> Faces:
    """The faces with the landmarks that they have in a cut-out in which the face is FINE pixels high, and in the middle.

    Small pictures and large photos so show the detector the same, and it says the same. A face that is not seen there, or is
    larger than STEADY, keeps its landmarks.
    """
    if not len(faces):
        return faces
    image = np.ascontiguousarray(image)
    return Faces(faces.boxes, np.stack([_settled(detector, image, points) for points in faces.landmarks]), faces.scores)


def _settled(detector: Detector, image: Image, points: Points) -> Points:
    if not np.ptp(points, axis=0).any():
        return points
    scale = FINE / FACE * float(np.hypot(*similarity_transform(points, ARCFACE.points)[:, 0]))
    if scale < FINE / STEADY:
        return points
    side = round(AROUND * FINE)
    shift = side / 2 - scale * points.mean(0)
    cut = cv2.warpAffine(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (side, side))
    found = _both_ways(detector, np.asarray(cut, dtype=np.uint8))
    away = np.linalg.norm(found.landmarks.mean(1) - side / 2, axis=1)
    if not len(found) or away.min() > FINE / 3:
        return points
    return np.asarray((found.landmarks[int(away.argmin())] - shift) / scale)


def _together(parts: list[Faces]) -> Faces:
    """The faces of all parts; one that several show counts once."""
    boxes, landmarks, scores = (np.concatenate([getattr(p, k) for p in parts]) for k in ("boxes", "landmarks", "scores"))
    kept = suppress(boxes, scores, 0.4) if len(scores) else np.empty(0, dtype=np.intp)
    return Faces(boxes[kept], landmarks[kept], scores[kept])


def _outside(faces: Faces, others: Faces) -> Faces:
    """The faces that are no part of a larger one among the others, as a tile's border cuts it."""
    if not len(faces) or not len(others):
        return faces
    corners, sizes = faces.boxes[:, None], (faces.boxes[:, 2:] - faces.boxes[:, :2]).prod(axis=1)
    low, high = np.maximum(corners[..., :2], others.boxes[:, :2]), np.minimum(corners[..., 2:], others.boxes[:, 2:])
    inside = np.maximum(high - low, 0).prod(axis=2) > _PART * sizes[:, None]
    larger = (others.boxes[:, 2:] - others.boxes[:, :2]).prod(axis=1) > 1.5 * sizes[:, None]
    return faces.take(np.flatnonzero(~(inside & larger).any(axis=1)))


def _sides(faces: Faces) -> NDArray[np.float64]:
    """(n,) the longer side of each box."""
    return np.asarray((faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1, initial=0.0), dtype=np.float64)


def _overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) intersection over union of a box (4,) with others (n, 4)."""
    sides = np.maximum(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0)
    both = sides.prod(axis=1)
    return np.asarray(both / ((box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - both))


def shrunk(image: Image, long_side: int) -> Image:
    """The picture with at most `long_side` pixels on its long side, each the mean of those it stands for."""
    shrink = long_side / max(image.shape[:2])
    if shrink >= 1:
        return image
    size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _scaled(faces: Faces, ratio: float) -> Faces:
    return _moved(faces, (0, 0), (ratio, ratio))


def _moved(faces: Faces, shift: tuple[int, int], scale: tuple[float, float] = (1.0, 1.0)) -> Faces:
    boxes = (faces.boxes.reshape(-1, 2, 2) + shift) * np.array(scale)
    return Faces(boxes.reshape(-1, 4), (faces.landmarks + shift) * np.array(scale), faces.scores)


def _back(faces: Faces, turns: int, width: int, height: int) -> Faces:
    """Faces of a picture turned by so many quarters against the clock, in the picture of width × height as it was."""
    corners, landmarks = faces.boxes.reshape(-1, 2, 2), faces.landmarks
    for turn in range(turns, 0, -1):
        before = width if turn % 2 else height  # the width of the picture that this quarter turned
        corners, landmarks = (
            np.stack([before - 1 - points[..., 1], points[..., 0]], axis=-1) for points in (corners, landmarks)
        )
    return Faces(np.concatenate([corners.min(1), corners.max(1)], axis=1), landmarks, faces.scores)


def _in_tiles(detector: Detector, image: Image) -> Faces:
    """The faces of all tiles; one that two of them show counts once."""
    corners = [(left, top) for top in _starts(image.shape[0]) for left in _starts(image.shape[1])]
    return _together(
        [
            _moved(detector(np.ascontiguousarray(image[top : top + TILE, left : left + TILE])), (left, top))
            for left, top in corners
        ]
    )


def _starts(side: int) -> list[int]:
    count = max(1, -(-(side - OVERLAP) // (TILE - OVERLAP)))
    return [int(start) for start in np.linspace(0, max(0, side - TILE), count)]
