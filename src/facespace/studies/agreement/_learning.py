"""How the loss of a joint map falls with people and keys, and where it leads.

Maps are fitted on nested shares of the training people, and on fewer images of all of them; each is judged on the same
pairs of people held out. A map's error beyond that of the best one is, for many keys, one over their number; images of one
person share his identity and differ in noise, so that people and keys count apart:

    loss(P, N) = a + b / P + c / N,    b, c ≥ 0        (P people, N keys, least squares weighted by P²)

What is foretold starts from the loss that was measured, and takes off what more keys would: with b and c,
loss(P′, N′) = measured − b (1/P − 1/P′) − c (1/N − 1/N′), and for endless people the floor.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ._images import Doubles, Rows, SharedImages

_LEAST_PEOPLE = 10  # that a map is fitted on


@dataclass(frozen=True)
class Design:
    """What a map is fitted on: a share of the training people, and of their images beyond the first; `draws` of such."""

    people: float
    images: float
    draws: int


DESIGNS = (
    Design(1.0, 1.0, 1), Design(0.5, 1.0, 2), Design(0.25, 1.0, 2), Design(0.125, 1.0, 2),
    Design(1.0, 0.5, 1), Design(1.0, 0.0, 1), Design(0.5, 0.0, 2),
)  # fmt: skip


def designs(images: SharedImages) -> list[Design]:
    """Those of DESIGNS that these images allow; the first has all."""
    training = images.people * 0.8
    return [design for design in DESIGNS if design.people == 1 or design.people * training >= _LEAST_PEOPLE]


def drawn_rows(images: SharedImages, fold: int, design: Design, seed: tuple[int, ...]) -> Rows:
    """Rows that a map of `fold` is fitted on: larger shares of one seed contain smaller ones."""
    rows = images.training(fold)
    if design.people == 1 and design.images == 1:
        return rows
    rng = np.random.default_rng(seed)
    rank = rng.permutation(images.people)[images.person[rows]]
    training = np.unique(rank)
    rows = rows[rank <= training[max(round(design.people * len(training)), 2) - 1]]
    shuffled = rng.permutation(rows)
    first = np.unique(images.person[shuffled], return_index=True)[1]
    others = np.setdiff1d(np.arange(len(shuffled)), first)
    return np.sort(shuffled[np.concatenate([first, others[: round(design.images * len(others))]])])


@dataclass(frozen=True, eq=False)
class Curve:
    """b and c of a + b/P + c/N, (1 + R,) each: of all people, then of the resamples."""

    b: Doubles
    c: Doubles

    @classmethod
    def fit(cls, people: Doubles, keys: Doubles, losses: Doubles) -> Curve:
        """From k sizes: (k,) people, (k,) keys, (k, 1 + R) losses. Of all choices of b and c being 0 or free, the one that
        fits best with neither below 0.

        >>> sizes = np.array([100.0, 200.0, 400.0]), np.array([150.0, 300.0, 900.0])
        >>> found = Curve.fit(*sizes, (0.01 + 2 / sizes[0] + 1 / sizes[1])[:, None])
        >>> found.b.round(6).tolist(), found.c.round(6).tolist()
        ([2.0], [1.0])
        """
        weight = people / people.max()
        columns = np.stack([np.ones(len(people)), 1 / people, 1 / keys], axis=1)
        wanted = losses * weight[:, None]
        best = np.full(losses.shape[1], np.inf)
        found = np.zeros((3, losses.shape[1]))
        for free in itertools.product((False, True), repeat=2):
            used = [0, *(1 + i for i in range(2) if free[i])]
            design = columns[:, used] * weight[:, None]
            if np.linalg.matrix_rank(design) < len(used):
                continue  # where every person has one image, people and keys are one
            fitted = np.zeros_like(found)
            fitted[used] = np.linalg.lstsq(design, wanted, rcond=None)[0]
            misfit = ((columns @ fitted * weight[:, None] - wanted) ** 2).sum(axis=0)
            better = (fitted[1:] >= 0).all(axis=0) & (misfit < best - 1e-15)
            best[better], found[:, better] = misfit[better], fitted[:, better]
        return cls(found[1], found[2])

    def after(self, measured: Doubles, now: tuple[float, float], then: tuple[float, float]) -> Doubles:
        """(1 + R,) loss with `then` (people, keys) in place of `now`, at which it was `measured`; infinity is allowed."""
        return measured - self.b * (1 / now[0] - 1 / then[0]) - self.c * (1 / now[1] - 1 / then[1])
