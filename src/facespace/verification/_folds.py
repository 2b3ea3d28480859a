"""The folds that accuracy is measured in: a list's own, or random ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol, contiguous_folds
from ..errors import InputError, shorten
from ..metrics import check_folds


def judged_folds(protocol: PairProtocol, seed: int) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Folds (n,) to measure accuracy in, the protocol's or random ones, None where there can be none; and warnings."""
    fold = protocol.fold if protocol.n_folds > 1 else random_folds(protocol.same, seed)
    if fold is None:
        return None, ["too few pairs for two folds: no accuracy"]
    try:
        one_class = check_folds(protocol.same, fold)
    except InputError as error:
        return None, [f"no accuracy: {error.message}"]
    if not one_class:
        return fold, []
    return fold, [
        f"fold {shorten(one_class)} has pairs of one class only: the mean and the deviation over folds mix accuracies "
        "on genuine and on impostor pairs"
    ]


def random_folds(same: NDArray[np.bool_], seed: int, k: int = 10) -> NDArray[np.int64] | None:
    """(n,) fold of each pair, every fold with its share of both classes; None when a class has fewer than two pairs."""
    k = min(k, int(same.sum()), int((~same).sum()))
    if k < 2:
        return None
    rng = np.random.default_rng(seed)
    fold = np.empty(len(same), dtype=np.int64)
    for kind in (same, ~same):
        runs = contiguous_folds(int(kind.sum()), k)
        if runs is None:
            raise InputError(f"{int(kind.sum())} pairs can't be cut into {k} folds")
        fold[kind] = rng.permutation(runs)
    return fold
