"""k-fold verification accuracy: the threshold is chosen on the other folds, and judged on the one left out.

Source: the LFW protocol (Huang et al. 2008), as common-embedding-spaces-2020, section 3.1.1, and every published LFW
figure use it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, shorten

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Accuracy over the folds.

    Attributes:
        mean: mean of `folds`.
        sd: their standard deviation with divisor k (numpy's default), as insightface's verification.py prints it.
        folds: (k,) accuracy in [0, 1] on each fold, in ascending order of the folds' numbers.
        thresholds: (k,) the threshold used on each; accepted is score ≥ threshold (with a grid: score > threshold).
        balanced: mean of the shares of right decisions on all genuine and on all impostor pairs, at the same thresholds.
        chance: the share of the more frequent class, which accepting all or nobody gives.
    """

    mean: float
    sd: float
    folds: Doubles
    thresholds: Doubles
    balanced: float
    chance: float

    def __str__(self) -> str:
        return f"{100 * self.mean:.2f} ± {100 * self.sd:.2f} %"


def kfold_accuracy(scores: ArrayLike, same: ArrayLike, fold: ArrayLike, thresholds: ArrayLike | None = None) -> FoldAccuracy:
    """Accuracy on every fold with the threshold that is best on the other folds.

    `scores` is (n,), or (k, n) when each fold has its own map: row f then holds the scores of all n pairs under the map
    of the f-th fold (folds in ascending order of their number), and both the threshold and the accuracy of fold f are
    taken from row f. `same` is (n,) bool, `fold` (n,) int.

    Without `thresholds` the search is exact: all midpoints between neighbouring distinct scores of the other folds, and
    both outer ends (accept all, threshold −∞; accept none, +∞). Where several are best, the middle one of them in
    ascending order is taken (the lower of two). The left-out fold has no part in the choice.

    With `thresholds`, a grid (m,), only these are tried, a score is accepted when it is greater, and the first of the
    best is taken in the grid's order; `insightface_grid()` gives insightface's.

    Raises InputError for lengths that don't match, NaN scores, fewer than two folds, and as `check_folds` does.

    >>> kfold_accuracy([0.9, 0.1, 0.8, 0.3, 0.7, 0.2], [1, 0, 1, 0, 1, 0], [0, 0, 1, 1, 2, 2]).thresholds
    array([0.5 , 0.45, 0.55])
    """
    s = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(same, dtype=np.bool_)
    numbers, index = np.unique(np.asarray(fold), return_inverse=True)
    k, n = len(numbers), truth.size
    if truth.shape != (n,) or index.shape != (n,) or s.shape not in ((n,), (k, n)):
        raise InputError(
            f"scores of shape {s.shape}, same {truth.shape} and fold {index.shape} don't match",
            f"For n pairs in k = {k} folds, scores are (n,) or (k, n).",
        )
    if k < 2:
        raise InputError(f"k-fold accuracy needs at least two folds, not {k}")
    if np.isnan(s).any():
        raise InputError(f"{int(np.isnan(s).sum()):,} scores are NaN")
    check_folds(truth, fold)
    chosen = _exact(s, truth, index, k) if thresholds is None else _from_grid(s, truth, index, k, np.asarray(thresholds))
    cut = chosen[index]
    own = s if s.ndim == 1 else s[index, np.arange(n)]  # every pair is judged in its own fold's row
    accept = own >= cut if thresholds is None else own > cut
    right = accept == truth
    folds = np.bincount(index, weights=right, minlength=k) / np.bincount(index, minlength=k)
    balanced = (float(right[truth].mean()) + float(right[~truth].mean())) / 2
    return FoldAccuracy(float(folds.mean()), float(folds.std()), folds, chosen, balanced, majority_rate(truth))


def check_folds(same: ArrayLike, fold: ArrayLike) -> list[int]:
    """Folds (n,) that hold pairs of one class only.

    Raises InputError naming those whose other folds lack a class, so that no threshold can be chosen for them.

    >>> check_folds([True, True, False, True, False], [0, 1, 1, 2, 2])
    [0]
    """
    truth = np.asarray(same, dtype=np.bool_)
    numbers, index = np.unique(np.asarray(fold), return_inverse=True)
    counts = [np.bincount(index, weights=kind) for kind in (truth, ~truth)]
    for name, count in zip(("genuine", "impostor"), counts, strict=True):
        if (alone := numbers[count == count.sum()]).size:
            raise InputError(
                f"fold {shorten(alone.tolist())} can't be judged: no {name} pair is in the other folds, which its threshold "
                "is chosen on",
                "Give every fold genuine and impostor pairs. Without a fold column verify draws folds by itself.",
            )
    return [int(f) for f in numbers[(counts[0] == 0) | (counts[1] == 0)]]


def fold_weights(fold: ArrayLike) -> Doubles | None:
    """(n,) of pairs in these folds (n,), by which their mean is that of the folds' means; None where all weigh alike.

    >>> fold_weights([0, 0, 0, 1]).tolist(), fold_weights([0, 1, 1, 0])
    ([0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0], None)
    """
    index, sizes = np.unique(np.asarray(fold), return_inverse=True, return_counts=True)[1:]
    return None if (sizes == sizes[0]).all() else len(index) / (len(sizes) * sizes[index])


