from __future__ import annotations

import itertools

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.report import bar_matrix
from facespace.report._render import to_svg
from facespace.report._theme import SERIES

ROWS, COLUMNS, BARS = ["a", "b"], ["x", "y", "z"], ["first", "second"]


def values():
    return np.linspace(0.5, 1, 12).reshape(2, 3, 2)


def drawn(chart, mark):
    """Rows of the data behind the layers with this mark."""
    spec = chart.to_dict()
    return [
        spec["datasets"][layer["data"]["name"]]
        for layer in spec["layer"]
        if layer["mark"]["type"] == mark and "data" in layer
    ]


def test_every_value_has_a_bar_as_high_as_it_is():
    array = values()
    (bars,) = drawn(bar_matrix(array, ROWS, COLUMNS, BARS, span=(0.5, 1.0)), "rect")
    assert len(bars) == array.size
    heights = {(round(b["foot"]), round(b["left"]), b["bar"]): b["foot"] - b["top"] for b in bars}
    full = max(heights.values())
    for (r, c, k), value in np.ndenumerate(array):
        assert heights[r, c, BARS[k]] == pytest.approx(full * (value - 0.5) / 0.5, abs=1e-3)
    assert all(b["left"] < b["right"] for b in bars)


def test_bars_stay_in_their_cells_and_do_not_overlap():
    (bars,) = drawn(bar_matrix(values() * 3 - 1, ROWS, COLUMNS, BARS), "rect")  # beyond both ends of the span
    for bar in bars:
        assert abs(bar["foot"] - round(bar["foot"])) < 0.5
        assert -0.5 < bar["top"] - round(bar["foot"]) <= 0.5
    for r in range(2):
        row = sorted((b["left"], b["right"]) for b in bars if round(b["foot"]) == r)
        assert all(a[1] < b[0] for a, b in itertools.pairwise(row))


def test_missing_values_have_no_bar_and_marks_lie_at_their_values():
    array, wanted = values(), np.full((2, 3, 2), np.nan)
    array[0, 1, 0] = np.nan
    wanted[1, 2] = 0.75
    chart = bar_matrix(array, ROWS, COLUMNS, BARS, marks=wanted, span=(0.5, 1.0))
    (bars,) = drawn(chart, "rect")
    assert len(bars) == 11
    marks = drawn(chart, "rule")[-1]
    assert [(round(m["foot"]), round(m["left"])) for m in marks] == [(1, 2), (1, 2)]
    assert all(m["top"] == pytest.approx(1, abs=1e-3) for m in marks)  # the middle of the cell


def test_hollow_cells_are_outlined_and_labels_and_colours_reach_the_drawing():
    hollow = [[True, False, False], [False, False, False]]
    svg = to_svg(
        bar_matrix(values(), ROWS, COLUMNS, BARS, hollow=hollow, span=(0.5, 1.0), row_title="from", column_title="to")
    )
    for text in (*ROWS, *COLUMNS, *BARS, "from ↓", "to →", "50%", "100%"):
        assert f">{text}</text>" in svg
    for colour in SERIES[:2]:
        assert svg.count(f'fill="{colour}"') == 5 + 1  # the legend's too
        assert svg.count(f'stroke="{colour}"') >= 6


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(InputError, match=r"values have shape \(2, 3, 2\), but there are 3 rows"):
        bar_matrix(values(), [*ROWS, "c"], COLUMNS, BARS)
    with pytest.raises(InputError, match="marks have shape"):
        bar_matrix(values(), ROWS, COLUMNS, BARS, marks=[1.0])
    with pytest.raises(InputError, match="hollow has shape"):
        bar_matrix(values(), ROWS, COLUMNS, BARS, hollow=[True])
    with pytest.raises(InputError, match="from 1 to 0"):
        bar_matrix(values(), ROWS, COLUMNS, BARS, span=(1, 0))
    with pytest.raises(InputError, match="7 bars"):
        bar_matrix(np.ones((1, 1, 7)), ["a"], ["b"], list("1234567"))
