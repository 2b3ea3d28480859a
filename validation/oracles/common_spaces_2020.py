"""Section 3.3 of common-embedding-spaces-2020, transcribed literally: slow, plain, one pair of networks at a time.

Where the paper leaves something open it is an option:

- which threshold, of several that are equally good, on the training folds: `middle` (facespace's rule) or `first`;
- what the map is fitted on: `matched`, the paper's matched pairs of the training folds, or `same`, all images of the
  training folds as both networks saw them (what canonical-face-embeddings-2021 does).
"""

from __future__ import annotations

import itertools

import numpy as np
from sklearn.linear_model import Ridge


def cosine_distance(f1_x, f2_y, mapping):
    """Eq. 3: d(x, y) = 1 − (f1(x)ᵀ M) · f2(y) / (‖f1(x)ᵀ M‖ ‖f2(y)‖)."""
    mapped = f1_x @ mapping
    return 1 - mapped @ f2_y / (np.linalg.norm(mapped) * np.linalg.norm(f2_y))


def optimal_threshold(distances, same, ties="middle"):
    """The τ with the most right decisions d ≤ τ: every way to cut the sorted distances is tried by counting.

    τ lies midway between the neighbouring distances that it parts. Accepting nothing and everything are tried too. Of
    several best cuts, `middle` takes the middle one in ascending order of similarity, the lower similarity of two;
    `first` the one with the smallest distance.
    """
    levels = sorted(set(distances))
    middles = [(a + b) / 2 for a, b in itertools.pairwise(levels)]
    cuts = [-np.inf, *middles, np.inf]
    d, s = np.array(distances), np.array(same)
    right = [np.count_nonzero((d <= cut) == s) for cut in cuts]
    best = [cut for cut, count in zip(cuts, right, strict=True) if count == max(right)]
    if ties == "first":
        return best[0]
    by_similarity = best[::-1]
    return by_similarity[(len(by_similarity) - 1) // 2]


def fold_accuracies(source, target, pairs, pairing="matched", ties="middle", alpha=1.0):
    """Accuracy on each fold. `source`, `target`: {id: unit vector}; `pairs`: [(left id, right id, same, fold)]."""
    accuracies = []
    for fold in sorted({f for _, _, _, f in pairs}):
        training = [pair for pair in pairs if pair[3] != fold]
        validation = [pair for pair in pairs if pair[3] == fold]
        if pairing == "matched":  # Eq. 1: rows f1(x_i) and f2(y_i) of the matched pairs
            keys = [(left, right) for left, right, same, _ in training if same]
        else:
            images = sorted({image for left, right, _, _ in training for image in (left, right)})
            keys = [(image, image) for image in images]
        big_s = np.array([source[x] for x, _ in keys])
        big_t = np.array([target[y] for _, y in keys])
        mapping = Ridge(alpha=alpha, fit_intercept=False).fit(big_s, big_t).coef_.T  # Eq. 2
        distance = {(x, y): cosine_distance(source[x], target[y], mapping) for x, y, _, _ in pairs}
        tau = optimal_threshold([distance[x, y] for x, y, _, _ in training], [s for _, _, s, _ in training], ties)
        accuracies.append(np.mean([(distance[x, y] <= tau) == same for x, y, same, _ in validation]))
    return np.array(accuracies)
