"""Estimators among scikit-learn's own tools: searches, folds, pipelines, clones."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import turn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

import facespace as fs
from facespace.mapping import FAMILIES, make_estimator

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 8))
Y = X @ turn(8, 1) + 0.3 * RNG.normal(size=(150, 8))


def plain(fitted, x, y):
    """The score by a loop."""
    found = []
    for mapped, wanted in zip(fitted.transform(x), y, strict=True):
        a, b = mapped - fitted.target_mean_, wanted - fitted.target_mean_
        found.append(float(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b)))
    return np.mean(found)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_score_is_the_mean_cosine_about_the_targets_mean(family):
    fitted = make_estimator(family, rank=8).fit(X[:100], Y[:100])
    assert fitted.score(X[100:], Y[100:]) == pytest.approx(plain(fitted, X[100:], Y[100:]), abs=1e-12)
    assert -1 <= fitted.score(X, Y) <= 1


def test_a_perfect_map_scores_one_and_a_guess_about_zero():
    assert fs.OrthogonalMap(center=False).fit(X, X @ turn(8, 1)).score(X, X @ turn(8, 1)) == pytest.approx(1)
    assert abs(fs.RidgeMap().fit(X[:75], RNG.permutation(Y[:75])).score(X[75:], Y[75:])) < 0.3


def test_a_large_mean_makes_no_map_look_good():
    """About zero every score would be above 0.99 here."""
    far = Y + 100
    wrong = fs.RidgeMap().fit(X, RNG.permutation(far))
    cosines = np.vecdot(wrong.transform(X), far) / np.linalg.norm(wrong.transform(X), axis=1) / np.linalg.norm(far, axis=1)
    assert cosines.mean() > 0.99
    assert wrong.score(X, far) < 0.5


def test_a_grid_is_searched_and_the_best_is_what_the_folds_say():
    alphas = [1e-3, 1.0, 30.0, 3000.0]
    search = GridSearchCV(fs.RidgeMap(), {"alpha": alphas}, cv=5).fit(X, Y)
    by_hand = [cross_val_score(fs.RidgeMap(alpha), X, Y, cv=5).mean() for alpha in alphas]
    assert search.best_params_ == {"alpha": alphas[int(np.argmax(by_hand))]}
    assert search.cv_results_["mean_test_score"].tolist() == pytest.approx(by_hand)
    assert search.best_score_ > 0.8
    assert isinstance(search.best_estimator_, fs.RidgeMap)


def test_people_are_kept_together_by_scikit_learns_folds():
    people = np.repeat(np.arange(30), 5)
    assert cross_val_score(fs.OrthogonalMap(), X, Y, groups=people, cv=GroupKFold(3)).shape == (3,)


@pytest.mark.parametrize("family", FAMILIES)
def test_estimators_work_in_pipelines_and_are_cloned(family):
    pipeline = make_pipeline(Normalizer(), make_estimator(family, rank=4))
    assert pipeline.fit(X, Y).score(X, Y) == pytest.approx(clone(pipeline).fit(X, Y).score(X, Y))
    assert pipeline.transform(X[:3]).shape == (3, 8)
    assert make_pipeline(StandardScaler(), make_estimator(family, rank=4)).fit(X, Y).transform(X).shape == Y.shape


def test_sets_are_arrays_to_scikit_learn():
    ids = [f"{n}" for n in range(len(X))]
    a, b = fs.EmbeddingSet(X, ids), fs.EmbeddingSet(Y, ids)
    assert cross_val_score(fs.RidgeMap(), a, b, cv=3) == pytest.approx(
        cross_val_score(fs.RidgeMap(), a.vectors, b.vectors, cv=3)
    )


def test_targets_of_another_width_are_refused():
    with pytest.raises(ValueError, match="targets have shape"):
        fs.RidgeMap().fit(X, Y).score(X, Y[:, :4])
