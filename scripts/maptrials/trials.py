"""The pairs that maps are judged on, and the embeddings of each network, in one order of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet
from facespace.datasets import PairProtocol, read_cfp_pairs, read_lfw_pairs
from facespace.embeddings import normalize
from facespace.metrics import Dyads, kfold_accuracy

Floats = np.ndarray
GENUINE, FOLDS = 3000, 10  # of the pairs drawn at random


@dataclass(frozen=True, eq=False)
class Trial:
    """Pairs with folds; `vectors` has each network's L2-normalised embeddings of `ids`, rows `left` and `right` of them.

    `dropped`: pairs of the list with an image that a network has no embedding of.
    """

    name: str
    ids: np.ndarray
    left: np.ndarray
    right: np.ndarray
    same: np.ndarray
    fold: np.ndarray
    vectors: dict[str, Floats]
    dropped: int = 0

    @classmethod
    def of(cls, name: str, protocol: PairProtocol, sets: dict[str, EmbeddingSet]) -> Trial:
        """The pairs of the protocol that every one of the sets has both images of."""
        there = np.ones(len(protocol), dtype=bool)
        for faces in sets.values():
            there &= (faces.find(protocol.left) >= 0) & (faces.find(protocol.right) >= 0)
        kept = protocol.take(there)
        ids = kept.ids
        vectors = {net: normalize(faces.vectors[faces.rows(ids)]) for net, faces in sets.items()}
        left, right = np.searchsorted(ids, kept.left), np.searchsorted(ids, kept.right)
        assert kept.fold is not None
        fold = np.unique(kept.fold, return_inverse=True)[1]
        return cls(name, ids, left, right, kept.same, fold, vectors, int((~there).sum()))

    def take(self, rows: np.ndarray) -> Trial:
        """Some of the pairs."""
        chosen = self.left[rows], self.right[rows], self.same[rows], self.fold[rows]
        return Trial(self.name, self.ids, *chosen, self.vectors, self.dropped)

    @cached_property
    def people(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the pairs' people."""
        code = np.unique([name.split("/")[0] for name in self.ids.tolist()], return_inverse=True)[1]
        used = np.unique(np.concatenate([code[self.left], code[self.right]]))
        return np.searchsorted(used, code[self.left]), np.searchsorted(used, code[self.right])

    @cached_property
    def dyads(self) -> Dyads:
        """Which people are in which pairs."""
        return Dyads(self.same, *self.people)

    @cached_property
    def image_fold(self) -> np.ndarray:
        """The fold of each image of `ids`."""
        fold = np.full(len(self.ids), -1)
        fold[self.left], fold[self.right] = self.fold, self.fold
        return fold

    def correct(self, scores: Floats) -> np.ndarray:
        """Which pairs are decided rightly by the cut that is best on the other folds; `scores` as of `kfold_accuracy`."""
        cut = kfold_accuracy(scores, self.same, self.fold).thresholds[self.fold]
        own = scores if scores.ndim == 1 else scores[self.fold, np.arange(len(self.same))]
        result: np.ndarray = (own >= cut) == self.same
        return result

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """Which pairs each network decides rightly by itself."""
        return {
            net: self.correct(np.vecdot(vectors[self.left], vectors[self.right])) for net, vectors in self.vectors.items()
        }

    def error(self, values: np.ndarray) -> float:
        """Standard error over people of the mean of `values`, one for each pair; cuts and shares of both kinds fixed.

        The variance is that of `facespace.metrics.Dyads`, which all intervals of the library have: as of drawing people
        with replacement, but that the own part of two people's pair counts once, and not three times.
        """
        share = float(self.same.mean())
        genuine = self.dyads.of_genuine(share * values[self.same])
        impostor = self.dyads.of_impostors(np.arange(int((~self.same).sum())), (1 - share) * values[~self.same])
        variance = genuine.variance + impostor.variance + 2 * self.dyads.covariance(genuine, impostor)
        return float(np.sqrt(max(variance, 0.0)))


def load_sets(folder: Path, kind: str, nets: Sequence[str]) -> dict[str, EmbeddingSet]:
    """The sets KIND-NETWORK.parquet of the folder, by network; networks without one are left out."""
    paths = {net: folder / f"{kind}-{net}.parquet" for net in nets}
    return {net: EmbeddingSet.load(path) for net, path in paths.items() if path.exists()}


def lfw_trial(pairs: Path, sets: dict[str, EmbeddingSet], name: str = "LFW") -> Trial:
    """LFW's pairs.txt."""
    return Trial.of(name, read_lfw_pairs(pairs), sets)


def cfp_trial(protocol: Path, kind: str, sets: dict[str, EmbeddingSet]) -> Trial:
    """CFP's FF or FP, from its folder Protocol."""
    name = {"FF": "CFP frontal", "FP": "CFP profile"}[kind]
    return Trial.of(name, read_cfp_pairs(protocol / "Split" / kind), sets)


def random_trial(name: str, sets: dict[str, EmbeddingSet], seed: int = 0) -> Trial:
    """GENUINE genuine and as many impostor pairs, drawn by chance, in FOLDS folds that share nobody."""
    ids = next(iter(sets.values())).ids
    for faces in sets.values():
        ids = ids[faces.find(ids) >= 0]
    ids = np.sort(ids)
    random = np.random.default_rng(seed)
    person = np.unique([one.split("/")[0] for one in ids.tolist()], return_inverse=True)[1]
    fold = (random.permutation(person.max() + 1) % FOLDS)[person]
    left, right, same, where = [], [], [], []
    for number in range(FOLDS):
        rows = np.flatnonzero(fold == number)
        one, two = (rows[side] for side in np.triu_indices(len(rows), 1))
        for truth in (True, False):
            there = np.flatnonzero((person[one] == person[two]) == truth)
            chosen = random.permutation(there)[: GENUINE // FOLDS]
            left.append(ids[one[chosen]])
            right.append(ids[two[chosen]])
            same.append(np.full(len(chosen), truth))
            where.append(np.full(len(chosen), number))
    columns = (np.concatenate(column) for column in (left, right, same, where))
    return Trial.of(name, PairProtocol(name, *columns), sets)
