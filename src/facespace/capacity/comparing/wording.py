"""The sentences that a comparison begins with."""

from __future__ import annotations

from ..wording import listed, people, percent
from .result import CapacityComparison


def order_answer(found: CapacityComparison) -> str:
    """Which network's gallery may be the larger, and how sure the order is."""
    first, second = found.networks[0], found.networks[1]
    pair = next(p for p in found.pairs if (p.model, p.other) == (first.model, second.model))
    sizes = "; ".join(f"{one.model} {people(one.people.value)}" for one in found.networks)
    low, high = (f"{x:.2g}" if x < 100 else people(x) for x in (pair.ratio.low, pair.ratio.high))
    sure = f"{100 * found.order_support:.0f} % of the draws of people have this order"
    told = "more than" if pair.ratio.low > 1 else "not surely more than"
    return (
        f"The gallery may hold, at FPIR {percent(found.fpir)} and FNIR {percent(found.fnir)}: {sizes} people; {sure}. By "
        f"{first.model} it holds {told} by {second.model}: {pair.ratio.value:.2g} times as many (95 %: {low} to {high})."
    )


def contradicted_bounds(found: CapacityComparison) -> str:
    """What to say where galleries of the set's own people hold more than the paper's bound allows, or nothing."""
    if not found.contradicted:
        return ""
    return (
        f"The paper's bound by the person whose images differ most, at m = {found.dim}, is contradicted by this set for "
        f"{listed(found.contradicted)}: its own people fit into larger galleries. There it is no bound, and compares only."
    )
