"""A matrix with labelled rows and columns and one or more layers of values, such as methods × measures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, shorten
from ._format import number

Key = tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """What the numbers of a layer are.

    `better` is the direction of good values: it chooses the hue, blue where much is good and orange where much is bad.
    `low` and `high` are the ends of the colour scale; by default they come from the data, outliers left out.
    """

    label: str
    unit: str = ""
    decimals: int = 1
    better: Literal["high", "low"] = "high"
    low: float | None = None
    high: float | None = None

    @property
    def heading(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def format(self) -> str:
        """The Python format of a value."""
        return f".{self.decimals}f"


class Matrix:
    """Values by row and column, in layers the reader switches between.

    `layers` maps a key to a (rows, columns) array, NaN where there is no value. The last part of a key names one of
    `measures`, the parts before it are whatever else is switched, one per name in `selectors`. Every combination must
    be there. The first layer is the one shown first, and the one in figures/ and the terminal.
    `details` maps a key without its measure to a text per cell, whose lines are shown in the cell's tooltip.
    """

    kind: ClassVar[str] = "matrix"

    def __init__(
        self,
        name: str,
        rows: Sequence[str],
        columns: Sequence[str],
        layers: Mapping[Key, Any],
        measures: Mapping[str, Measure],
        *,
        title: str = "",
        caption: str = "",
        row_title: str = "",
        column_title: str = "",
        selectors: Sequence[str] = (),
        details: Mapping[Key, Sequence[Sequence[str]]] | None = None,
    ) -> None:
        self.name, self.title, self.caption = name, title, caption
        self.rows, self.columns = list(rows), list(columns)
        self.row_title, self.column_title = row_title, column_title
        self.selectors = [*selectors, "Measure"]
        self.layers = {key: np.asarray(values, dtype=np.float64) for key, values in layers.items()}
        self.measures = dict(measures)
        self.details = dict(details or {})
        self._check()
        self.options = [list(dict.fromkeys(key[i] for key in self.layers)) for i in range(len(self.selectors))]
        absent = [" / ".join(key) for key in itertools.product(*self.options) if key not in self.layers]
        if absent:
            raise InputError(f"matrix {name!r} lacks layers: {shorten(absent)}", "Give every combination; NaN is no value.")
        self.first: Key = next(iter(self.layers))
        self.scales = {measure: self._scale(measure) for measure in self.options[-1]}

    def _check(self) -> None:
        shape = (len(self.rows), len(self.columns))
        if not (self.layers and self.rows and self.columns):
            raise InputError(f"matrix {self.name!r} is empty", "Give at least one row, one column and one layer.")
        for key, values in self.layers.items():
            if len(key) != len(self.selectors):
                raise InputError(
                    f"layer {key} of matrix {self.name!r} does not have one part for each of {', '.join(self.selectors)}",
                    "The last part is the measure, those before it follow `selectors`.",
                )
            if key[-1] not in self.measures:
                raise InputError(f"layer {key} names no measure", f"Measures: {shorten(list(self.measures))}.")
            if values.shape != shape:
                raise InputError(
                    f"layer {key} has shape {values.shape}, but there are {shape[0]} rows and {shape[1]} columns",
                    "Rows come first.",
                )
        for key, texts in self.details.items():
            if len(texts) != shape[0] or any(len(row) != shape[1] for row in texts):
                raise InputError(f"the details {key} are not one text for each of {shape[0]} × {shape[1]} cells", "")

    def _scale(self, measure: str) -> tuple[float, float]:
        """The ends of the colour scale: all layers of a measure share them, so that switching keeps colours true."""
        given = self.measures[measure]
        values = np.concatenate([v.ravel() for key, v in self.layers.items() if key[-1] == measure])
        low, high = spread(values)
        return (low if given.low is None else given.low, high if given.high is None else given.high)

    def measure(self, key: Key) -> Measure:
        """What the numbers of layer `key` are."""
        return self.measures[key[-1]]

    def heading(self, key: Key) -> str:
        """What layer `key` shows, in one line."""
        return " · ".join([*key[:-1], self.measure(key).heading])

    def intensity(self, key: Key) -> NDArray[np.float64]:
        """Where each value lies between the ends of the colour scale, from 0 to 1; NaN where there is none."""
        low, high = self.scales[key[-1]]
        return np.clip((self.layers[key] - low) / ((high - low) or 1.0), 0.0, 1.0)

    def text(self, key: Key, row: int, column: int) -> str:
        """A value as it is shown."""
        return number(float(self.layers[key][row, column]), self.measure(key).format)

    def payload(self) -> dict[str, Any]:
        """All layers for the page's script. Options are named by their index, values rounded beyond what is shown."""
        measures = {
            name: {"label": m.label, "unit": m.unit, "decimals": m.decimals, "better": m.better, "scale": self.scales[name]}
            for name, m in ((name, self.measures[name]) for name in self.options[-1])
        }
        return {
            "rows": self.rows,
            "columns": self.columns,
            "options": self.options,
            "measures": measures,
            "layers": {self._index(key): _plain(v, self.measure(key).decimals + 2) for key, v in self.layers.items()},
            "details": {self._index(key): [list(row) for row in texts] for key, texts in self.details.items()},
        }

    def _index(self, key: Key) -> str:
        return ",".join(str(options.index(part)) for options, part in zip(self.options, key, strict=False))


def spread(values: NDArray[np.float64]) -> tuple[float, float]:
    """The least and largest of `values` within two scaled median absolute deviations of the median.

    One control far away from everything else so can't flatten the colours of the rest.

    >>> spread(np.array([98.0, 98.5, 99.0, 99.5, 50.0]))
    (98.0, 99.5)
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    distance = np.abs(values - np.median(values))
    reach = 2 * 1.4826 * np.median(distance)
    inside = values[distance <= reach] if reach > 0 else values
    return float(inside.min()), float(inside.max())


def _plain(values: NDArray[np.float64], decimals: int) -> list[list[float | None]]:
    return [[round(v, decimals) if np.isfinite(v) else None for v in row] for row in values.tolist()]
