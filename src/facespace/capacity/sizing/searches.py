"""Searches of the set's own people among the one image of each: how their own image stands among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ...embeddings import Floats
from ..person_pairs import Rows
from .sample import Sample
from .tail import Doubles

_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Searches:
    """Searches (h,) with images that are not in the gallery.

    Attributes:
        mates: (h,) who is searched for, a place in the gallery of all people.
        scores: (h,) of the search with that person's image.
        weights: (h,) which count each person once.
        higher: (h, P) ones where another person's image scores at least as high.
    """

    mates: Rows
    scores: Doubles
    weights: Doubles
    higher: csr_array

    @classmethod
    def of(cls, unit: Floats, sample: Sample, strangers: tuple[Rows, Rows]) -> Searches:
        """`unit` (n, d) rows of unit length; pairs of people `strangers` (s,) each are suspicious and not counted."""
        gallery = unit[sample.one].T
        shape = (len(sample.probes), len(sample.one))
        skipped = csr_array((np.ones(2 * len(strangers[0])), _both(*strangers)), shape=(shape[1],) * 2)
        scores, rows, columns = [], [], []
        for start in range(0, len(sample.probes), _BLOCK):
            mates = sample.mates[start : start + _BLOCK]
            block = unit[sample.probes[start : start + _BLOCK]] @ gallery
            own = block[np.arange(len(mates)), mates]
            block[np.arange(len(mates)), mates] = -np.inf
            block[skipped[mates].nonzero()] = -np.inf
            one, two = np.nonzero(block >= own[:, None])
            scores.append(own)
            rows.append(one + start)
            columns.append(two)
        if not scores:
            return cls(sample.mates, np.empty(0), np.empty(0), csr_array(shape))
        places = np.concatenate(rows), np.concatenate(columns)
        weights = 1 / np.bincount(sample.mates)[sample.mates]
        higher = csr_array((np.ones(len(places[0])), places), shape=shape)
        return cls(sample.mates, np.concatenate(scores).astype(np.float64), weights, higher)

    def above(self, weights: Doubles | None = None) -> Doubles:
        """(h,) how many others score at least as high; with `weights` (P,) each counts so often."""
        return np.asarray(self.higher @ (np.ones(self.higher.shape[1]) if weights is None else weights))

    def below(self, threshold: float, weights: Doubles) -> float:
        """The share of the searches whose own person falls short of the threshold; `weights` (P,) of people."""
        w = self.weights * weights[self.mates]
        return float(w[self.scores < threshold].sum() / w.sum())


def _both(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    return np.concatenate([left, right]), np.concatenate([right, left])
