"""Charts for a dozen things to compare: nothing is lost, nothing is cut off, and names keep their looks."""

from __future__ import annotations

import re

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.report import Curve, Dot, interval_dots, line_panels
from facespace.report._render import to_svg

NAMES = [f"method number {i}" for i in range(12)]
DOTS = [Dot(n, kind, 90 - i - drop, 89 - i - drop, 91 - i - drop) for i, n in enumerate(NAMES) for kind, drop in
        (("one", 0), ("other", 9))]  # fmt: skip


def _curves(kinds=("method", "control")):
    x = np.linspace(0, 100, 11)
    return [Curve(kinds[i % 2], x, 90 - 0.1 * x - i, f"{name}\nAUC {80 - i}") for i, name in enumerate(NAMES)]


def _texts(svg):
    return re.findall(r">([^<>]+)</t(?:ext|span)>", svg)


def test_every_row_has_its_name_and_its_values_in_order():
    texts = _texts(to_svg(interval_dots(DOTS, x_title="AUC, %")))
    assert [t for t in texts if t.startswith("method number")] == NAMES
    assert {f"{d.value:.2f}" for d in DOTS} <= set(texts)
    assert {"one", "other", "AUC, %"} <= set(texts)


def test_long_names_of_rows_have_room_left_of_the_plot():
    name = "reconstruction of the paper, turned round"
    svg = to_svg(interval_dots([Dot(name, "", 1, 0, 2)], x_title="x", width=300))
    width = float(re.search(r'width="([\d.]+)"', svg)[1])
    assert width > 300 + 7 * len(name)


def test_one_series_needs_no_legend():
    texts = _texts(to_svg(interval_dots([Dot("a", "", 1, 0, 2), Dot("b", "", 3, 2, 4)], x_title="x")))
    assert "undefined" not in texts
    assert {"a", "b", "1.00", "3.00"} <= set(texts)


def test_every_curve_has_its_panel_with_all_others_behind_it():
    chart = line_panels(_curves(), x_title="hidden, %", y_title="accuracy, %").to_dict()
    data = chart["data"]
    values = data["values"] if "values" in data else chart["datasets"][data["name"]]
    for curve in _curves():
        rows = [row for row in values if row["panel"] == curve.panel]
        own = [row["y"] for row in rows if "series" in row]
        np.testing.assert_allclose(own, curve.y)
        assert len({row["behind"] for row in rows if "behind" in row}) == 11
    svg = to_svg(line_panels(_curves(), x_title="hidden, %", y_title="accuracy, %"))
    texts = _texts(svg)
    assert [t for t in texts if t.startswith("method number")] == NAMES
    assert "100" in texts  # not 1e+2


def test_names_keep_their_colours_whichever_comes_first():
    def colours(kinds):
        chart = line_panels(_curves(kinds), x_title="x", y_title="y", legend=("method", "control"))
        scale = chart.to_dict()["spec"]["layer"][1]["encoding"]["color"]["scale"]
        return dict(zip(scale["domain"], scale["range"], strict=True))

    assert colours(("method", "control")) == colours(("control", "method"))


def test_one_curve_stands_alone():
    assert "method number 0" in " ".join(_texts(to_svg(line_panels(_curves()[:1], x_title="x", y_title="y"))))


def test_what_can_not_be_drawn_is_refused():
    with pytest.raises(InputError, match="panel of its own"):
        line_panels([*_curves(), _curves()[0]], x_title="x", y_title="y")
    with pytest.raises(InputError, match="panel of its own"):
        line_panels([], x_title="x", y_title="y")
    with pytest.raises(InputError, match="no values"):
        interval_dots([], x_title="x")
