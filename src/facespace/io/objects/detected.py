"""What face programs give of an image: DeepFace's `represent` (a list of dicts), InsightFace's `get` (a list of Faces)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import GuessWarning, InputError, shorten, unknown_name
from ..column_names import Fields
from ..vectors import vectors_of_lists

FACES = ("all", "best")
_VECTORS, _SCORES = ("embedding", "normed_embedding"), ("face_confidence", "det_score")


def fields_of_faces(found: Any, ids: Sequence[str] | None, faces: str) -> Fields:
    """The set of the faces found in images, with their detector's score as quality where all have one.

    Args:
        found: by image id what the program gave of that image; or in the order of `ids`. Of an image one face or a list.
        ids: of the images, where `found` doesn't name them.
        faces: "all" (the second face of `couple` is `couple#2`), or "best": the one with the greatest score.

    Images without a face are counted by a GuessWarning.

    >>> one = {"embedding": [0.6, 0.8], "face_confidence": 0.9}
    >>> fields_of_faces({"a": [one], "b": [one, one]}, None, "all")["ids"]
    ['a', 'b', 'b#2']
    """
    if faces not in FACES:
        raise unknown_name("choice of faces", faces, FACES)
    if isinstance(found, Mapping) and ids is None and not _is_face(found):
        ids, given = [str(name) for name in found], list(found.values())
    elif ids is None:
        raise InputError(
            "these faces have no ids", "Give {id: faces of the image, …}, or ids=[…], one an image, such as ann/1."
        )
    else:
        ids, given = list(ids), [found] if _is_face(found) else list(found)
    if len(given) != len(ids):
        raise InputError(f"{len(given):,} images with faces but {len(ids):,} ids", "Give one id an image.")
    names: list[str] = []
    chosen: list[Any] = []
    none: list[str] = []
    for name, image in zip(ids, given, strict=True):
        here = [image] if _is_face(image) else list(image if image is not None else ())
        if odd := [face for face in here if not _is_face(face)]:
            raise InputError(
                f"what was found in {name} is no face: {type(odd[0]).__name__} without an embedding",
                "Needed are the dicts of DeepFace.represent, or the Faces of insightface's FaceAnalysis.get.",
            )
        if faces == "best" and len(here) > 1:
            here = [max(here, key=_score)]
        none += [name] * (not here)
        names += [name if number == 1 else f"{name}#{number}" for number in range(1, len(here) + 1)]
        chosen += here
    if none:
        warnings.warn(f"{len(none):,} images without a face were left out: {shorten(none)}", GuessWarning, stacklevel=4)
    if not chosen:
        raise InputError(f"no face was found in {len(ids):,} images, and a set needs one")
    vectors = vectors_of_lists([np.ravel(_of(face, _VECTORS)) for face in chosen], "the faces")  # type: ignore[misc]
    scores = [_of(face, _SCORES) for face in chosen]
    known = {} if any(score is None for score in scores) else {"quality": scores}
    return {"vectors": vectors, "ids": names, **known}


def _score(face: Any) -> float:
    """How sure its detector is, 0 where that isn't told."""
    found = _of(face, _SCORES)
    return float(found) if isinstance(found, int | float | np.number) else 0.0


def _of(face: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = face.get(name) if isinstance(face, Mapping) else getattr(face, name, None)
        if value is not None:
            return value
    return None


def _is_face(value: Any) -> bool:
    return not isinstance(value, list | tuple | np.ndarray) and _of(value, _VECTORS) is not None
