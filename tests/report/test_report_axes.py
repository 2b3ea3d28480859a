"""Numbers on axes: apart from one another, written as counts and decimals, on every chart, wide and narrow."""

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.report import Band, Curve, Dot, Figure, Report, curves, interval_dots, line_panels, lines_with_bands
from facespace.report._encodings import log_ticks
from facespace.report._render import narrow, to_svg

SIZES = [25, 50, 100, 200, 400]  # of leaked pairs: their axis said "90100"


def labels(svg):
    """The axes' labels with their boxes, in letters of Helvetica's widths: [(axis, text, left, right)]."""
    found = []

    def walk(element, x, axis):
        moved = re.match(r"translate\((-?[\d.]+)", element.get("transform", ""))
        x += float(moved[1]) if moved else 0.0
        axis = id(element) if "role-axis-label" in element.get("class", "") else axis
        if element.tag.endswith("}text") and axis and element.text:
            wide = 12 * sum(0.28 if letter in ".,:" else 0.556 for letter in element.text)
            left = x - {"middle": wide / 2, "end": wide}.get(element.get("text-anchor", ""), 0)
            found.append((axis, element.text, left, left + wide))
        for inner in element:
            walk(inner, x, axis)

    walk(ET.fromstring(svg), 0.0, None)
    return found


def across(svg):
    """The labels of the first horizontal axis, whose texts stand at different places."""
    for _, group in itertools.groupby(labels(svg), key=lambda label: label[0]):
        texts = list(group)
        if len({round(left + right) for _, _, left, right in texts}) == len(texts):
            return texts
    raise AssertionError("no horizontal axis")


def bands(x, y=None, **options):
    y = np.linspace(1, 90, len(x)) if y is None else np.asarray(y, dtype=float)
    return lines_with_bands([Band("a", x, y, y * 0.9, y * 1.1)], x_title="pairs", y_title="right", **options)


@pytest.mark.parametrize("x", [SIZES, [200, 500, 1499], [10, 13_000], [10, 1e6], [0.01, 0.1], [0.5, 20], [8, 37], [1, 2e9]])
@pytest.mark.parametrize("small", [False, True])
def test_labels_of_a_logarithmic_axis_stand_apart_and_are_several(x, small):
    chart = bands(x, log_x=True)
    shown = across(to_svg(narrow(chart) if small else chart))
    assert 3 <= len(shown) <= 12
    assert all(a[3] + 5 < b[2] for a, b in itertools.pairwise(shown))


def test_counts_are_written_as_counts_and_large_ones_as_tables_write_them():
    def told(x):
        return [text for _, text, *_ in across(to_svg(bands(x, log_x=True)))]

    assert told(SIZES) == ["50", "100", "200"]
    assert told([1, 100]) == ["1", "2", "5", "10", "20", "50", "100"]
    assert told([10, 1e6]) == ["10", "100", "1,000", "10,000", "100,000", "1,000,000"]
    assert told([1000, 1e9]) == ["1,000", "10,000", "100,000", "1e6", "1e7", "1e8", "1e9"]
    assert told([200, 1499]) == ["200", "400", "600", "800", "1,000", "1,200", "1,400"]


def test_percent_on_a_logarithmic_axis_have_the_digits_they_need_and_rates_are_powers():
    svg = to_svg(bands(SIZES, [1e-3, 1e-2, 0.1, 1, 9], log_x=True, log_y=True))
    assert [text for _, text, *_ in labels(svg)][3:] == ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3"]
    rates = to_svg(curves([Curve("", [1e-4, 1.0], [0.5, 1.0])], x_range=(1e-4, 1.0)))
    assert [text for _, text, *_ in across(rates)] == ["1e-4", "1e-3", "1e-2", "1e-1", "1"]


@given(st.floats(-5, 8), st.floats(0.05, 12), st.sampled_from([270, 300, 620]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_ticks_lie_within_rise_and_stand_apart(low, decades, length, upright):
    domain = 10**low, 10 ** (low + decades)
    ticks = log_ticks(domain, length, upright=upright)
    assert all(domain[0] * (1 - 1e-5) <= tick <= domain[1] * (1 + 1e-5) for tick in ticks)
    gaps = np.diff(np.log10(ticks)) * length / decades
    assert (gaps > (25 if upright else 15)).all()
    assert ticks or decades < 0.35


def test_a_level_beyond_the_lines_has_its_place_on_the_axis():
    svg = to_svg(bands(SIZES, [1e-3, 1e-2, 0.1, 1, 1], log_x=True, log_y=True, level=("asked for", 10.0)))
    height = float(re.search(r'height="([\d.]+)"', svg)[1])
    top = [float(y) for y in re.findall(r'class="mark-rule[^>]*>.*?translate\([\d.]+,(-?[\d.]+)\)', svg)]
    assert top
    assert min(top) >= 0
    assert height < 450  # the line stood above the legend


def test_a_phone_gets_a_chart_of_its_own_with_letters_as_large(tmp_path):
    dots = interval_dots([Dot("a longer label", "", 1, 0, 2), Dot("b", "", 3, 2, 4)], x_title="points")
    small = narrow(dots)
    assert small["width"] < 300
    panels = line_panels([Curve(n, [0, 50, 100], [1, 2, 3], n) for n in "abcd"], x_title="hidden, %", y_title="right, %")
    assert narrow(panels)["columns"] == 1
    assert narrow({**dots.to_dict(), "usermeta": {"narrow": False}}) is None
    report = Report("r")
    report.add(Figure("dots", dots))
    report.write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.count('class="narrow"') == page.count('class="wide"') == 1
    for svg in (to_svg(small), to_svg(narrow(panels))):
        assert float(re.search(r'width="([\d.]+)"', svg)[1]) < 400
        assert 'font-size="12px"' in svg
