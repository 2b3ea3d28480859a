"""How numbers of people are said, and the sentences that a report begins with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .result import CapacityResult
from .sizing import Estimated, GallerySize

_MANKIND = 1e10
CLASS = {
    "max": "the person whose images differ most",
    "median": "the median person",
    "mean": "the person of mean volume",
    "min": "the person whose images differ least",
}


def people(number: float) -> str:
    """A number of people: whole below a million, then in powers of ten."""
    if not np.isfinite(number):
        return "inf"
    if number < 10:
        return f"{number:.1f}"
    return f"{number:,.0f}" if number < 1e6 else f"{number:.1e}".replace("e+0", "e").replace("e+", "e")


def percent(share: float) -> str:
    """A share in percent, without superfluous zeros."""
    return f"{100 * share:.10g} %"


def estimated(number: Estimated) -> str:
    """A number of people with its interval."""
    high = people(number.high) if number.high < _MANKIND else "more than there are"
    return f"{people(number.value)} people (95 %: {people(number.low)} to {high})"


def answer(result: CapacityResult) -> str:
    """The first line: how many people the gallery may hold, and whether the paper's bound is one."""
    parts = [size_answer(result.gallery_size)] if result.gallery_size is not None else []
    parts.append(contradiction(result))
    return " ".join(filter(None, parts)) or bound_answer(result)


def size_answer(size: GallerySize) -> str:
    """N* in a sentence or two."""
    found = (
        f"The gallery may hold {estimated(size.people)}, if {percent(size.fpir)} of the strangers may be taken for somebody "
        f"in it and {percent(size.fnir)} of the searches for a person in it may fail."
    )
    if size.measured is not None:
        return f"{found} Counted with this set's own people it is {estimated(size.measured).replace(' people', '', 1)}."
    if size.extrapolated:
        return f"{found} That is extrapolated: the set has {size.counts['people']:,} people."
    return found


def precision(size: GallerySize) -> str:
    """What the interval comes from, and what would halve it."""
    c = size.counts
    said = (
        f"{100 * size.genuine_part:.0f} % of the variance of the logarithm comes from the {c['genuine_pairs']:,} genuine "
        f"pairs of {c['genuine_people']:,} people, who place the threshold; the rest from the {c['people']:,} people whose "
        "images are compared with each other. Four times as many of both halve the interval (on a logarithmic scale); "
    )
    if c["halving_people"]:
        more = c["halving_pairs"] - c["genuine_pairs"]
        return f"{said}so do {more:,} more genuine pairs alone, with {c['halving_people']:,} people in all."
    return f"{said}more genuine pairs alone do not."


def contradiction(result: CapacityResult) -> str:
    """What to say where the set itself holds more people than the paper's bound allows, or nothing."""
    if not result.contradicted or result.check is None:
        return ""
    point = result.point
    held = f"{int(result.check.limit):,}" if result.check.limit else f"more than {int(result.check.sizes[-1]):,}"
    return (
        f"The paper's bound of {people(point.capacity)} people at q = {percent(point.q)} is contradicted by this set: at "
        f"that false reject rate half of the strangers are falsely identified among {held} people, not before."
    )


def bound_answer(result: CapacityResult) -> str:
    """The paper's bound in one or two sentences."""
    point = result.point
    others = [p for p in result.points if (p.q, p.shape) == (point.q, point.shape)]
    least, most = min(p.capacity for p in others), max(p.capacity for p in others)
    return (
        f"By the paper's bound: At most {people(point.capacity)} people (95 %: {people(point.low)} to "
        f"{people(point.high)}) at q = {percent(point.q)}, if everybody's images scattered like those of "
        f"{CLASS[point.person_class]}. Depending on the person taken as the measure it is {people(least)} to "
        f"{people(most)}: the choice matters more than the interval. "
        f"It grows steeply with m ({result.dim} here), so it compares networks at one m, and sizes no gallery."
    )


def span(number: Estimated) -> str:
    """A number of people with its interval, short."""
    high = people(number.high) if number.high < _MANKIND else "∞"
    return f"{people(number.value)} ({people(number.low)}–{high})"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
