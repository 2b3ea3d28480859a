"""FNIR and rank-1 by counting, whom the system confuses, and the shape of the tail: against what they say, written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from test_gallery_size import made, with_wrong_names

from facespace.capacity import gallery_size
from facespace.capacity.gallery_growth import false_positive_rate
from facespace.capacity.person_pairs import Rows
from facespace.capacity.sizing.confusion import _posterior
from facespace.capacity.sizing.sample import Sample
from facespace.capacity.sizing.searches import Searches
from facespace.capacity.sizing.shape import pairs_variance
from facespace.capacity.sizing.tail import pareto_moments
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError

NOBODY: tuple[Rows, Rows] = (np.empty(0, np.intp), np.empty(0, np.intp))


@pytest.fixture(scope="module")
def size():
    return gallery_size(made(), resamples=60)


def test_counted_rank_1_is_that_of_galleries_drawn_at_random():
    faces = made(60, noise=0.9)
    unit, person = faces.normalized(), np.repeat(np.arange(60), 2)
    sample = Sample.of(person, 0)
    searches = Searches.of(unit, sample, NOBODY)
    gallery = unit[sample.one]
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(4000):
        at = rng.integers(len(sample.probes))
        others = rng.choice(np.delete(np.arange(60), sample.mates[at]), 19, replace=False)
        scores = unit[sample.probes[at]] @ gallery.T
        hits.append(scores[sample.mates[at]] > scores[others].max())
    exact = 1 - false_positive_rate(searches.above(), 59, np.array([19]), searches.weights)[0]
    assert exact == pytest.approx(np.mean(hits), abs=4 * np.std(hits) / np.sqrt(4000))


def test_counted_fnir_and_rank_1_agree_with_the_model_within_the_set(size):
    c = size.curve
    for name in ("fnir", "rank1"):
        counted = getattr(c, f"measured_{name}")
        assert np.isnan(counted[~c.inside]).all()
        known = ~np.isnan(counted)
        assert known.sum() > 5
        ends = [getattr(c, f"{which}{name}_{end}")[known] for which in ("measured_", "") for end in ("low", "high")]
        assert (ends[0] <= counted[known]).all()
        assert (counted[known] <= ends[1]).all()
        assert (ends[0] <= ends[3]).all()  # the intervals meet
        assert (ends[2] <= ends[1]).all()


def test_confused_people_are_those_whose_image_reaches_the_threshold(size):
    faces = made()
    ids = [one.id for one in size.confused]
    unit = faces.normalized()[faces.rows(ids)]
    scores = unit @ unit.T
    np.fill_diagonal(scores, -1)
    reached = (scores >= size.threshold.value).sum(axis=1)
    assert [one.others for one in size.confused] == reached.tolist() == sorted(reached, reverse=True)
    first = size.confused[0]
    best = np.argsort(-scores[0])[: first.others]
    assert [name for name, _ in first.matches] == [ids[i] for i in best]
    assert first.rate.low <= first.rate.value <= first.rate.high


def test_pairs_that_are_no_strangers_confuse_nobody():
    found = gallery_size(with_wrong_names(made()), resamples=20)
    named = {(one.id.split("/")[0], name.split("/")[0]) for one in found.confused for name, _ in one.matches}
    assert not {("p0020", "p0030"), ("p0030", "p0020"), ("p0040", "p0050"), ("p0050", "p0040")} & named


def test_the_rate_of_a_person_is_the_mean_of_the_gamma_s_posterior():
    r, far, others, count = 0.4, 2e-3, 500, 3
    grid = np.linspace(1e-7, 0.2, 400_001)
    weights = stats.gamma.pdf(grid, r, scale=far / r) * stats.poisson.pmf(count, others * grid)
    assert _posterior(1 / r, far, count, others) == pytest.approx(weights @ grid / weights.sum(), rel=1e-4)
    assert _posterior(0.0, far, count, others) == far  # where all are alike


@pytest.mark.parametrize("shape", [-0.15, -0.05, 0.0])
def test_the_shape_of_independent_excesses_has_the_variance_that_is_taken(shape):
    rng = np.random.default_rng(4)
    found = [
        pareto_moments(np.sort(stats.genpareto.rvs(shape, scale=0.04, size=500, random_state=rng)))[1] for _ in range(800)
    ]
    assert np.std(found) == pytest.approx(pairs_variance(shape, 500) ** 0.5, rel=0.08)


def test_few_people_take_other_networks_shape_and_their_interval_has_their_own(size):
    assert size.shape == -0.05
    assert 0 < size.shape_weight < 1
    many = gallery_size(made(1000), resamples=20)
    assert many.shape == many.shape_own
    assert many.shape_weight == 1


def test_one_of_a_thing_is_said_in_the_singular():
    faces = made(60)
    x = faces.vectors.copy()
    x[40], x[1] = x[60], x[0]
    found = gallery_size(EmbeddingSet(x, faces.ids, model="made"), fnir=0.1, resamples=5)
    said = " ".join(found.warnings)
    assert "1 of 120 images is a copy of another one of its person and counts once" in said
    with pytest.raises(InputError, match="1 of 1 ids to leave out is not in the set"):
        gallery_size(faces, exclude=["nobody"])
    with pytest.raises(InputError, match="1 person is too few"):
        gallery_size(faces.take(np.arange(2)))
