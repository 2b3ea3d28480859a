"""Reading a TOML table field by field, with errors that name the file, the key and what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, overload

import numpy as np

from ..errors import ModelError, shorten, unknown_name
from ..images import ARCFACE, Template

_REQUIRED: Any = object()


class Table:
    """One table of a card; it may hold only the keys in `known`."""

    def __init__(self, values: dict[str, Any], where: str, known: Collection[str]) -> None:
        self._values, self.where = values, where
        for key in values:
            if key not in known:
                error = unknown_name("key", key, known)
                raise ModelError(f"{where}: {error.message}", error.hint)

    def need(self, keys: Mapping[str, str]) -> None:
        """Raise ModelError naming all of `keys` that are missing, with how they are written."""
        if missing := [key for key in keys if key not in self._values]:
            what = "the key" if len(missing) == 1 else "the keys"
            raise ModelError(
                f"{self.where}: {what} {' and '.join(', '.join(map(repr, missing)).rsplit(', ', 1))} "
                f"{'is' if len(missing) == 1 else 'are'} missing",
                f"Write {'; '.join(keys[key] for key in missing)}. `facespace models new FILE.onnx` writes a card, "
                "docs/cards.md describes one.",
            )

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def wrong(self, key: str, expected: str) -> ModelError:
        return ModelError(f"{self.where}: {key} = {self._values[key]!r}, but it must be {expected}")

    def get(self, key: str, default: Any = _REQUIRED) -> Any:
        if key not in self._values and default is _REQUIRED:
            raise ModelError(f"{self.where}: the key {key!r} is missing", f"It has: {shorten(sorted(self._values), 20)}.")
        return self._values.get(key, default)

    def text(self, key: str, default: str = _REQUIRED) -> str:
        value = self.get(key, default)
        if not isinstance(value, str) or (default is _REQUIRED and not value.strip()):
            raise self.wrong(key, "a text in quotes")
        return value

    def choice(self, key: str, among: Sequence[str], default: str = _REQUIRED) -> str:
        value = self.text(key, default)
        if value not in among:
            error = unknown_name(key, value, among)
            raise ModelError(f"{self.where}: {error.message}", error.hint)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    @overload
    def count(self, key: str) -> int: ...
    @overload
    def count(self, key: str, default: None) -> int | None: ...
    def count(self, key: str, default: Any = _REQUIRED) -> int | None:
        value = self.get(key, default)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, "a whole number of at least 1")
        return value

    def fraction(self, key: str, default: float | None) -> float | None:
        value = self.get(key, default)
        if value is not None and not (_is_number(value) and 0 <= value <= 1):
            raise self.wrong(key, "a fraction between 0 and 1")
        return None if value is None else float(value)

    def channels(self, key: str, default: float, zero: bool = True) -> tuple[float, float, float]:
        value = self.get(key, default)
        values = [value] * 3 if _is_number(value) else value
        if not (isinstance(values, list) and len(values) == 3 and all(map(_is_number, values))):
            raise self.wrong(key, "a number, or three of them, one per colour")
        if not zero and 0 in values:
            raise self.wrong(key, "different from 0, because pixels are divided by it")
        return float(values[0]), float(values[1]), float(values[2])

    def pixels(self, key: str) -> tuple[int, int] | None:
        """[height, width], None where it is not given."""
        value = self.get(key, None)
        if value is None:
            return None
        if not (_is_counts(value) and len(value) == 2):
            raise self.wrong(key, "[height, width] in pixels")
        return value[0], value[1]

    def sha256(self, key: str) -> str:
        value = self.text(key, "").lower()
        if value and not re.fullmatch(r"[0-9a-f]{64}", value):
            raise self.wrong(key, "64 hexadecimal digits (sha256sum prints them)")
        return value

    def table(self, key: str, known: Collection[str], required: bool = False) -> Table:
        value = self.get(key, _REQUIRED if required else {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"a table: [{key}]")
        return Table(value, f"{self.where} [{key}]", known)

    def tables(self, key: str, known: Collection[str]) -> list[Table]:
        value = self.get(key)
        if not (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
            raise self.wrong(key, 'a list of tables: files = [{ name = "network.onnx" }]')
        return [Table(v, f"{self.where} [{key} {i + 1}]", known) for i, v in enumerate(value)]


def template_of(given: Table) -> tuple[str, Template]:
    """The [alignment] table: a named template, or five points of one's own, with the size and the columns kept."""
    named = given.choice("template", ("arcface",), "") if "template" in given else ""
    points, size, columns = given.get("points", None), given.get("size", None), given.get("columns", None)
    if bool(named) == (points is not None):
        raise ModelError(
            f'{given.where}: give either template = "arcface" or points = [[x, y], … five of them]',
            "The order is left eye, right eye, nose, left and right corner of the mouth, as seen in the image.",
        )
    if size is None and not named:
        raise ModelError(f"{given.where}: own points need size = [height, width] in pixels")
    if size is not None and not (_is_counts(size) and len(size) == 2):
        raise given.wrong("size", "[height, width] in pixels")
    height, width = size or ARCFACE.size
    if points is not None:
        if not (isinstance(points, list) and len(points) == 5 and all(_is_point(p) for p in points)):
            raise given.wrong("points", "five points [x, y] in pixels")
        places = np.array(points, dtype=np.float64)
    else:
        if height != width:
            raise given.wrong("size", "square for the ArcFace template; cut it with columns = [8, 104]")
        places = ARCFACE.points * (height / 112)
    if columns is not None and not (_is_columns(columns, width)):
        raise given.wrong("columns", f"[first, last + 1] within the {width} columns of the crop")
    return named or "own", Template(places, (height, width), (columns[0], columns[1]) if columns else None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_point(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_columns(values: object, width: int) -> bool:
    whole = isinstance(values, list) and len(values) == 2 and all(type(v) is int for v in values)
    return whole and 0 <= values[0] < values[1] <= width  # type: ignore[index]


def _is_counts(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 1 for v in values)
