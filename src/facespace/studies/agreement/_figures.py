"""The agreement report's picture: what of identity both networks share, by direction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...report import Band, Figure, lines_with_bands
from .estimate import Estimate
from .result import AgreementResult

SHARED = "κ, identity shared"


def agreement_figure(result: AgreementResult) -> Figure:
    """κ and both networks' reliabilities against the direction, with bands."""
    one, two = (network.name for network in result.networks)
    middles = [math.sqrt(found.first * found.last) for found in result.bins]
    lines: dict[str, list[Estimate | None]] = {
        SHARED: [found.kappa for found in result.bins],
        f"reliability, {one}": [found.a for found in result.bins],
        f"reliability, {two}": [found.b for found in result.bins],
    }
    highest = max(found.high for line in lines.values() for found in line if found is not None)
    return Figure(
        "agreement",
        lines_with_bands(
            [_band(name, middles, line) for name, line in lines.items() if any(line)],
            x_title="Direction of the joint map, best agreement first (logarithmic)",
            y_title="Correlation, different images of one person",
            log_x=True,
            y_range=(0.0, max(1.0, highest)),
        ),
        title=f"What {one} and {two} both know of a person",
        caption=(
            f"Each point is the mean over directions ({', '.join(found.label for found in result.bins)}); bands are "
            f"95 % intervals over {result.several:,} people. Where a reliability stays high and κ falls, both networks tell "
            "people apart there, but by different things: no map brings that part across."
        ),
        description="Disattenuated correlation of identity and the reliability of either network against the direction.",
    )


def _band(name: str, middles: Sequence[float], values: Sequence[Estimate | None]) -> Band:
    shown = [(x, found) for x, found in zip(middles, values, strict=True) if found is not None]
    return Band(
        name, [x for x, _ in shown], [f.value for _, f in shown], [f.low for _, f in shown], [f.high for _, f in shown]
    )
