"""Accuracy over folds as insightface's verification.py computes it, written out plainly: the test oracle.

Source: deepinsight/insightface, recognition/arcface_torch/eval/verification.py, `calculate_roc` and
`calculate_accuracy` (thresholds np.arange(0, 4, 0.01), folds of neighbours, squared distances of unit vectors).
"""

from __future__ import annotations

import numpy as np


def accuracy_at(threshold, distances, issame):
    predicted = np.less(distances, threshold)
    true_positives = np.sum(np.logical_and(predicted, issame))
    true_negatives = np.sum(np.logical_and(np.logical_not(predicted), np.logical_not(issame)))
    return float(true_positives + true_negatives) / distances.size


def distances_of(embeddings1, embeddings2):
    unit1 = embeddings1 / np.linalg.norm(embeddings1, axis=1, keepdims=True)
    unit2 = embeddings2 / np.linalg.norm(embeddings2, axis=1, keepdims=True)
    return np.sum(np.square(np.subtract(unit1, unit2)), 1)


def calculate_roc(distances, issame, folds=10):
    """(accuracy of each fold, threshold of each fold) on squared distances."""
    thresholds = np.arange(0, 4, 0.01)
    indices = np.arange(len(issame))
    accuracy, chosen = np.zeros(folds), np.zeros(folds)
    for fold, test_set in enumerate(np.array_split(indices, folds)):
        train_set = np.setdiff1d(indices, test_set)
        train = np.zeros(len(thresholds))
        for index, threshold in enumerate(thresholds):
            train[index] = accuracy_at(threshold, distances[train_set], issame[train_set])
        best = np.argmax(train)
        chosen[fold] = thresholds[best]
        accuracy[fold] = accuracy_at(thresholds[best], distances[test_set], issame[test_set])
    return accuracy, chosen


def exact_search(scores, issame, fold):
    """The paper's protocol with every possible threshold tried one by one; of the best, the middle one. Slow."""
    accuracy, chosen = [], []
    for number in np.unique(fold):
        train, test = fold != number, fold == number
        distinct = np.unique(scores[train])
        candidates = [-np.inf, *((distinct[1:] + distinct[:-1]) / 2), np.inf]
        right = [np.sum((scores[train] >= c) == issame[train]) for c in candidates]
        best = [c for c, r in zip(candidates, right, strict=True) if r == max(right)]
        chosen.append(best[(len(best) - 1) // 2])
        accuracy.append(np.mean((scores[test] >= chosen[-1]) == issame[test]))
    return np.array(accuracy), np.array(chosen)
