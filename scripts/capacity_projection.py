"""What a projection keeps: LFW's ten-fold accuracy before it and after DeepMDS and PCA to few dimensions.

    python scripts/capacity_projection.py SET … --pairs PAIRS [--dimensions 8,16,32] [--steps 800] [--power 2]

In every fold both projections are fitted on the set's images of people who are in none of the fold's pairs, without labels,
and scored on that fold alone; the threshold comes from the other folds, scored by the same projection.
Scores: cosine before, minus Euclidean distance after. Prints one line for each set and dimension, in percent.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from facespace.capacity import DeepMDS
from facespace.datasets import PairProtocol, read_pairs
from facespace.embeddings import EmbeddingSet, normalize
from facespace.metrics import best_threshold, kfold_accuracy


def principal_components(vectors: np.ndarray, dim: int):
    unit = normalize(vectors)
    mean = unit.mean(axis=0)
    axes = np.linalg.eigh(((unit - mean).T @ (unit - mean)).astype(np.float64))[1][:, : -dim - 1 : -1]
    return lambda v: (normalize(v) - mean) @ axes.astype(np.float32)


def fold_accuracies(faces: EmbeddingSet, protocol: PairProtocol, fit) -> np.ndarray:
    left, right = faces.rows(protocol.left), faces.rows(protocol.right)
    person = np.strings.rpartition(faces.ids, "/")[0]
    found = []
    for fold in np.unique(protocol.fold):
        test = protocol.fold == fold
        tested = np.unique(np.concatenate([person[left[test]], person[right[test]]]))
        y = fit(faces.vectors[~np.isin(person, tested)])(faces.vectors)
        scores = -np.linalg.norm(y[left] - y[right], axis=1)
        threshold = best_threshold(scores[~test], protocol.same[~test])[0]
        found.append(np.mean((scores[test] >= threshold) == protocol.same[test]))
    return 100 * np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--dimensions", default="8,16,32")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--power", type=float, default=2.0)
    options = parser.parse_args()
    protocol = read_pairs(options.pairs)
    print(f"{'set':22}{'m':>4}{'before':>9}{'DeepMDS':>9}{'PCA':>9}")
    for path in options.sets:
        faces = EmbeddingSet.load(path)
        unit = faces.normalized()
        cosine = np.vecdot(unit[faces.rows(protocol.left)], unit[faces.rows(protocol.right)])
        before = 100 * np.mean(kfold_accuracy(cosine, protocol.same, protocol.fold).folds)
        for dim in map(int, options.dimensions.split(",")):

            def deep(vectors, dim=dim):
                return DeepMDS(dim, steps=options.steps, power=options.power).fit(vectors).transform

            with threadpool_limits(1):
                after = [
                    fold_accuracies(faces, protocol, fit).mean()
                    for fit in (deep, lambda v, d=dim: principal_components(v, d))
                ]
            print(f"{faces.model:22}{dim:4}{before:9.2f}{after[0]:9.2f}{after[1]:9.2f}", flush=True)


if __name__ == "__main__":
    main()
