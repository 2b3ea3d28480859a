"""Faces found once, for every network: a Parquet file with a row a face."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError
from ..io import existing_file, guarded, write_tables
from .faces import Faces
from .landmarks import CSV_COLUMNS, read_landmarks

_BOX = ("left", "top", "right", "bottom")
_TEXTS, _WHOLE = ("id", "file", "reason", "detail"), ("width", "height", "faces", "face", "degrees")
COLUMNS = (*_TEXTS[:2], *_WHOLE, *_BOX, "score", *CSV_COLUMNS, *_TEXTS[2:])


@dataclass(frozen=True, eq=False)
class ImageFaces:
    """What is known of the faces in one image.

    Attributes:
        faces: those found, the one that is meant first. From a list of landmarks alone boxes and scores are NaN.
        degrees: clockwise turn (0, 90, 180, 270) by which they would stand upright.
        shape: (height, width) of the image, (0, 0) where that isn't known.
        reason, detail: why there is none.
    """

    faces: Faces
    degrees: int = 0
    shape: tuple[int, int] = (0, 0)
    reason: str = ""
    detail: str = ""


def no_faces(reason: str, detail: str = "", shape: tuple[int, int] = (0, 0)) -> ImageFaces:
    """An image without a face, and why."""
    return ImageFaces(Faces(np.zeros((0, 4)), np.zeros((0, 5, 2)), np.zeros(0)), 0, shape, reason, detail)


def write_faces(path: Path, found: Iterable[tuple[str, str, ImageFaces]], facts: Mapping[str, Any]) -> None:
    """Write (id, file, faces) of images to .parquet: a row a face, one without a face for images that have none.

    `face` counts from 1 in the order of `ImageFaces`; `facts` say how they were found.
    """
    import pyarrow as pa

    rows: list[tuple[Any, ...]] = []
    for name, file, one in found:
        head = name, file, one.shape[1], one.shape[0], len(one.faces)
        for i in range(len(one.faces)):
            numbers = *one.faces.boxes[i], one.faces.scores[i], *one.faces.landmarks[i].ravel()
            rows.append((*head, i + 1, one.degrees, *map(float, numbers), None, None))
        if not len(one.faces):
            rows.append((*head, 0, 0, *[None] * 15, one.reason, one.detail))
    kinds = [pa.string() if c in _TEXTS else pa.int32() if c in _WHOLE else pa.float32() for c in COLUMNS]
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    table = pa.table({c: pa.array(v, k) for c, v, k in zip(COLUMNS, columns, kinds, strict=True)})
    write_tables(path, [table.replace_schema_metadata({"facespace-faces": json.dumps(facts)})])


def read_faces(path: str | Path) -> tuple[dict[str, ImageFaces], dict[str, Any]]:
    """Faces by image id, and how they were found: of `write_faces`, or the landmarks of `read_landmarks`, a face an image.

    Raises FileFormatError.
    """
    path = existing_file(path, "landmarks")
    if path.suffix.lower() != ".parquet":
        points = read_landmarks(path)
        unknown = np.full((1, 4), np.nan), np.full(1, np.nan)
        return {name: ImageFaces(Faces(unknown[0], one[None], unknown[1])) for name, one in points.items()}, {}
    import pyarrow.parquet as pq

    table = guarded(path, "Parquet", lambda: pq.read_table(path))
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise FileFormatError(
            f"{path} has no column {missing[0]!r}, so it is no table of faces", "facespace detect writes one; or give a csv."
        )
    facts = guarded(path, "table of faces", lambda: json.loads((table.schema.metadata or {}).get(b"facespace-faces", b"{}")))
    numbers = np.stack([_numbers(path, table, name) for name in (*_BOX, "score", *CSV_COLUMNS)], axis=1)
    whole = {name: _numbers(path, table, name).astype(np.int64) for name in _WHOLE}
    texts = {name: [value or "" for value in table.column(name).to_pylist()] for name in _TEXTS}
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(texts["id"]):
        rows.setdefault(name, []).append(row)
    found = {}
    for name, mine in rows.items():
        first, there = mine[0], [row for row in mine if whole["face"][row] > 0]
        if [whole["face"][row] for row in there] != list(range(1, len(there) + 1)):
            raise FileFormatError(f"{path}: the faces of {name!r} are not 1, 2, … in order", "Sort it by id and face.")
        if not np.isfinite(numbers[there]).all():
            raise FileFormatError(f"{path}: landmarks of {name!r} are not finite numbers")
        shape, marks = (int(whole["height"][first]), int(whole["width"][first])), numbers[there, 5:].reshape(-1, 5, 2)
        faces = Faces(numbers[there, :4], marks, numbers[there, 4])
        found[name] = ImageFaces(
            faces, int(whole["degrees"][first]), shape, texts["reason"][first], texts["detail"][first]
        )  # fmt: skip
    return found, facts if isinstance(facts, dict) else {}


def _numbers(path: Path, table: Any, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    values: Sequence[Any] = table.column(name).to_pylist()
    try:
        return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        raise FileFormatError(f"{path}: column {name!r} holds what is no number") from None
