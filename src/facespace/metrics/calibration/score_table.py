"""A network's genuine and impostor scores on people of a reference, as counts in bins, and the ratio of any score by them.

People count alike, whatever their number of images: a genuine pair of a person with k pairs weighs 1/k, and the pairs of
images of two people with n and m images weigh 1/(nm). The ratio is that of isotonic regression with Laplace's rule
(`pav_ratios`); its interval is a bootstrap over groups of people, in which the pair of Laplace's rule is drawn too, from an
exponential distribution: the posterior of a rate of which nothing was seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError, InputError
from ...results import fields
from .cllr import cllr, pav_ratios
from .ratio import LikelihoodRatio

Doubles = NDArray[np.float64]

BINS, DRAWS = 200, 1000
_FEW = 5.0
SHIPPED = Path(__file__).parents[2] / "data" / "scores"


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Weights of scores in `BINS` equal bins over −1 … 1, by groups of people.

    Attributes:
        genuine: (g, bins), people with two images or more. impostor: (g, g, bins), pairs of people, at [i, j ≥ i].
    """

    genuine: Doubles
    impostor: Doubles

    @classmethod
    def of(
        cls, vectors: NDArray[np.floating], people: NDArray[np.intp], kin: NDArray[np.intp], groups: int = 100, seed: int = 0
    ) -> PairCounts:
        """The counts of all pairs of (n, d) unit vectors; `people` (n,) are codes from 0.

        `kin` (n,): codes that are the same for people who are no impostors of each other, such as relatives, and people
        whom a set lists under two names.
        """
        number = int(people.max()) + 1
        images = np.bincount(people, minlength=number)
        of_person = np.random.default_rng(seed).permutation(number) % groups
        order = np.argsort(of_person[people], kind="stable")
        v, person, family = vectors[order].astype(np.float32), people[order], kin[order]
        ends = np.searchsorted(of_person[person], np.arange(groups + 1))
        parts = [slice(a, b) for a, b in pairwise(ends)]
        pairs = images * (images - 1) / 2
        genuine, impostor = np.zeros((groups, BINS)), np.zeros((groups, groups, BINS))
        for i, rows in enumerate(parts):
            for j in range(i, groups):
                columns = parts[j]
                bins = _bin(v[rows] @ v[columns].T)
                weight = 1 / np.outer(images[person[rows]], images[person[columns]])
                weight *= family[rows, None] != family[None, columns]
                if i == j:
                    weight = np.triu(weight, 1)
                    same = np.triu(person[rows, None] == person[None, columns], 1)
                    own = (1 / np.maximum(pairs, 1))[person[rows]][:, None] * same
                    genuine[i] = np.bincount(bins.ravel(), own.ravel(), BINS)
                impostor[i, j] = np.bincount(bins.ravel(), weight.ravel(), BINS)
        return cls(genuine, impostor)

    def within(self, groups: slice) -> PairCounts:
        """Of these groups alone."""
        return PairCounts(self.genuine[groups], self.impostor[groups, groups])

    def totals(self, weights: Doubles | None = None) -> tuple[Doubles, Doubles]:
        """(bins,) genuine and impostor weights, with each group as often as `weights` (g,) says."""
        w = np.ones(len(self.genuine)) if weights is None else weights
        return w @ self.genuine, np.einsum("i,j,ijb->b", w, w, self.impostor, optimize=True)


