"""The cross-model study against a literal transcription of the paper: the accuracy of every fold is equal.

On made-up faces always; on the embeddings that ship with facespace where they are.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from oracles.common_spaces_2020 import fold_accuracies, optimal_threshold

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.metrics import best_threshold
from facespace.studies import cross_model_study


def made_up(folds=5, people_per_fold=24, widths=(12, 20, 16), noise=1.1):
    """People with three images each, seen by networks of several widths; every person is in one fold only."""
    rng = np.random.default_rng(0)
    people = folds * people_per_fold
    latent = np.repeat(rng.normal(size=(people, 12)), 3, axis=0)
    latent += 0.6 * rng.normal(size=latent.shape)
    ids = [f"{person:03d}/{image}" for person in range(people) for image in range(3)]
    sets = []
    for number, width in enumerate(widths):
        vectors = latent @ rng.normal(size=(12, width)) + noise * rng.normal(size=(len(latent), width))
        sets.append(EmbeddingSet(vectors, ids, model=f"net{number}"))
    left, right, same, fold = [], [], [], []
    for person in range(people):
        stranger = person - person % people_per_fold + (person + 7) % people_per_fold
        for a, b in ((0, 1), (1, 2)):
            left += [f"{person:03d}/{a}", f"{person:03d}/{a}"]
            right += [f"{person:03d}/{b}", f"{stranger:03d}/{b}"]
            same += [True, False]
            fold += [person // people_per_fold] * 2
    return sets, PairProtocol("made-up", left, right, same, fold)


def agreement(sets, protocol, pairing):
    """(cells, folds): facespace's fold accuracies minus the transcription's."""
    result = cross_model_study(sets, protocol, methods=("ridge",), pairing=pairing, center=False, cut="in-sample")
    rows = list(
        zip(protocol.left.tolist(), protocol.right.tolist(), protocol.same.tolist(), protocol.fold.tolist(), strict=True)
    )
    spaces = {f.model: dict(zip(f.ids.tolist(), f.normalized().astype(np.float64), strict=True)) for f in sets}
    differences = []
    for a, b in itertools.permutations(sets, 2):
        found = result.cell(a.model, b.model, "ridge", pairing).accuracy.folds
        differences.append(found - fold_accuracies(spaces[a.model], spaces[b.model], rows, pairing))
    return np.array(differences)


@pytest.mark.parametrize("pairing", ["matched", "same"])
def test_fold_accuracies_equal_the_transcription_on_made_up_faces(pairing):
    assert np.abs(agreement(*made_up(), pairing)).max() < 1e-12


@pytest.mark.parametrize("pairing", ["matched", "same"])
def test_fold_accuracies_equal_the_transcription_on_the_demo_faces(pairing):
    demo = pytest.importorskip("facespace.datasets.demo")
    sets = demo.demo_sets()
    if not sets:
        pytest.skip("no demo embeddings in this checkout")
    # Two networks of different widths, four of the folds: the transcription is slow.
    sets = sorted(sets, key=lambda faces: faces.dim)
    protocol = demo.demo_protocol()
    few = protocol.take(protocol.fold < 4)
    assert np.abs(agreement([sets[0], sets[-1]], few, pairing)).max() < 1e-12


def test_threshold_rule_is_facespaces():
    rng = np.random.default_rng(0)
    for _ in range(20):
        distances, same = np.round(rng.normal(size=30), 1), rng.random(30) < 0.5
        tau = optimal_threshold(distances.tolist(), same.tolist())
        assert -tau == pytest.approx(best_threshold(-distances, same)[0])
