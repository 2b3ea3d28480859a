"""Claim: the cross-model study from fold statistics is at least 5 times faster than the plain recipe, with equal results.

    python benchmarks/cross_model_study.py [SET …] --pairs PAIRS [--pairing same|matched] [--cores N]

The plain recipe is what a researcher writes: in every fold the maps are fitted again on the pairs of the other folds
(scikit-learn's Ridge, numpy's lstsq, scipy's orthogonal_procrustes, reduced rank by an SVD of the fitted values), all
pairs are scored with float32 cosines, and the threshold is searched as in insightface's verification.py (400 thresholds,
`calculate_accuracy` for each). facespace does the same through PairStatistics, with its exact threshold search. Both
run in this one process, on the same sets and the same number of cores (facespace: threads; plain: threads of the linear
algebra). With one core, the default, CPU seconds are compared, so that a busy machine says the same as a free one; with
several cores, wall seconds.

Equal means: every score of every cell to 1e-5 (least squares, whose weights are large, to 2e-3: float32 rounding), and
with the same (exact) threshold search on the plain scores, the accuracy of every fold to two decisions, because a
threshold may fall on the other side of a score that differs in its last digits. Accuracies by insightface's grid are
compared with facespace's own in validation/.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from facespace.datasets import PairProtocol, read_pairs
from facespace.embeddings import EmbeddingSet
from facespace.metrics import kfold_accuracy
from facespace.studies import cross_model_study

FAMILIES = ("identity", "ols", "ridge", "rotation", "orthogonal", "reduced-rank")


def identity(x, y):
    return np.eye(x.shape[1], y.shape[1], dtype=np.float32)


def ols(x, y):
    # Some networks' spaces are flat (edgeface-xs: 192 of 512 dimensions); what float32 rounding adds is no direction.
    return np.linalg.lstsq(x.astype(np.float64), y.astype(np.float64), rcond=1e-6)[0]


def ridge(x, y):
    return Ridge(alpha=1, fit_intercept=False).fit(x, y).coef_.T


def rotation(x, y):
    # In double precision: some directions have little energy, and float32 turns them another way (scores move by 2e-4).
    u, _, vt = np.linalg.svd(x.astype(np.float64).T @ y.astype(np.float64), full_matrices=False)
    if x.shape[1] == y.shape[1] and np.linalg.det(u) * np.linalg.det(vt) < 0:
        u[:, -1] *= -1
    return u @ vt


def orthogonal(x, y):
    if x.shape[1] == y.shape[1]:
        return orthogonal_procrustes(x.astype(np.float64), y.astype(np.float64))[0]
    u, _, vt = np.linalg.svd(x.astype(np.float64).T @ y.astype(np.float64), full_matrices=False)
    return u @ vt


def reduced_rank(x, y):
    """Ridge, projected on the leading right singular vectors of its fitted values; the rank by GCV."""
    n, p = x.shape
    q = y.shape[1]
    weight = ridge(x, y)
    fitted = x @ weight
    _, sigma, vt = np.linalg.svd(fitted, full_matrices=False)
    along, wanted = fitted @ vt.T, y @ vt.T
    residual = np.sum(y.astype(np.float64) ** 2) - np.cumsum(np.sum(2 * along * wanted - along**2, axis=0))
    eigen = np.linalg.svd(x, compute_uv=False) ** 2
    ridge_df = np.sum(eigen / (eigen + 1))
    ranks = np.arange(1, len(sigma) + 1)
    df = np.minimum(ranks * np.maximum(ridge_df + q - ranks, 0), ridge_df * q)
    best = np.argmin((np.maximum(residual, 0) / (n * q - df) ** 2)[: min(p, q)]) + 1
    return weight @ vt[:best].T @ vt[:best]


PLAIN: dict[str, Callable] = dict(zip(FAMILIES, (identity, ols, ridge, rotation, orthogonal, reduced_rank), strict=True))


def calculate_accuracy(threshold, dist, actual_issame):
    """As in insightface's verification.py."""
    predict_issame = np.less(dist, threshold)
    tp = np.sum(np.logical_and(predict_issame, actual_issame))
    fp = np.sum(np.logical_and(predict_issame, np.logical_not(actual_issame)))
    tn = np.sum(np.logical_and(np.logical_not(predict_issame), np.logical_not(actual_issame)))
    fn = np.sum(np.logical_and(np.logical_not(predict_issame), actual_issame))
    tpr = 0 if (tp + fn == 0) else float(tp) / float(tp + fn)
    fpr = 0 if (fp + tn == 0) else float(fp) / float(fp + tn)
    return tpr, fpr, float(tp + tn) / dist.size


