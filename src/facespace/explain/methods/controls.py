"""Maps that know nothing of the network. A method that is no better than these explains nothing."""

from __future__ import annotations

import numpy as np

from ..residuals import Floats


def random_map(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Uniform noise, each pixel by itself."""
    return rng.random(shape, dtype=np.float32)


def constant_map(shape: tuple[int, int]) -> Floats:
    """The same everywhere: the order of the pixels is then the tie-break's alone."""
    return np.ones(shape, np.float32)


def centre_map(shape: tuple[int, int], width: float = 0.25) -> Floats:
    """A Gaussian about the centre; its standard deviation is `width` of the height and of the width.

    >>> centre_map((3, 5))[1].round(2)
    array([0.28, 0.73, 1.  , 0.73, 0.28], dtype=float32)
    """
    y, x = ((np.arange(n) - (n - 1) / 2) / (width * n) for n in shape)
    return np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / 2).astype(np.float32)


def inverted_map(importance: Floats) -> Floats:
    """The order of another map turned round: the most important first becomes the least."""
    return np.asarray(-importance)