def majority_rate(same: ArrayLike) -> float:
    """Chance: how often accepting all pairs, or none, is right, whichever is better."""
    truth = np.asarray(same, dtype=np.bool_)
    return max(int(truth.sum()), int((~truth).sum())) / truth.size


def chance_warning(accuracy: float, low: float | None, same: ArrayLike, who: str = "") -> list[str]:
    """A warning where the accuracy, with the lower end of its interval, is not above what the list alone gives."""
    chance = majority_rate(same)
    better = accuracy > chance + 1e-12
    if better and (low is None or low > chance):
        return []
    everybody = "all" if np.asarray(same, dtype=np.bool_).mean() > 0.5 else "nobody"
    return [
        f"{who}accuracy {100 * accuracy:.2f} % is not {'certainly ' * better}better than accepting "
        f"{everybody}, which is right on {100 * chance:.2f} % of these pairs"
    ]


def insightface_grid() -> Doubles:
    """The 400 thresholds of insightface's verification.py, as cosines: 1 − t/2 for t = 0, 0.01, …, 3.99.

    That script accepts d < t with the squared distance d = ‖x − y‖² = 2 − 2 cos of unit vectors, so cos > 1 − t/2.

    >>> insightface_grid()[:3]
    array([1.   , 0.995, 0.99 ])
    """
    return 1.0 - np.arange(0, 4, 0.01) / 2


def best_threshold(scores: ArrayLike, same: ArrayLike) -> tuple[float, float]:
    """`(threshold, accuracy)` of the exact search of `kfold_accuracy` on all pairs: accepted is score ≥ threshold."""
    s, truth = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    order = np.argsort(s)
    cut = _best_cut(s[order], truth[order])
    return cut, float(((s >= cut) == truth).mean())


def _exact(s: Doubles, truth: NDArray[np.bool_], index: NDArray[np.intp], k: int) -> Doubles:
    chosen = np.empty(k)
    if s.ndim == 1:  # one order for all folds
        order = np.argsort(s)
        ordered, answers, place = s[order], truth[order], index[order]
        for f in range(k):
            others = place != f
            chosen[f] = _best_cut(ordered[others], answers[others])
        return chosen
    for f in range(k):
        others = index != f
        row, answers = s[f][others], truth[others]
        order = np.argsort(row)
        chosen[f] = _best_cut(row[order], answers[order])
    return chosen


def _best_cut(s: Doubles, truth: NDArray[np.bool_]) -> float:
    """The best threshold for ascending scores `s`: cut c rejects the c lowest, and gains the impostors among them."""
    # Rejecting an impostor is one right decision more, a genuine pair one less, counted from accepting all.
    gain = np.empty(len(s) + 1, dtype=np.int32)
    gain[0] = 0
    np.cumsum(1 - 2 * truth.view(np.int8), dtype=np.int32, out=gain[1:])
    possible = np.empty(len(s) + 1, dtype=np.bool_)
    possible[0] = possible[-1] = True
    np.less(s[:-1], s[1:], out=possible[1:-1])  # equal scores can't be parted
    best = np.flatnonzero(possible & (gain == gain[possible].max()))
    c = int(best[(len(best) - 1) // 2])
    if c == 0:
        return -np.inf
    if c == len(s):
        return np.inf
    low, high = float(s[c - 1]), float(s[c])
    middle = low + (high - low) / 2
    return middle if middle > low else high  # neighbouring floats have no number between them


def _from_grid(s: Doubles, truth: NDArray[np.bool_], index: NDArray[np.intp], k: int, grid: Doubles) -> Doubles:
    if grid.ndim != 1 or len(grid) == 0 or np.isnan(grid).any():
        raise InputError(f"thresholds must be a list of numbers; got shape {grid.shape}")
    m = len(grid)
    order = np.argsort(grid, kind="stable")
    ascending = grid[order]
    chosen = np.empty(k)
    rows = s[None] if s.ndim == 1 else s
    # A score passes the first `below` of the ascending thresholds; so counts per (fold, class, below) say everything.
    cell = (index * 2 + truth) * (m + 1)
    right = np.empty((len(rows), k, m), dtype=np.int64)
    for r, row in enumerate(rows):
        below = np.searchsorted(ascending, row, side="left")
        counts = np.bincount(cell + below, minlength=2 * k * (m + 1)).reshape(k, 2, m + 1)
        rejected = np.cumsum(counts, axis=2)[:, :, :m]  # scores that don't pass threshold j
        right[r] = rejected[:, 0] + counts[:, 1].sum(axis=1)[:, None] - rejected[:, 1]
    for f in range(k):
        per_fold = right[0] if len(rows) == 1 else right[f]
        others = np.empty(m, dtype=np.int64)
        others[order] = per_fold.sum(axis=0) - per_fold[f]
        chosen[f] = grid[int(np.argmax(others))]
    return chosen
