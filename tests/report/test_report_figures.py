import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.report import Band, Curve, curves, heatmap, histograms, lines_with_bands
from facespace.report._encodings import stairs, thin
from facespace.report._render import inline, to_svg


def rows(chart):
    (table,) = chart.to_dict()["datasets"].values()
    return table


def walk(n, seed):
    rng = np.random.default_rng(seed)
    return np.sort(rng.random(n)), np.clip(np.cumsum(rng.random(n)) / n, 0, 1)


@given(st.integers(1, 300), st.integers(0, 1000), st.integers(2, 60))
@settings(max_examples=40, deadline=None)
def test_thinning_keeps_ends_order_and_limit(n, seed, limit):
    kept = thin(*walk(n, seed), limit)
    assert kept[0] == 0
    assert kept[-1] == n - 1
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= max(limit, 2)


@given(st.integers(2, 60), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_thinning_keeps_every_visible_corner(n, seed):
    x, y = stairs(*walk(n, seed))
    kept = thin(x, y, limit=10_000, tolerance=1e-3)
    # Stairs are horizontal and vertical: between kept points, the whole line is within the tolerance of the thinned one.
    for a, b in itertools.pairwise(kept):
        dx, dy = x[b] - x[a], y[b] - y[a]
        length = np.hypot(dx, dy)
        px, py = x[a:b] - x[a], y[a:b] - y[a]
        assert (np.abs(dx * py - dy * px) <= 1e-3 * length + 1e-12).all()


def test_a_staircase_of_few_steps_is_kept_exactly():
    values = rows(curves([Curve("a", [1e-5, 1e-3, 1e-2, 1], [0.1, 0.5, 0.5, 1.0])]))
    assert [(v["x"], v["y"]) for v in values] == [(1e-4, 0.1), (1e-3, 0.1), (1e-3, 0.5), (1, 0.5), (1, 1)]


def test_long_curves_are_thinned_to_the_limit():
    x = np.linspace(0, 1, 50_000)
    values = rows(curves([Curve("a", x, np.sqrt(x)), Curve("b", x, x)], points=400))
    count = [sum(v["series"] == name for v in values) for name in "ab"]
    assert max(count) <= 400
    assert min(count) > 20


def test_without_steps_the_line_is_cut_where_it_crosses_the_edge():
    values = rows(curves([Curve("a", [1e-6, 1e-2, 1], [0.0, 0.8, 1.0])], x_range=(1e-4, 1), steps=False))
    assert [(v["x"], v["y"]) for v in values] == [(1e-4, 0.4), (1e-2, 0.8), (1, 1)]


def test_series_keep_colour_and_dash_in_every_panel():
    chart = curves([Curve(s, [1e-3, 1], [0.5, 1], p) for p in ("one", "two") for s in ("native", "mapped")]).to_dict()
    assert chart["facet"]["sort"] == ["one", "two"]
    encoding = chart["spec"]["encoding"]
    assert encoding["color"]["scale"]["domain"] == encoding["strokeDash"]["scale"]["domain"] == ["native", "mapped"]
    assert len(set(map(tuple, encoding["strokeDash"]["scale"]["range"]))) == 2


def test_histograms_share_bins_and_sum_to_one():
    rng = np.random.default_rng(0)
    data = {
        p: {"genuine": rng.normal(m, 0.1, 500), "impostor": rng.normal(0, 0.1, 900)} for p, m in (("a", 0.1), ("b", 0.6))
    }
    values = rows(histograms(data, thresholds={"a": 0.05}, bins=30))
    for panel in "ab":
        for name in ("genuine", "impostor"):
            assert sum(v["y"] for v in values if v["panel"] == panel and v.get("series") == name) == pytest.approx(
                1, abs=1e-4
            )
    assert [v["label"] for v in values if "threshold" in v] == ["threshold 0.050"]
    assert len({v["x"] for v in values if "x" in v}) <= 31


def test_panels_hold_their_own_data():
    """Each facet draws its own scores: the outlines of two different panels differ."""
    svg = to_svg(histograms({"a": {"s": [0.0, 0.1, 0.1]}, "b": {"s": [0.9, 1.0, 1.0]}}, thresholds={"a": 0.05, "b": 0.95}))
    assert svg.count("threshold 0.050") == 1
    assert svg.count("threshold 0.950") == 1


@pytest.mark.parametrize("log_x", [False, True])
def test_bands_draw_line_interval_and_level(log_x):
    band = Band("ridge", [50, 100, 200], [90, 95, 97], [88, 94, 96.5], [92, 96, 97.5])
    svg = to_svg(lines_with_bands([band], x_title="Pairs", y_title="Accuracy", log_x=log_x, level=("native", 99.42)))
    assert "native 99.42" in svg
    assert svg.count("<path") > 3


def test_heatmap_writes_each_value_and_a_dash_for_none():
    svg = to_svg(heatmap([[1.25, np.nan], [-0.5, 3]], ["a", "b"], ["c", "d"], format=".2f"))
    assert all(f">{text}<" in svg for text in ("1.25", "–", "−0.50", "3.00", "a", "b", "c", "d"))


def test_an_inlined_drawing_has_ids_of_its_own():
    svg = '<svg width="10" height="5" viewBox="0 0 10 5"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>'
    text = inline(svg, "roc", 'a "b" <c>')
    assert 'id="roc-clip0"' in text
    assert "url(#roc-clip0)" in text
    assert 'aria-label="a &#34;b&#34; &lt;c&gt;"' in text
    assert 'height="5"' not in text


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [([1, 2], [1], "2,.* and .1,"), ([2, 1], [1, 1], "ascending"), ([1, np.nan], [1, 1], "finite"), ([], [], "0,")],
)
def test_curves_that_are_none_are_named(x, y, message):
    with pytest.raises(InputError, match=message):
        curves([Curve("bad", x, y)])


def test_histograms_of_nan_are_refused():
    with pytest.raises(InputError, match="finite"):
        histograms({"a": {"s": [np.nan]}})