@dataclass(frozen=True)
class HeldOut:
    """Ratios by one half of the people, judged on the other, the mean of both ways: `cllr`, its least, the loss between."""

    cllr: float
    cllr_min: float

    @property
    def loss(self) -> float:
        """What calibration loses, in bits."""
        return self.cllr - self.cllr_min


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """A network's scores on a reference, and what they are worth.

    Attributes:
        network: name. sha256: of its weights' first file. reference: whose images, in words.
        people, genuine_people: how many, and how many of them have two images or more.
        genuine, impostor: (bins,) weights: people, and pairs of people.
        log10_ratio, log10_low, log10_high: (bins,) the ratio and its 95 % interval.
        held_out: how well ratios made in this way fit other people's scores.
        kin: scores of pairs of relatives (twins, siblings), the mean of each pair's images; they are in no count above.
    """

    network: str
    sha256: str
    reference: str
    people: int
    genuine_people: int
    genuine: Doubles
    impostor: Doubles
    log10_ratio: Doubles
    log10_low: Doubles
    log10_high: Doubles
    held_out: HeldOut
    kin: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls,
        counts: PairCounts,
        *,
        network: str,
        sha256: str,
        reference: str,
        people: int,
        kin: Sequence[float] = (),
        seed: int = 0,
    ) -> ScoreTable:
        """The table of a network's counts."""
        g, i = counts.totals()
        rng, drawn = np.random.default_rng(seed), []
        groups = len(counts.genuine)
        for _ in range(DRAWS):
            w = np.bincount(rng.integers(0, groups, groups), minlength=groups).astype(np.float64)
            drawn.append(np.log10(pav_ratios(*counts.totals(w), pseudo=tuple(rng.exponential(size=2)))))
        low, high = np.quantile(np.array(drawn), (0.025, 0.975), axis=0)
        ratio = np.log10(pav_ratios(g, i, pseudo=(1, 1)))
        above, below = _bare(g, i)
        low[above] = np.log10(_at_least(g, i)[above])
        high[below] = -np.log10(_at_least(i[::-1], g[::-1])[::-1][below])
        # Ratios rise: a lower limit at a score is one at higher scores.
        low[above] = np.maximum.accumulate(low)[above]
        high[below] = np.minimum.accumulate(high[::-1])[::-1][below]
        # Nor do the ends go beyond what the numbers of people and of pairs support.
        low, high = np.maximum(low, -np.log10(g.sum())), np.minimum(high, np.log10(i.sum()))
        low, high = np.minimum(low, ratio), np.maximum(high, ratio)
        half = groups // 2
        ways = [(slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))]
        judged = [_judged(counts.within(fit), counts.within(test)) for fit, test in ways]
        held = HeldOut(*np.mean(judged, axis=0).tolist())
        many = round(g.sum())
        return cls(network, sha256, reference, people, many, g, i, ratio, low, high, held, tuple(kin))

    @property
    def edges(self) -> Doubles:
        """(bins + 1,) where bins begin and end."""
        return np.linspace(-1, 1, len(self.genuine) + 1)

    @property
    def highest_impostor(self) -> float:
        """The upper edge of the highest bin that two people's pair fell in."""
        return float(self.edges[np.flatnonzero(self.impostor)[-1] + 1])

    @property
    def lowest_genuine(self) -> float:
        """The lower edge of the lowest bin that one person's pair fell in."""
        return float(self.edges[np.flatnonzero(self.genuine)[0]])

    def ratio(self, score: float) -> LikelihoodRatio:
        """The likelihood ratio of a score. Raises InputError for NaN.

        Where fewer than five pairs of two people score as high it is "at least" what their number supports, and where fewer
        than five people's own pairs score as low "at most": as ratios rise with the score, that of a score is no less than
        the mean ratio of any range that ends at it, and such a mean has the Poisson limit of its count. Nothing in the
        reference tells how much further it goes.
        """
        if not np.isfinite(score):
            raise InputError(f"a score of {score} has no likelihood ratio")
        at = int(_bin(np.array(score)))
        value, low, high = (float(10 ** each[at]) for each in (self.log10_ratio, self.log10_low, self.log10_high))
        above, below = _bare(self.genuine, self.impostor)
        if above[at] and below[at]:  # between both kinds, where neither is: nothing is known
            return LikelihoodRatio(value, low, high)
        if above[at]:
            return LikelihoodRatio(low, low, None, "at least")
        if below[at]:
            return LikelihoodRatio(high, None, high, "at most")
        return LikelihoodRatio(value, low, high)

    def false_match_rate(self, score: float) -> float:
        """Share of the pairs of two people in bins at and above a score's: no less than the share that scores as high."""
        return float(self.impostor[int(_bin(np.array(score))) :].sum() / self.impostor.sum())

    def threshold(self, rate: float) -> float:
        """The lowest edge of a bin that at most this share of the pairs of two people is above."""
        shares = np.append(np.cumsum(self.impostor[::-1])[::-1] / self.impostor.sum(), 0.0)
        return float(self.edges[np.flatnonzero(shares <= rate)[0]])

    def to_dict(self) -> dict[str, Any]:
        """The file: bins without weight at both ends are left out, numbers are rounded to four digits."""
        used = np.flatnonzero(self.genuine + self.impostor)
        part = slice(int(used[0]), int(used[-1]) + 1)
        columns = {
            name: [float(f"{v:.4g}") for v in getattr(self, name)[part].tolist()]
            for name in ("genuine", "impostor", "log10_ratio", "log10_low", "log10_high")
        }
        held = {"cllr": round(self.held_out.cllr, 5), "cllr_min": round(self.held_out.cllr_min, 5)}
        about = fields(self, "network", "sha256", "reference", "people", "genuine_people")
        kin = [round(k, 4) for k in self.kin]
        return {**about, "bins": BINS, "first_bin": part.start, "held_out": held, "kin": kin, **columns}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> ScoreTable:
        """What `to_dict` gave. Raises KeyError, TypeError or ValueError where it is none."""
        first, bins = int(given["first_bin"]), int(given["bins"])

        def column(name: str, fill: str) -> Doubles:
            values = np.array(given[name], dtype=np.float64)
            return np.pad(values, (first, bins - first - len(values)), mode=fill)  # type: ignore[call-overload, no-any-return]

        genuine, impostor = (column(name, "constant") for name in ("genuine", "impostor"))
        ratio, low, high = (column(name, "edge") for name in ("log10_ratio", "log10_low", "log10_high"))
        held = HeldOut(given["held_out"]["cllr"], given["held_out"]["cllr_min"])
        return cls(
            **{name: given[name] for name in ("network", "sha256", "reference", "people", "genuine_people")},
            genuine=genuine,
            impostor=impostor,
            log10_ratio=ratio,
            log10_low=low,
            log10_high=high,
            held_out=held,
            kin=tuple(given["kin"]),
        )


