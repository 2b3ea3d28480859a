"""The stages of insightface's evaluation on IJB-B and IJB-C, written out plainly: the test oracle and the benchmark's peer.

The same operations on the same arrays in the same order as deepinsight/insightface, recognition/_evaluation_/ijb/ijb_11.py:
a loop over templates, each found by comparing all rows; both templates of 100,000 pairs gathered and multiplied at a time;
scikit-learn's ROC over all scores, read at the nearest rate.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import auc, roc_curve
from sklearn.preprocessing import normalize

BATCH = 100_000


def pooled_templates(faces, template, media):
    """(unit templates in float64, their numbers)."""
    numbers = np.unique(template)
    sums = np.zeros((len(numbers), faces.shape[1]))
    for place, number in enumerate(numbers):
        (rows,) = np.where(template == number)
        own, own_media = faces[rows], media[rows]
        parts = []
        for medium, count in zip(*np.unique(own_media, return_counts=True), strict=True):
            (members,) = np.where(own_media == medium)
            parts.append(own[members] if count == 1 else np.mean(own[members], axis=0, keepdims=True))
        sums[place] = np.sum(np.array(parts), axis=0)
    return normalize(sums), numbers


def pair_scores(templates, numbers, left, right):
    """Inner products of the templates of every pair, in float64."""
    place_of = np.zeros((max(numbers) + 1, 1), dtype=int)
    place_of[numbers, 0] = np.arange(len(numbers))
    scores = np.zeros(len(left))
    for start in range(0, len(left), BATCH):
        batch = np.arange(start, min(start + BATCH, len(left)))
        one, two = templates[place_of[left[batch]]], templates[place_of[right[batch]]]
        scores[batch] = np.sum(one * two, -1).flatten()
    return scores


def nearest_tars(label, scores, fars):
    """TAR at the point of the ROC whose FAR is nearest to each of `fars`; of several, the one with the largest TAR."""
    false, true, _ = roc_curve(label, scores)
    auc(false, true)
    false, true = np.flipud(false), np.flipud(true)
    return [true[min(zip(abs(false - far), range(len(false)), strict=True))[1]] for far in fars]
