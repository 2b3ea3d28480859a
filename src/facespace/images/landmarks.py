"""Landmark files: five points an image, from a csv with a header or the lists that insightface and IJB use."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, shorten
from ..io import existing_file, read_text
from .find import HEIF, SUFFIXES

CSV_COLUMNS = tuple(
    f"{point}_{axis}" for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for axis in "xy"
)


def read_landmarks(path: str | Path) -> dict[str, NDArray[np.float64]]:
    """Landmarks by image id: (5, 2) pixels, x then y, in the order left eye, right eye, nose, left and right mouth corner.

    Left and right are as seen in the image. Read are a csv with the header `id,left_eye_x,left_eye_y,…,mouth_right_y`, and
    lines `name x1 y1 … x5 y5` with an optional score, separated by spaces, tabs or commas; where a line has tabs or commas,
    its name may hold spaces. An image extension is cut off the name, which so becomes the id.

    Raises FileFormatError naming the file and line.
    """
    path = existing_file(path, "landmarks")
    lines = read_text(path, "a list of landmarks").splitlines()
    if not any(line.strip() for line in lines):
        raise FileFormatError(f"{path} holds no landmarks")
    header = re.match(r'"?id"?\s*([,;\t])', lines[0], re.IGNORECASE)
    try:
        names, values = _read_csv(path, lines, header[1]) if header else _read_list(path, lines)
    except csv.Error as error:
        raise FileFormatError(f"{path} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    table = np.array(values, dtype=np.float64).reshape(-1, 5, 2)
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all((1, 2)))[0])
        raise FileFormatError(f"{path}: landmarks of {names[row]!r} are not finite numbers")
    landmarks = dict(zip(names, table, strict=True))
    if len(landmarks) < len(names):
        seen: set[str] = set()
        twice = [n for n in names if n in seen or seen.add(n)]  # type: ignore[func-returns-value]
        raise FileFormatError(f"{path}: landmarks given twice for {shorten(twice)}", "Keep one line per image.")
    return landmarks


def _read_csv(path: Path, lines: list[str], delimiter: str) -> tuple[list[str], list[list[float]]]:
    lines[0] = lines[0].lower()
    reader = csv.DictReader(lines, delimiter=delimiter)
    missing = [name for name in ("id", *CSV_COLUMNS) if name not in (reader.fieldnames or ())]
    if missing:
        raise FileFormatError(
            f"{path} has no column {missing[0]!r}; its columns are {shorten(list(reader.fieldnames or ()), 12)}",
            f"Needed: id,{','.join(CSV_COLUMNS)}.",
        )
    names, values = [], []
    for row in reader:
        names.append(_id(row["id"] or ""))
        values.append(_numbers(path, reader.line_num, [row[name] for name in CSV_COLUMNS]))
    return names, values


def _read_list(path: Path, lines: list[str]) -> tuple[list[str], list[list[float]]]:
    names, values = [], []
    for number, line in enumerate(lines, 1):
        name, tab, rest = line.strip().partition("\t")  # where there are tabs, a name may hold spaces
        fields = [name.strip(), *rest.replace(",", " ").split()] if tab else line.replace(",", " ").split()
        if line.count(",") > 9 and not tab:
            fields = [field.strip() for field in line.split(",")]
        if not fields:
            continue
        if len(fields) not in (11, 12):
            raise FileFormatError(
                f"{path}, line {number}: {len(fields)} fields, but a name, ten coordinates and perhaps a score are needed",
                "Or give a csv with the header id,left_eye_x,left_eye_y,… .",
            )
        names.append(_id(fields[0]))
        values.append(_numbers(path, number, fields[1:11]))
    return names, values


def _id(name: str) -> str:
    path = PurePosixPath(unicodedata.normalize("NFC", name.strip()).replace("\\", "/"))
    return str(path.with_suffix("") if path.suffix.lower() in (*SUFFIXES, *HEIF) else path)


def _numbers(path: Path, line: int, fields: Sequence[str | None]) -> list[float]:
    try:
        return [float(field) for field in fields]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise FileFormatError(f"{path}, line {line}: not ten numbers: {shorten(fields, 12)}") from None
