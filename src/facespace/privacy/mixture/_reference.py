"""How unlikely a template is for a network of which clean templates are known.

With d²(x) the squared Mahalanobis distance of the unit vector from the reference's mean and l(x) the logarithm of the
vector's length, both standardised by what they are of people that the Gaussian was not fitted on (z_d of log d², z_l of l):

    score(x) = −log P(Z > z_d) − log 2 P(Z > |z_l|)

the logarithm of two p-values' product as of Fisher, Statistical methods for research workers, 1925, section 21.1. The
lengths count only where they were kept, on both sides. The threshold is a quantile of the held-out people's scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.stats import norm

from ...embeddings import EmbeddingSet
from ...errors import InputError
from ...people import people_of
from ._gaussian import Doubles, Gaussian

PARTS = 5
FEWEST_PEOPLE, FEWEST_TEMPLATES = 2 * PARTS, 200
_KEPT = 1e-3  # spread of the logarithm of lengths from which on they were kept


@dataclass(frozen=True, eq=False)
class Reference:
    """The law of a network's clean templates.

    Attributes:
        gaussian: of all of them. distance: mean and standard deviation of log d² of held-out people. length: of log lengths,
            None where they were not kept. held_out: (m,) scores of the reference's own templates, held out.
    """

    gaussian: Gaussian
    distance: tuple[float, float]
    length: tuple[float, float] | None
    held_out: Doubles

    @classmethod
    def of(cls, clean: EmbeddingSet, lengths_kept: bool, seed: int) -> Self:
        """Of clean templates. Raises InputError for too few."""
        person = people_of(clean).units()[1] if (told := people_of(clean)).known.all() else np.arange(len(clean))
        people = int(person.max()) + 1
        if people < FEWEST_PEOPLE or len(clean) < FEWEST_TEMPLATES:
            raise InputError(
                f"a reference takes {FEWEST_TEMPLATES} templates of {FEWEST_PEOPLE} people; these are {len(clean):,} of "
                f"{people if told.source != 'nobody' else 'unknown'}",
                "Embed more images with the network alone, or leave the reference out.",
            )
        part = (np.random.default_rng([seed, 3]).permutation(people) % PARTS)[person]
        unit, lengths = clean.normalized(), log_lengths(clean)
        distances = np.empty(len(clean))
        for number in range(PARTS):
            rest = Gaussian.of(unit[part != number])
            distances[part == number] = np.log(rest.distances(unit[part == number]))
        law = float(distances.mean()), float(distances.std())
        long = (float(lengths.mean()), float(lengths.std())) if lengths_kept and lengths.std() > _KEPT else None
        made = cls(Gaussian.of(unit), law, long, np.empty(0))
        return cls(made.gaussian, law, long, made._scores(distances, lengths))

    def scores(self, faces: EmbeddingSet) -> Doubles:
        """(n,) how unlikely the templates are."""
        return self._scores(np.log(self.gaussian.distances(faces.normalized())), log_lengths(faces))

    def threshold(self, false_alarms: float) -> float:
        """What at most a share `false_alarms` of the held-out scores exceeds."""
        return float(np.quantile(self.held_out, 1 - false_alarms, method="higher"))

    def _scores(self, distances: Doubles, lengths: Doubles) -> Doubles:
        found = -norm.logsf((distances - self.distance[0]) / self.distance[1])
        if self.length is not None:
            found = found - norm.logsf(np.abs(lengths - self.length[0]) / self.length[1]) - np.log(2)
        return np.asarray(found, dtype=np.float64)


def log_lengths(faces: EmbeddingSet) -> Doubles:
    """(n,) logarithms of the vectors' Euclidean lengths."""
    squared = np.einsum("ij,ij->i", faces.vectors, faces.vectors, dtype=np.float64)
    return np.asarray(0.5 * np.log(squared))


def lengths_kept(faces: EmbeddingSet) -> bool:
    """Do the vectors have the lengths that a network gave them? Else they were brought to one length."""
    return bool(log_lengths(faces).std() > _KEPT)
