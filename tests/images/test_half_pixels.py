"""Where a crop's pixels land, to a tenth of a pixel: centres of pixels scale about the corner of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.images.align import ARCFACE, Template, realign


def ramp(height, width, left, axis):
    """A crop whose pixels hold twice their own place in the 112 × 112 crop (so that a rounded value is a quarter pixel).

    Pixel j of `height` covers j … j + 1, its centre j + ½; of 112 that is (j + ½) 112 / height, in pixels j' + ½.
    """
    centres = [(np.arange(size) + 0.5) * 112 / height - 0.5 for size in (height, width)]
    places = centres[0][:, None] + np.zeros(width) if axis == "y" else np.zeros(height)[:, None] + centres[1] + left
    # Rounded up or down at random, so that the mean over many pixels is exact.
    noise = np.random.default_rng(0).random(places.shape)
    return np.repeat(np.floor(2 * places + noise).clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize(
    ("height", "width", "left"),
    # At the last the picture is first averaged down, because bilinear interpolation would skip pixels.
    [(56, 56, 0), (160, 160, 0), (224, 224, 0), (224, 192, 8), (112, 96, 8), (640, 640, 0), (560, 480, 8)],
)
def test_pixels_land_where_their_centres_belong(height, width, left, axis):
    out = realign(ramp(height, width, left, axis), ARCFACE)
    rows, columns = np.mgrid[20:90, 20:90]
    wanted = 2 * (rows if axis == "y" else columns)
    assert np.mean(out[20:90, 20:90, 0] - wanted.astype(float)) == pytest.approx(0, abs=0.1)


def test_a_smaller_template_is_the_same_face_at_its_own_half_pixels():
    """Half the ArcFace template, points as centres: (p + ½) / 2 − ½."""
    half = Template((ARCFACE.points + 0.5) / 2 - 0.5, (56, 56))
    out = realign(ramp(112, 112, 0, "x"), half)
    wanted = 2 * ((np.arange(10, 46) + 0.5) * 2 - 0.5)
    assert np.mean(out[10:46, 10:46, 0] - wanted) == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize(
    ("width", "taken"), [(224, True), (225, True), (226, False), (223, True), (193, True), (194, False), (191, True)]
)
def test_proportions_may_be_off_by_less_than_half_a_pixel_of_112_on_each_side(width, taken):
    crop = np.zeros((224, width, 3), np.uint8)
    assert (realign(crop, Template(ARCFACE.points, (100, 100))) is not None) == taken