@lru_cache
def shipped_table(network: str, sha256: str | None = None) -> ScoreTable | None:
    """The table that ships for a network; None where there is none, or where it was made with other weights.

    >>> shipped_table("no-such-network") is None
    True
    """
    path = SHIPPED / f"{network}.json"
    if not path.is_file():
        return None
    try:
        table = ScoreTable.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path} is no table of scores: {error}", "Install facespace anew.") from None
    return None if sha256 and table.sha256 != sha256 else table


def _bare(g: Doubles, i: Doubles) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(bins,) where too few pairs of two people lie at and above a bin, and too few people's own at and below it."""
    return np.cumsum(i[::-1])[::-1] < _FEW, np.cumsum(g) < _FEW


def _at_least(g: Doubles, i: Doubles) -> Doubles:
    """(bins,) the largest of the lower limits (97.5 %) of the mean ratio of ranges that end at each bin."""
    from scipy.stats import chi2

    sums = [np.concatenate([[0.0], np.cumsum(each)]) for each in (g, i)]
    found = np.zeros(len(g))
    for b in range(len(g)):
        inside = [s[b + 1] - s[: b + 1] for s in sums]  # from each bin to this one
        most = chi2.ppf(0.975, 2 * (np.maximum(inside[1], 0) + 1)) / 2
        found[b] = (inside[0] / g.sum() / (most / i.sum())).max()
    return np.maximum(found, 1e-12)


def _judged(fitted: PairCounts, judged: PairCounts) -> tuple[float, float]:
    g, i = judged.totals()
    return cllr(pav_ratios(*fitted.totals(), pseudo=(1, 1)), g, i), cllr(pav_ratios(g, i), g, i)


def _bin(scores: NDArray[Any]) -> NDArray[np.intp]:
    return np.clip(((scores + 1) * (BINS / 2)).astype(np.intp), 0, BINS - 1)
