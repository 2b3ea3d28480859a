"""Verification against independent tools: scikit-learn's ROC, insightface's script, a threshold search written out.

On made-up scores always; on faces of LFW and a real network where ../shared (or FACESPACE_SHARED) is.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from oracles.insightface_roc import calculate_roc, distances_of, exact_search
from sklearn.metrics import roc_auc_score, roc_curve

from facespace.datasets import PairProtocol, contiguous_folds, read_pairs
from facespace.embeddings import EmbeddingSet
from facespace.images import read_landmarks
from facespace.metrics import Roc, ScoreHistogram, insightface_grid, kfold_accuracy
from facespace.models import embed
from facespace.verification import pair_rows, pair_scores, verify

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def made_scores(n=3000, decimals=None, seed=0):
    rng = np.random.default_rng(seed)
    same = rng.random(n) < 0.5
    scores = np.clip(np.where(same, rng.normal(0.55, 0.15, n), rng.normal(0.15, 0.13, n)), -1, 1)
    return (scores if decimals is None else np.round(scores, decimals)), same


def made_vectors(n=2400, dim=64, seed=0):
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(n, dim))
    same = np.arange(n) // 60 % 2 == 0
    two = np.where(same[:, None], one + 1.3 * rng.normal(size=(n, dim)), rng.normal(size=(n, dim)) + 0.3 * one)
    return (7 * one).astype(np.float32), two.astype(np.float32), same


@pytest.mark.parametrize("decimals", [None, 3, 1])
def test_roc_equals_scikit_learns_point_by_point(decimals):
    scores, same = made_scores(decimals=decimals)
    far, tar, thresholds = roc_curve(same, scores, drop_intermediate=False)
    roc = Roc(scores[same], scores[~same])
    assert np.array_equal(roc.thresholds, thresholds)
    assert np.allclose(roc.far, far, rtol=0, atol=1e-15)
    assert np.allclose(roc.tar, tar, rtol=0, atol=1e-15)


@pytest.mark.parametrize("decimals", [None, 3, 1])
def test_auc_equals_scikit_learns(decimals):
    scores, same = made_scores(decimals=decimals)
    assert Roc(scores[same], scores[~same]).auc == pytest.approx(roc_auc_score(same, scores), abs=1e-13)


@pytest.mark.parametrize("decimals", [None, 2])
@pytest.mark.parametrize("target", [0.5, 0.1, 0.01, 1e-3, 0.0])
def test_tar_at_far_is_the_last_point_of_scikit_learns_curve_that_is_allowed(decimals, target):
    scores, same = made_scores(decimals=decimals)
    far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
    assert Roc(scores[same], scores[~same]).tar_at_far(target).tar == pytest.approx(tar[far <= target].max(), abs=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_grid_accuracy_equals_insightfaces_script(seed):
    one, two, same = made_vectors(seed=seed)
    expected, thresholds = calculate_roc(distances_of(one, two), same)
    found = kfold_accuracy(pair_scores(one, two), same, contiguous_folds(len(same)), insightface_grid())
    assert np.allclose(2 - 2 * found.thresholds, thresholds)
    # The script sums squared differences of float32, we take the product: a distance within 1e-6 of a grid point may flip.
    assert np.abs(found.folds - expected).max() <= 1.01 / 240


@pytest.mark.parametrize("decimals", [None, 2])
def test_exact_accuracy_equals_a_search_written_out(decimals):
    scores, same = made_scores(600, decimals, seed=5)
    fold = np.random.default_rng(0).integers(0, 5, 600)
    accuracy, thresholds = exact_search(scores, same, fold)
    found = kfold_accuracy(scores, same, fold)
    assert np.allclose(found.folds, accuracy)
    assert np.allclose(found.thresholds, thresholds)


@pytest.fixture(scope="module")
def real() -> tuple[PairProtocol, EmbeddingSet]:
    """Two folds of LFW, 1,200 pairs, in the smallest network there is."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    whole = read_pairs(SHARED / "data/protocols/lfw/pairs.txt")
    protocol = whole.take(whole.fold < 2)
    points = read_landmarks(SHARED / "data/protocols/lfw/landmarks-176.csv")
    files = {str(SHARED / "data/lfw" / name): name for name in protocol.ids.tolist()}
    marks = {path: points[name] for path, name in files.items()}
    faces = embed([f"{path}.jpg" for path in files], "mobileface-v3", landmarks=marks, weights=SHARED / "models").embeddings
    return protocol, EmbeddingSet(faces.vectors, [files[path] for path in faces.ids.tolist()], model=faces.model)


