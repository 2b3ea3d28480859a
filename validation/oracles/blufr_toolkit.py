"""BLUFR's operating points, transcribed step by step from its published MATLAB toolkit (EvalROC, OpenSetROC; 2014).

The toolkit works on the whole score matrix: it sorts all impostor scores, takes the one at place round(FAR × their
number) as the threshold, and accepts what is at least as large.
"""

from __future__ import annotations

import math

import numpy as np


def matlab_round(x):
    """Half away from zero, which differs from Python's half to even."""
    return math.floor(x + 0.5)


def eval_roc(score, labels, far):
    """Verification rate at FAR `far` of all pairs below the diagonal of `score` (n, n)."""
    below = np.tril(np.ones(score.shape, dtype=bool), -1)
    equal = labels[:, None] == labels[None, :]
    genuine, impostor = score[below & equal], score[below & ~equal]
    false_alarms = matlab_round(far * len(impostor))
    threshold = np.sort(impostor)[::-1][false_alarms - 1]
    return np.mean(genuine >= threshold)


def open_set_roc(score, gallery_labels, probe_labels, far, rank):
    """Detection and identification rate; `score` (gallery, probes)."""
    binary = gallery_labels[:, None] == probe_labels[None, :]
    mated = binary.any(axis=0)
    impostor_score = np.sort(score[:, ~mated].max(axis=0))[::-1]
    genuine = score[:, mated]
    order = np.argsort(-genuine, axis=0, kind="stable")
    own = np.where(binary[:, mated], genuine, -np.inf)
    best_row, best = own.argmax(axis=0), own.max(axis=0)
    ranks = 1 + (order == best_row).argmax(axis=0)
    false_alarms = matlab_round(far * len(impostor_score))
    threshold = impostor_score[false_alarms - 1]
    return np.mean((best >= threshold) & (ranks <= rank))
