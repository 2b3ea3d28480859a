"""A number with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics import open_end
from ...results import fields


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval over people."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64], people: int | None = None) -> Estimate:
        """From (1 + R,): the value of all people, then those of R resamples of people (percentile interval).

        The interval reaches to the value at least. NaN in a resample is left out. `people`: of a rate, how many were
        drawn, for `open_end`.

        >>> Estimate.of(np.array([40.0, *range(81)]))
        Estimate(value=40.0, low=2.0, high=78.0)
        """
        low, high = np.nanquantile(values[1:], [0.025, 0.975]).tolist()
        value = float(values[0])
        ends = min(low, value), max(high, value)
        return cls(value, *(ends if people is None else open_end(value, ends, people)))

    def to_dict(self) -> dict[str, float]:
        """Its part of a document."""
        return fields(self, "value", "low", "high")