def test_on_lfw_grid_accuracy_equals_insightfaces_script(real):
    protocol, faces = real
    rows = pair_rows(protocol, faces, faces)
    expected, _ = calculate_roc(distances_of(faces.vectors[rows.left], faces.vectors[rows.right]), protocol.same, 2)
    scores = pair_scores(faces, faces, rows.left, rows.right)
    found = kfold_accuracy(scores, protocol.same, protocol.fold, insightface_grid())
    assert np.array_equal(protocol.fold, contiguous_folds(len(protocol), 2))
    assert np.abs(found.folds - expected).max() <= 1.01 / 600


def test_on_lfw_exact_accuracy_equals_a_search_written_out(real):
    protocol, faces = real
    result = verify(faces, protocol=protocol, intervals=False)
    rows = pair_rows(protocol, faces, faces)
    accuracy, thresholds = exact_search(pair_scores(faces, faces, rows.left, rows.right), protocol.same, protocol.fold)
    assert np.allclose(result.accuracy.folds, accuracy)
    assert np.allclose(result.accuracy.thresholds, thresholds)
    assert 0.90 < result.accuracy.mean < 0.97  # its README: 93.88 ± 1.37 over ten folds


def test_on_lfw_roc_auc_and_tar_equal_scikit_learns(real):
    protocol, faces = real
    result = verify(faces, protocol=protocol, intervals=False)
    scores = np.concatenate([result.genuine_scores, result.impostor_scores])
    same = np.arange(len(scores)) < result.genuine
    far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
    assert np.allclose(result.roc.far, far, rtol=0, atol=1e-15)
    assert result.auc == pytest.approx(roc_auc_score(same, scores), abs=1e-13)
    for row in result.tar:
        assert row.tar == pytest.approx(tar[far <= row.far].max(), abs=1e-15)


@pytest.mark.parametrize("decimals", [None, 3, 1])
@pytest.mark.parametrize("far", [0.3, 0.1, 0.01, 1e-3, 1e-4])
def test_the_nearest_far_reading_is_that_of_scikit_learns_curve(decimals, far):
    scores, same = made_scores(20_000, decimals)
    scores = scores.astype(np.float32)
    # As insightface's eval_ijbc.py reads it: the default curve, flipped, and the first of the nearest points.
    fpr, tpr, _ = roc_curve(same, scores)
    fpr, tpr = np.flipud(fpr), np.flipud(tpr)
    _, at = min(zip(abs(fpr - far), range(len(fpr)), strict=True))
    for roc in (Roc(scores[same], scores[~same]), ScoreHistogram().update(scores, same).roc()):
        row = roc.tar_at_nearest_far(far)
        assert (row.tar, row.false_accepts) == (tpr[at], round(fpr[at] * (~same).sum()))


def test_the_histograms_roc_equals_scikit_learns_point_by_point():
    scores, same = made_scores(20_000)
    scores = scores.astype(np.float32)
    far, tar, thresholds = roc_curve(same, scores, drop_intermediate=False)
    roc = (ScoreHistogram().update(scores[::2], same[::2]) + ScoreHistogram().update(scores[1::2], same[1::2])).roc()
    assert np.array_equal(roc.thresholds, thresholds)
    assert np.array_equal(roc.far, far)
    assert np.array_equal(roc.tar, tar)
