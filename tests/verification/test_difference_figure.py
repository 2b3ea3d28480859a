"""The figure of a comparison draws what can be drawn, and names the rest."""

from __future__ import annotations

import numpy as np

from facespace.metrics import compare_scores
from facespace.verification import compare_report


def test_differences_are_drawn_and_wide_ones_are_named():
    rng = np.random.default_rng(0)
    same = np.arange(4000) % 2 == 0
    first, second = (rng.normal(size=4000) + shift * same for shift in (2.0, 2.2))
    result = compare_scores(first, second, same, None, [0.1, 1e-4])
    figure = next(part for part in compare_report(result).sections if part.kind == "figure")
    wide = [row.far for row in result.tar if row.high - row.low >= 0.5]
    assert ("Too wide to draw" in figure.caption) == bool(wide)
    assert all(f"TAR at FAR {far:g}" in figure.caption for far in wide)
    assert f"{100 * result.tar[0].difference:+.2f}" in figure.description
