from __future__ import annotations

import json
import math

import numpy as np
import pytest

from facespace import EmbeddingSet, pairs_needed
from facespace.errors import InputError, UnknownNameError
from facespace.io import to_json
from facespace.studies.curves._pair_work import PairWork
from facespace.studies.curves._power_law import PowerLaw, fit_law


@pytest.mark.parametrize("law", [PowerLaw(0.01, 2.0, 1.0), PowerLaw(0.0, 0.9, 0.5), PowerLaw(0.02, 30.0, 1.5)])
def test_a_known_power_law_is_recovered(law):
    n = np.geomspace(20, 2000, 8)
    found = fit_law(n, np.array([law.error(v) for v in n]))
    assert (found.a, found.b, found.c) == pytest.approx((law.a, law.b, law.c), rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_counting_moves_the_answer_little(seed):
    law, n = PowerLaw(0.01, 2.0, 1.0), np.geomspace(20, 800, 8)
    rng = np.random.default_rng(seed)
    noisy = np.array([rng.binomial(30_000, law.error(v)) / 30_000 for v in n])
    assert fit_law(n, noisy).pairs(0.0115) == pytest.approx(law.pairs(0.0115), rel=0.5)


def test_a_curve_turned_around():
    law = PowerLaw(0.01, 2.0, 1.0)
    assert law.error(law.pairs(0.03)) == pytest.approx(0.03)
    assert law.pairs(0.01) == math.inf
    assert law.pairs(0.01 + 1e-9) == math.inf  # beyond what anybody collects


def _few(world, count, subject=True):
    """Images of all people, so many in all."""
    rows = np.arange(0, len(world.sets[0]), len(world.sets[0]) // count)[:count]
    kept = [faces.take(rows) for faces in (world.sets[0], world.sets[2])]
    # Without a folder in the ids either, nobody knows who is in the images.
    loose = [name.replace("/", "-") for name in kept[0].ids]
    return kept if subject else [EmbeddingSet(f.vectors, loose, model=f.model) for f in kept]


def test_the_prediction_from_few_pairs_meets_the_measurement_on_many(world):
    measured = pairs_needed(world.sets[0], world.sets[2], 0.02, repeats=3, resamples=30)
    assert (measured.against, measured.extrapolated, measured.more) == ("target", False, 0)
    few = pairs_needed(*_few(world, 160), 0.02, resamples=60)
    assert few.low <= measured.needed * 1.5
    assert few.high is None or few.high >= measured.needed / 1.5
    assert few.pairs == 160


def test_the_same_seed_says_the_same(world):
    first, second = (pairs_needed(*_few(world, 160), resamples=20, seed=3, workers=w) for w in (1, 3))
    assert to_json(first) == to_json(second)
    document = json.loads(to_json(first))
    assert set(document) >= {"needed", "low", "high", "more", "extrapolated", "points", "law", "answer", "warnings"}


def test_without_people_the_limit_is_the_reference_and_the_answer_says_so(world):
    result = pairs_needed(*_few(world, 160, subject=False), resamples=20)
    assert result.against == "limit"
    assert "one image across the networks" in result.warnings[0]
    assert "endless pairs" in result.answer()


def test_a_pairs_list_judges_instead(world):
    result = pairs_needed(*world.sets[:2], 0.02, protocol=world.protocol, resamples=20, repeats=2)
    assert "pairs-needed|protocol:people|" in result.signature
    assert result.needed is not None


def test_people_are_dealt_into_folds_of_like_size(world):
    work = PairWork.of_sets(world.sets[0], world.sets[1], 0)
    counts = np.bincount(work.training_fold)
    assert (work.folds, counts.max() - counts.min()) == (10, 0)
    assert 0.45 < work.judged.same.mean() < 0.55


def test_never_is_an_answer(world):
    """Half of what the target sees is nothing that the source could know."""
    a, b = world.sets[0], world.sets[2]
    rng = np.random.default_rng(0)
    private = np.repeat(rng.normal(size=(len(b) // 8, 30)), 8, axis=0) * 0.5
    result = pairs_needed(a, b.with_vectors(np.hstack([b.vectors, private]), "private"), 0.005, resamples=20)
    assert (result.needed, result.more) == (None, None)
    assert result.answer().startswith("No number of pairs")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"loss": 0.0}, InputError, "above 0 and below 0.5, 0.01 being one point"),
        ({"loss": 1.0}, InputError, "a loss is a fraction"),
        ({"method": "ridgge"}, UnknownNameError, "did you mean 'ridge'"),
        ({"against": "me"}, UnknownNameError, "limit, target"),
        ({"sizes": [10, 20]}, InputError, "at least 4 sizes"),
        ({"method": "identity"}, InputError, "near chance"),
    ],
)
def test_mistakes(world, change, error, words):
    with pytest.raises(error, match=words):
        pairs_needed(*_few(world, 160), **change)


def test_too_few_people(world):
    a, b = (faces.take(np.arange(8 * 6)) for faces in world.sets[:2])
    with pytest.raises(InputError, match="at least 10 people"):
        pairs_needed(a, EmbeddingSet(b.vectors, b.ids, model=b.model))
