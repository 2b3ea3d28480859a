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
    bands = [
        _band(SHARED, middles, [found.kappa for found in result.bins]),
        _band(f"reliability, {one}", middles, [found.a for found in result.bins]),
        _band(f"reliability, {two}", middles, [found.b for found in result.bins]),
    ]
    return Figure(
        "agreement",
        lines_with_bands(
            [band for band in bands if len(band.x)],  # type: ignore[arg-type]
            x_title="Direction of the joint map, best agreement first (logarithmic)",
            y_title="Correlation, different images of one person",
            log_x=True,
            level=("one and the same identity:", 1.0),
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
