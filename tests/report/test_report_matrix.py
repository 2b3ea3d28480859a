import numpy as np
import pytest

from facespace.errors import InputError
from facespace.report import Matrix, Measure
from facespace.report.matrix import spread

MEASURES = {"v": Measure("Value", "%"), "loss": Measure("Loss", "points", better="low")}


def test_all_layers_of_a_measure_share_one_scale():
    near, far = np.full((4, 4), 99.0) + np.arange(16).reshape(4, 4) / 10, np.full((2, 2), 50.0)
    far = np.pad(far, (0, 2), constant_values=np.nan)
    matrix = Matrix("m", "abcd", "abcd", {("auto", "v"): near, ("none", "v"): far}, MEASURES, selectors=["Method"])
    assert matrix.scales["v"] == (99.0, 100.5)  # the control at 50 does not stretch it
    assert matrix.intensity(("none", "v"))[0, 0] == 0
    assert matrix.intensity(("auto", "v"))[3, 3] == 1
    assert np.isnan(matrix.intensity(("none", "v"))[3, 3])


def test_given_ends_of_the_scale_win():
    measures = {"v": Measure("Value", low=0, high=10)}
    matrix = Matrix("m", ["a"], ["b", "c"], {("v",): [[5, 20]]}, measures)
    assert matrix.scales["v"] == (0, 10)
    np.testing.assert_allclose(matrix.intensity(("v",)), [[0.5, 1]])


@pytest.mark.parametrize(("values", "ends"), [([], (0, 1)), ([3.0, 3.0], (3, 3)), ([np.nan, 1, 2], (1, 2))])
def test_spread_of_little(values, ends):
    assert spread(np.array(values, dtype=float)) == ends


def test_equal_values_have_a_colour():
    assert Matrix("m", ["a"], ["b"], {("v",): [[3]]}, MEASURES).intensity(("v",)) == [[0.0]]


@pytest.mark.parametrize(
    ("layers", "more", "message"),
    [
        ({}, {}, "is empty"),
        ({("v",): [[1, 2]]}, {}, r"shape \(1, 2\), but there are 1 rows and 1 columns"),
        ({("w",): [[1]]}, {}, "names no measure"),
        ({("x", "v"): [[1]]}, {}, "does not have one part for each of Measure"),
        ({("a", "v"): [[1]], ("b", "loss"): [[1]]}, {"selectors": ["M"]}, "lacks layers: a / loss, b / v"),
        ({("v",): [[1]]}, {"details": {(): [["one", "two"]]}}, "not one text for each"),
    ],
)
def test_what_does_not_fit_is_named(layers, more, message):
    with pytest.raises(InputError, match=message):
        Matrix("m", ["a"], ["b"], layers, MEASURES, **more)
