"""Capacities by shape and class with intervals: draws of people, and of every person's covariance.

Each resample draws P of the P people with replacement, and with them the population's covariance and the model of people's
spread (spread.py); then every person's covariance is drawn from its posterior. The mean and the median class are those of
the people drawn; the largest and the smallest are those of all people, because no resample can hold a person more extreme
than the sample does: their intervals speak of the people in this set. The estimate is the mean of draws without resampling,
less the bias of log |Σ_pop| that the resamples show; the interval is the standard deviation of the resamples, in the
logarithm, times the quantile of Student's t for the effective number of people (Σ n)² / Σ n², n their images, less m.

Who is the largest is itself uncertain. The largest of the draws is too large where the model's tails are heavier than
people's, the largest of all means is too small, because means are drawn towards the middle: the interval of the largest
and of the smallest class reaches from the one to the other, and on both sides by its width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as t_law

from .ellipsoids import CLASSES, SHAPES, canonical, log_volumes
from .gaussians import PersonMoments, class_covariances, population_covariance
from .spread import Spread, fit_spread

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VolumeRatio:
    """Natural logarithm of population volume over class volume, at equal radii: mean and 95 % interval."""

    shape: str
    person_class: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class VolumeRatios:
    """Every shape with every class.

    Attributes:
        ratios: one for each shape and class.
        spread: the model of people's covariances.
        volumes: by shape: (P,) mean log volume of each person with enough images.
        population: by shape: log volume of the population.
        printed: by shape and class: the ratio by eq. 9 as printed, no model; −inf or inf where it is singular.
    """

    ratios: tuple[VolumeRatio, ...]
    spread: Spread
    volumes: dict[str, Doubles]
    population: dict[str, float]
    printed: dict[tuple[str, str], float]

    def get(self, shape: str, person_class: str) -> VolumeRatio:
        """The ratio of one shape and class."""
        return next(r for r in self.ratios if (r.shape, r.person_class) == (shape, person_class))


def volume_ratios(
    people: PersonMoments,
    *,
    min_images: int = 2,
    resamples: int = 100,
    draws: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> VolumeRatios:
    """Ratios and intervals from `people`, of whom those with `min_images` or more are classes; all make the population.

    The estimate rests on `draws` of the covariances, the interval on `resamples` (0: no interval, no correction of bias).
    """
    rng = np.random.default_rng([seed, 3])
    chosen = people.images >= min_images
    classes = people.where(chosen)
    spread = fit_spread(classes)
    population = population_covariance(people)
    tops = {shape: float(log_volumes(population, shape)) for shape in SHAPES}

    sums = {shape: np.zeros(len(classes.images)) for shape in SHAPES}
    found: dict[tuple[str, str], list[float]] = {(s, c): [] for s in SHAPES for c in CLASSES}
    for _ in range(draws):
        drawn = spread.draw(rng)
        for shape in SHAPES:
            volumes = log_volumes(drawn, shape)
            sums[shape] += volumes / draws
            for which in CLASSES:
                found[shape, which].append(tops[shape] - float(canonical(volumes, which)))

    count = len(people.images)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)
    populations = population_covariance(people, weights)
    redrawn = {shape: log_volumes(populations, shape) for shape in SHAPES}
    again: dict[tuple[str, str], list[float]] = {key: [] for key in found}
    for i in range(resamples):
        drawn = spread.resampled(weights[i, chosen]).draw(rng)
        times = weights[i, chosen].astype(np.intp)
        for shape in SHAPES:
            volumes = log_volumes(drawn, shape)
            resampled = np.repeat(volumes, times)
            for which in CLASSES:
                among = volumes if which in ("max", "min") else resampled
                again[shape, which].append(float(redrawn[shape][i] - canonical(among, which)))
        if progress is not None:
            progress(i + 1, resamples)

    for shape in SHAPES if resamples else ():  # the log determinant of a covariance estimated from few people is too low
        tops[shape] -= float(redrawn[shape].mean()) - tops[shape]
    shift = {shape: tops[shape] - float(log_volumes(population, shape)) for shape in SHAPES}
    widths = {key: _width(people) * float(np.std(logs or [0.0])) for key, logs in again.items()}
    printed = class_covariances(classes)
    values = {(s, c): float(np.mean(found[s, c])) + shift[s] for s, c in found}
    of_means = {(s, c): tops[s] - float(canonical(sums[s], c)) if c in ("max", "min") else values[s, c] for s, c in found}
    return VolumeRatios(
        tuple(_ratio(*key, values[key], of_means[key], widths[key]) for key in found),
        spread,
        sums,
        tops,
        {(s, c): tops[s] - shift[s] - float(canonical(log_volumes(printed, s), c)) for s in SHAPES for c in CLASSES},
    )


def _width(people: PersonMoments) -> float:
    """Standard deviations on each side of a 95 % interval; resamples of few people scatter too little."""
    effective = people.images.sum() ** 2 / np.sum(people.images**2)
    freedom = max(effective - people.mean.shape[1], 2.0)
    return float(t_law.ppf(0.975, freedom) * np.sqrt(effective / freedom))


def _ratio(shape: str, which: str, value: float, of_means: float, width: float) -> VolumeRatio:
    return VolumeRatio(shape, which, value, min(value, of_means) - width, max(value, of_means) + width)
