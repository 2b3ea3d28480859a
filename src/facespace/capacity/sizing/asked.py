"""N* with its interval, at the rates that are asked for and at others, of so many draws of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .curve import ENDS, Answer
from .evidence import Genuine, Impostors
from .model import Model, draw, estimate
from .result import Estimated, Target
from .shape import Shape, tail_shape
from .tail import Doubles

_LEAST_PEOPLE = 30
_FNIRS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked for: rates, draws of `whole` people, the same for all networks; `network` numbers these."""

    fpir: float
    fnir: float
    resamples: int
    whole: int
    seed: int
    network: int = 0

    def of(self, found: Impostors, genuine: Genuine) -> Answer:
        """N* of this evidence, with τ_β and FMR there."""
        shape, draws = self._draws(found, genuine, "both")
        model = estimate(found, genuine, shape.value)
        at = model.threshold(self.fnir)
        taus = np.array([one.threshold(self.fnir) for one in draws])
        fmrs = np.array([float(one.tail.fmr(tau)) for one, tau in zip(draws, taus, strict=True)])
        sizes = np.array([one.size(self.fpir, tau) for one, tau in zip(draws, taus, strict=True)])
        people, far = spread(model.size(self.fpir, at), sizes), spread(float(model.tail.fmr(at)), fmrs)
        return Answer(model, draws, shape, people, spread(at, taus), far, sizes, fmrs)

    def logs(self, found: Impostors, genuine: Genuine, of: str) -> Doubles:
        """(resamples,) log N* where only one of both errors is drawn: `of` "genuine" or "impostors" scores."""
        return np.log([one.size(self.fpir, one.threshold(self.fnir)) for one in self._draws(found, genuine, of)[1]])

    def targets(self, answer: Answer, own: int) -> tuple[Target, ...]:
        """N* at FNIR that rest on one of the `own` people with pairs at least, for FPIR, a tenth and ten times of it."""
        found = []
        for fnir in sorted({*_FNIRS, self.fnir}):
            if fnir * own < 1:
                continue
            tau = answer.model.threshold(fnir)
            taus = [one.threshold(fnir) for one in answer.draws]
            for fpir in (self.fpir / 10, self.fpir, 10 * self.fpir):
                if fpir < 1:
                    sizes = np.array([one.size(fpir, t) for one, t in zip(answer.draws, taus, strict=True)])
                    found.append(Target(fpir, fnir, spread(answer.model.size(fpir, tau), sizes), tau))
        return tuple(found)

    def _draws(self, found: Impostors, genuine: Genuine, of: str) -> tuple[Shape, list[Model]]:
        rng = np.random.default_rng([self.seed, 8])
        weights = [rng.exponential(size=self.whole) for _ in range(self.resamples)]
        shape = tail_shape(found, weights, np.random.default_rng([self.seed, 9, self.network]))
        shapes = np.full(self.resamples, shape.value) if of == "genuine" else shape.draws
        return shape, [draw(found, genuine, w, float(x), of) for w, x in zip(weights, shapes, strict=True)]


def spread(value: float, draws: Doubles) -> Estimated:
    """The value with the percentiles of its draws."""
    low, high = np.percentile(draws, ENDS).tolist()
    return Estimated(value, min(low, value), max(high, value))


def ratio(one: Answer, two: Answer) -> tuple[Estimated, float]:
    """N* of the one over N* of the other, on the same draws, and the share of these in which the one's is the larger."""
    ratios = one.sizes / two.sizes
    return spread(one.people.value / two.people.value, ratios), float(np.mean(ratios > 1))


def enough(people: int, own: int, fnir: float) -> None:
    """InputError where so few people, `own` of them with pairs, tell nothing."""
    if people < _LEAST_PEOPLE:
        few = "1 person is" if people == 1 else f"{people} people are"
        raise InputError(f"{few} too few to say how large a gallery may be", f"Give at least {_LEAST_PEOPLE}, better 500.")
    if fnir * own < 1:
        who = "person" if own == 1 else "people"
        raise InputError(
            f"a FNIR of {fnir:g} of {own:,} {who} with two different images is less than one person",
            f"Ask for {1 / own if own else 1:.2g} or more, or give two images of more people."
            if own
            else "Give two images or more of some people.",
        )
