"""Numbers in words, alike everywhere in the report."""

from __future__ import annotations

import math

from ..protection_audit import HalfPoint, OwnAccuracy
from .result import Attacker


def rate(value: float | None, low: float | None, high: float | None) -> str:
    """A rate with its interval.

    >>> rate(0.9361, 0.92, 0.951)
    '93.6 % (95 %: 92.0 to 95.1)'
    """
    one, two, three = (100 * (n or 0.0) for n in (value, low, high))
    return f"{one:.1f} % (95 %: {two:.1f} to {three:.1f})"


def ratio(value: float, low: float, high: float) -> str:
    """A number between 0 and 1 with its interval.

    >>> ratio(0.0581, 0.04, 0.08)
    '0.058 (95 %: 0.040 to 0.080)'
    """
    return f"{value:.3f} (95 %: {low:.3f} to {high:.3f})"


def named(one: Attacker) -> str:
    """What an attacker names, of how many."""
    return f"{rate(one.rank1, one.low, one.high)} of {one.probes:,} templates"


def points_lost(row: OwnAccuracy) -> str:
    """Accuracy lost in points, with its interval; a zero has no sign."""
    value, low, high = (round(100 * n, 2) + 0.0 for n in (row.accuracy_lost, row.lost_low, row.lost_high))
    return f"{value:.2f} points (95 %: {low:.2f} to {high:.2f})"


def pairs_to_half(half: HalfPoint) -> str:
    """Pairs to half, with their interval."""
    low, high = (f"{n:.0f}" if math.isfinite(n) else "more than tested" for n in (half.low, half.high))
    return f"{half.leaked:.0f} (95 %: {low} to {high})"


def count(number: int, one: str, many: str = "") -> str:
    """A number of things.

    >>> count(1, "file"), count(1200, "person", "people")
    ('1 file', '1,200 people')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
