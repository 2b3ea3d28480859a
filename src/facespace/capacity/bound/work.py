"""From unit vectors to volumes, for one set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...embeddings import Floats
from ..classes import VolumeRatios, person_moments, volume_ratios
from ..person_pairs import Rows
from ..students import DeepMDS, ProbabilisticEmbeddings

_FEW_DRAWS = 5  # of every person's covariance, for what is only compared


@dataclass(frozen=True, eq=False)
class Work:
    """The steps, of rows of unit length (n, d) and their person (n,)."""

    unit: Floats
    person: Rows
    min_images: int
    seed: int

    def project(self, dim: int, steps: int) -> DeepMDS:
        """The projection to m = `dim`."""
        return DeepMDS(dim, steps=steps, seed=self.seed).fit(self.unit)

    def ratios(self, moments: ProbabilisticEmbeddings, resamples: int = 0, draws: int = _FEW_DRAWS) -> VolumeRatios:
        """Volumes of the population over those of people."""
        with threadpool_limits(1):  # thousands of small matrices gain nothing from threads
            people = person_moments(moments.mean, self.person, moments.covariance)
            return volume_ratios(people, min_images=self.min_images, resamples=resamples, draws=draws, seed=self.seed)

    def bare_ratios(self, projection: DeepMDS, resamples: int = 0) -> VolumeRatios:
        """The same without a student: of projected points as they are."""
        y = projection.transform(self.unit)
        none = np.zeros((1, y.shape[1], y.shape[1]), np.float32)
        return self.ratios(ProbabilisticEmbeddings(y, np.broadcast_to(none, (len(y), *none.shape[1:]))), resamples)


def whole_people(log_number: NDArray[np.float64]) -> float:
    """A number of people by its logarithm."""
    return float(np.exp(np.minimum(log_number, 700.0)))  # the largest float is e^709
