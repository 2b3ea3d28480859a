"""Margin areas and Shapley values written out: one level, one order, after the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence


def area(levels: Sequence[float], margins: Sequence[float]) -> float:
    """Trapezia under the margins, less the last margin, over the first less the last."""
    total = 0.0
    for i in range(1, len(levels)):
        total += (levels[i] - levels[i - 1]) * (margins[i] + margins[i - 1]) / 2
    return (total - margins[-1]) / (margins[0] - margins[-1])


def curve(
    parts: Sequence[float], order: Sequence[int], levels: Sequence[float], same: bool, threshold: float
) -> list[float]:
    """Margins of a face whose score is the sum of its parts' worth, when parts go in this order."""
    margins = []
    for level in levels:
        hidden = set(order[: round(level * len(order))])
        score = sum(worth for i, worth in enumerate(parts) if i not in hidden)
        margins.append((score - threshold) * (1 if same else -1))
    return margins


def shapley(worth: Callable[[frozenset[int]], float], parts: int) -> list[float]:
    """The mean, over all orders in which the parts may come, of what each adds when it comes."""
    values = [0.0] * parts
    for order in itertools.permutations(range(parts)):
        shown: frozenset[int] = frozenset()
        for part in order:
            more = shown | {part}
            values[part] += worth(more) - worth(shown)
            shown = more
    return [v / math.factorial(parts) for v in values]