def plain_cell(
    x: np.ndarray, y: np.ndarray, protocol: PairProtocol, rows: tuple, image_fold: np.ndarray, pairing: str, fit: Callable
) -> tuple[np.ndarray, list[float]]:
    """Scores (folds, n), and the accuracy of each fold, of one pair of networks under one family."""
    left, right = rows
    thresholds = np.arange(0, 4, 0.01)
    scores, accuracies = [], []
    for fold in np.unique(protocol.fold):
        train, test = protocol.fold != fold, protocol.fold == fold
        if pairing == "same":
            weight = fit(x[image_fold != fold], y[image_fold != fold])
        else:
            use = train & protocol.same
            weight = fit(x[left[use]], y[right[use]])
        mapped = x[left] @ weight.astype(np.float32)
        mapped /= np.linalg.norm(mapped, axis=1, keepdims=True)
        score = np.sum(mapped * y[right], axis=1)
        dist = 2 - 2 * score
        found = [calculate_accuracy(t, dist[train], protocol.same[train])[2] for t in thresholds]
        best = thresholds[np.argmax(found)]
        # The script goes through all thresholds on the left-out fold too, for its ROC.
        for t in thresholds:
            calculate_accuracy(t, dist[test], protocol.same[test])
        accuracies.append(calculate_accuracy(best, dist[test], protocol.same[test])[2])
        scores.append(score)
    return np.stack(scores), accuracies


def clock(work: Callable) -> tuple[object, float, float]:
    """Result, wall seconds and CPU seconds of `work()`."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def plain_family(sets: Sequence[EmbeddingSet], protocol: PairProtocol, pairing: str, family: str) -> dict:
    """`plain_cell` for every ordered pair of sets."""
    ids, image_fold = protocol.fold_of_ids()
    unit = [faces.vectors[faces.rows(ids)] for faces in sets]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in unit]
    rows = np.searchsorted(ids, protocol.left), np.searchsorted(ids, protocol.right)
    pairs = itertools.permutations(range(len(sets)), 2)
    return {(s, t): plain_cell(unit[s], unit[t], protocol, rows, image_fold, pairing, PLAIN[family]) for s, t in pairs}


def compare(result: object, plain: dict, sets: Sequence[EmbeddingSet], protocol: PairProtocol, family: str, pairing: str):
    """Largest difference of a score, of a fold's accuracy in decisions, and the share of folds that are equal."""
    own = np.unique(protocol.fold, return_inverse=True)[1], np.arange(len(protocol))
    score, decisions, equal = 0.0, 0.0, []
    for (s, t), (scores, _) in plain.items():
        cell = result.cell(sets[s].model, sets[t].model, family, pairing)
        score = max(score, float(np.abs(cell.scores - scores[own]).max()))
        folds = kfold_accuracy(scores, protocol.same, protocol.fold).folds
        size = len(protocol) / len(folds)
        decisions = max(decisions, float(np.abs(folds - cell.accuracy.folds).max() * size))
        equal.append(np.isclose(folds, cell.accuracy.folds))
    return score, decisions, float(np.mean(equal))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", type=Path, help="embedding sets; by default those that ship with facespace")
    parser.add_argument("--pairs", type=Path, help="pairs list with folds; by default the demo's")
    parser.add_argument("--pairing", default="same", choices=("same", "matched"))
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--floor", type=float, default=5.0, help="exit 1 if the ratio is below this")
    options = parser.parse_args()
    if options.sets:
        if options.pairs is None:
            parser.error("sets of your own need --pairs")
        sets, protocol = [EmbeddingSet.load(path) for path in options.sets], read_pairs(options.pairs)
    else:
        from facespace.datasets import demo_protocol, demo_sets

        sets, protocol = demo_sets(), demo_protocol()
    families = tuple(options.families.split(","))

    def study(methods):
        return cross_model_study(
            sets,
            protocol,
            pairing=options.pairing,
            methods=methods,
            center=False,
            cut="in-sample",  # as the peer, and as the papers
            workers=options.cores,
        )

    print(f"{len(sets)} sets {[f'{f.model} ({f.dim})' for f in sets]}, {options.pairing} pairing, {options.cores} core(s)")
    with threadpool_limits(options.cores):
        study(("identity",))  # first use of everything, so that no side pays for imports
        result, wall, cpu = clock(lambda: study(families))
        print(f"{'family':14}{'plain s':>9}{'facespace alone s':>20}{'ratio':>7}   equality")
        plain_wall = plain_cpu = 0.0
        fine = True
        for family in families:
            plain, p_wall, p_cpu = clock(lambda family=family: plain_family(sets, protocol, options.pairing, family))
            _, f_wall, f_cpu = clock(lambda family=family: study((family,)))
            plain_wall, plain_cpu = plain_wall + p_wall, plain_cpu + p_cpu
            score, decisions, equal = compare(result, plain, sets, protocol, family, options.pairing)
            fine &= score <= (2e-3 if family == "ols" else 1e-5) and decisions <= 2.001
            ours, theirs = (f_cpu, p_cpu) if options.cores == 1 else (f_wall, p_wall)
            print(
                f"{family:14}{theirs:9.1f}{ours:20.1f}{theirs / ours:7.1f}   "
                f"scores to {score:.0e}, folds to {decisions:.0f} decisions, {100 * equal:.1f} % of folds equal",
                flush=True,
            )
    ratio = plain_cpu / cpu if options.cores == 1 else plain_wall / wall
    print(f"all families: plain {plain_wall:.1f} s (CPU {plain_cpu:.1f}), facespace {wall:.1f} s (CPU {cpu:.1f})")
    print(f"ratio: {ratio:.1f} ({plain_wall / wall:.1f} wall, {plain_cpu / cpu:.1f} CPU)")
    print(f"results {'equal' if fine else 'DIFFER'}")
    raise SystemExit(0 if fine and ratio >= options.floor else 1)


if __name__ == "__main__":
    main()
