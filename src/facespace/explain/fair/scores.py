"""What a fair test gives: one number a pair for each method, its mean with an interval, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...metrics import open_end
from ...results import fields
from ...shown import Result

Doubles = NDArray[np.float64]
#: Of each test, whether more is better.
HIGHER = {
    "insertion": True,
    "deletion": False,
    "gain": True,
    "wrong partner": True,
    "planted": True,
    "randomised": False,
    "agreement": False,
    "shifted": True,
}
#: Ends of what one pair's value may be, where it has ends.
_ENDS = {"planted": (0.0, 1.0), "randomised": (-1.0, 1.0), "agreement": (-1.0, 1.0), "shifted": (-1.0, 1.0)}
DRAWS = 2000


@dataclass(frozen=True)
class FairDifference:
    """A method's mean less another's on the pairs that both have, with the paired 95 % interval."""

    other: str
    pairs: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class FairScore:
    """One method in one test.

    Attributes:
        test: one of HIGHER. variant: which pairs and fill, or what was planted. method: its name.
        pairs: how many count. left_out: pairs whose hiding moves the score too little to be normalised by.
        mean, low, high: over the pairs, with the 95 % interval (bootstrap over pairs, a person each).
        higher_is_better: the direction.
        differences: to the controls and to the method that all are compared with.
    """

    test: str
    variant: str
    method: str
    pairs: int
    left_out: int
    mean: float
    low: float
    high: float
    higher_is_better: bool
    differences: tuple[FairDifference, ...] = ()

    def beats(self, other: str) -> bool | None:
        """Is it better than `other`, with an interval that excludes zero? None where they were not compared."""
        for d in self.differences:
            if d.other == other:
                return d.low > 0 if self.higher_is_better else d.high < 0
        return None


@dataclass(frozen=True)
class FairCost:
    """What one map took: the mean of forward passes (a backward one counts two) and seconds, over `faces`."""

    method: str
    faces: int
    passes: float
    seconds: float


@dataclass(frozen=True, repr=False)
class FairTestResult(Result):
    """All methods in all tests, on one network.

    Attributes:
        network: its name. genuine, impostor: how many pairs.
        scores: by test, variant and method. costs: of each method. notes: what was left out, and why.
    """

    reported_by: ClassVar[str] = "explain.fair_report"

    network: str
    genuine: int
    impostor: int
    scores: tuple[FairScore, ...]
    costs: tuple[FairCost, ...]
    notes: tuple[str, ...]
    signature: str

    def score(self, test: str, variant: str, method: str) -> FairScore | None:
        """One of `scores`, None where the method was not tested so."""
        found = [s for s in self.scores if (s.test, s.variant, s.method) == (test, variant, method)]
        return found[0] if found else None

    def brief(self) -> str:
        """The headline in a line."""
        return f"{self.network}: {len(self.costs)} methods, {self.genuine} genuine and {self.impostor} impostor pairs"

    def to_dict(self) -> dict[str, Any]:
        """The document: all fields."""
        return fields(self, "signature", "network", "genuine", "impostor", "scores", "costs", "notes")


def summarise(
    values: Mapping[tuple[str, str, str], Doubles], compare_with: Sequence[str], seed: int = 0
) -> tuple[FairScore, ...]:
    """Means, intervals and paired differences.

    Args:
        values: by (test, variant, method), one value a pair, NaN where it was not or could not be measured; row i of all
            arrays of one test and variant is the same pair.
        compare_with: methods whose differences to every other are wanted.

    >>> rows = {("planted", "window", name): np.arange(4) / 4 + up for name, up in (("map", 0.5), ("centre", 0))}
    >>> one, _ = summarise(rows, ["centre"])
    >>> one.mean, one.differences[0].difference, one.beats("centre")
    (0.875, 0.5, True)
    """
    rows = []
    for (test, variant, method), found in values.items():
        seen = ~np.isnan(found)
        if not seen.any():
            continue
        differences = []
        for other in compare_with:
            if other != method and (reference := values.get((test, variant, other))) is not None:
                n = min(len(found), len(reference))
                both = (found[:n] - reference[:n])[seen[:n] & ~np.isnan(reference[:n])]
                if len(both):
                    differences.append(FairDifference(other, len(both), *_mean_and_interval(both, seed)))
        rows.append(
            FairScore(
                test,
                variant,
                method,
                int(seen.sum()),
                int((~seen).sum()),
                *_mean_and_interval(found[seen], seed, _ENDS.get(test)),
                HIGHER[test],
                tuple(differences),
            )
        )
    return tuple(rows)


def _mean_and_interval(values: Doubles, seed: int, scale: tuple[float, float] | None = None) -> tuple[float, float, float]:
    drawn = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(1), (0.025, 0.975)).tolist()
    if scale is not None:
        low, high = open_end(float(values.mean()), (low, high), len(values), least=scale[0], most=scale[1])
    return float(values.mean()), low, high
