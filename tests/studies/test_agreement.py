"""What two networks share of identity: known populations, people as units, nothing judged on what was fitted."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from facespace import EmbeddingSet, study_agreement
from facespace.cli import main
from facespace.errors import InputError
from facespace.io import jsonable, to_json
from facespace.mapping import JointMap, PairStatistics
from facespace.metrics import Roc
from facespace.studies.agreement import agreement_report
from facespace.studies.agreement._directions import joint_directions
from facespace.studies.agreement._images import FOLDS, PAIRS_EACH, Comparisons, SharedImages
from facespace.studies.agreement._learning import DESIGNS, Curve, Design, drawn_rows
from facespace.studies.agreement._losses import Judge
from facespace.studies.agreement._reliability import DirectionSums, disattenuated

SHARED, ALL = 8, 16  # directions of identity


def networks(shared: int, *, people: int = 300, identity: int = ALL, seed: int = 0) -> list[EmbeddingSet]:
    """Two networks of width ALL whose `identity` directions are the same for the first `shared`, private for the rest.

    Both see the same picture, whose own variation is in all directions and no identity. Vectors lie about a mean of their
    network's. Every third person has one image.
    """
    rng = np.random.default_rng(seed)
    counts = np.where(np.arange(people) % 3 == 0, 1, rng.integers(2, 7, people))
    person = np.repeat(np.arange(people), counts)
    picture = 0.5 * rng.normal(size=(len(person), ALL))
    common = rng.normal(size=(people, ALL))
    ids = [f"p{p:03d}/{i:04d}" for i, p in enumerate(person)]
    made = []
    for name in "ab":
        own = rng.normal(size=(people, ALL))
        known = np.where(np.arange(ALL) < shared, common, own) * (np.arange(ALL) < identity)
        mean = 0.3 * rng.normal(size=ALL)
        vectors = (
            mean
            + (known[person] + picture + 0.3 * rng.normal(size=picture.shape)) @ np.linalg.qr(rng.normal(size=(ALL, ALL)))[0]
        )
        made.append(EmbeddingSet(vectors, ids, model=name))
    return made


@pytest.fixture(scope="module")
def same():
    return study_agreement(*networks(ALL), far=0.01, resamples=60)


@pytest.fixture(scope="module")
def half():
    return study_agreement(*networks(SHARED), far=0.01, resamples=60)


def test_identity_that_both_networks_share_has_a_kappa_of_one(same):
    assert [found.label for found in same.bins] == ["1–8", "9–16"]
    for found in same.bins:
        assert found.kappa.value == pytest.approx(1.0, abs=0.03)
    assert same.kappa.low > 0.95


def test_private_directions_of_identity_have_a_kappa_of_zero_and_keep_their_reliability(half):
    shared, private = half.bins
    assert shared.kappa.value > 0.93
    assert abs(private.kappa.value) < 0.15
    assert min(private.a.value, private.b.value) > 0.6
    assert shared.kappa.low > private.kappa.high


def test_what_is_not_shared_is_lost_however_many_keys_there_are(same, half):
    for target in "ab":
        assert half.forecast(target).floor.low > same.forecast(target).measured.high
        assert half.forecast(target, "tar").floor.value > 0.02


def test_without_identity_in_either_network_kappa_is_not_defined():
    found = study_agreement(*networks(ALL, identity=0), far=0.01, resamples=60)
    assert found.kappa is found.bins[0].kappa is found.bins[1].kappa is None
    assert found.to_dict()["bins"][1]["kappa"] is None
    assert "not defined (1–8), not defined (9–16)" in agreement_report(found).sections[0].paragraphs[1]


def test_usable_directions_are_those_of_identity():
    found = study_agreement(*networks(ALL, identity=SHARED, people=600), far=0.01, resamples=60)
    for network in found.networks:
        assert network.usable.low <= SHARED <= network.usable.high
        assert network.effective.value == pytest.approx(SHARED, abs=1)


def test_more_keys_lose_no_more_and_the_forecast_begins_at_the_measurement(same):
    for found in same.forecasts:
        stages = [found.measured, found.now, found.more_images, found.more_people, found.floor]
        assert all(later.value <= earlier.value + 1e-12 for earlier, later in itertools.pairwise(stages))
        assert all(stage.low <= stage.value <= stage.high for stage in [*stages, found.foretold])


def test_rows_in_any_order_and_any_threads_give_the_same_document(half):
    sets = networks(SHARED)
    rng = np.random.default_rng(1)
    shuffled = [faces.take(rng.permutation(len(faces))) for faces in sets]
    assert to_json(study_agreement(*shuffled, far=0.01, resamples=60, workers=1)) == to_json(half)


def test_the_networks_may_change_places(half):
    turned = study_agreement(*networks(SHARED)[::-1], far=0.01, resamples=60)
    assert turned.kappa.value == pytest.approx(half.kappa.value, abs=1e-6)
    for one, other in zip(turned.bins, half.bins, strict=True):
        assert (one.a.value, one.b.value) == pytest.approx((other.b.value, other.a.value), abs=1e-6)
    for found in half.forecasts:  # rounding may carry a score across a threshold
        assert turned.forecast(found.target, found.measure).measured.value == pytest.approx(found.measured.value, abs=1e-3)


def test_each_person_counts_once_and_a_weight_of_two_is_a_second_such_person():
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(4), [2, 9, 1, 3])
    u, v = rng.normal(size=(2, len(person), 3))
    weighted = DirectionSums.of(u, v, person, np.array([[1, 2, 1, 0]]))
    rows = np.concatenate([np.flatnonzero(person == p) for p in (0, 1, 1, 2)])
    listed = DirectionSums.of(u[rows], v[rows], np.repeat(np.arange(4), [2, 9, 9, 1]), np.ones((1, 4), dtype=int))
    for one, two in zip(weighted.reliabilities(), listed.reliabilities(), strict=True):
        np.testing.assert_allclose(one, two)


def test_kappa_of_a_reliability_that_is_not_positive_is_no_number():
    assert np.isnan(disattenuated(np.array([0.5]), np.array([-0.1]), np.array([0.1]))).all()


@pytest.fixture(scope="module")
def images():
    return SharedImages.of(*networks(ALL), 0)


def test_people_are_in_one_fold_and_pairs_within_it(images):
    several = images.counts > 1
    assert np.ptp(np.bincount(images.fold[several], minlength=FOLDS)) <= 1
    pairs = Comparisons.draw(images, 5000, 0)
    genuine = np.arange(len(pairs.left)) < pairs.genuine
    assert (pairs.left[genuine] != pairs.right[genuine]).all()
    assert ((pairs.people[0] == pairs.people[1]) == genuine).all()
    assert set(np.bincount(pairs.people[0][genuine], minlength=images.people)) == {0, 2 * PAIRS_EACH}
    assert (images.row_fold[pairs.left] == images.row_fold[pairs.right]).all()


@pytest.mark.parametrize("design", DESIGNS)
def test_maps_see_nobody_of_their_fold_and_smaller_shares_are_within_larger_ones(images, design):
    rows = drawn_rows(images, 2, design, (0, 2, 0, 2))
    people = np.unique(images.person[rows])
    assert len(np.unique(rows)) == len(rows)
    assert 2 not in images.fold[people]
    training = len(np.unique(images.person[images.training(2)]))
    assert len(people) == round(design.people * training)
    if design.images == 0:
        assert len(rows) == len(people)
    if design.images == 1:
        assert set(rows) <= set(drawn_rows(images, 2, replace(design, people=1.0), (0, 2, 0, 2)))


def test_rates_of_a_resample_are_those_of_its_pairs_written_out(images):
    pairs = Comparisons.draw(images, 2000, 0)
    rng = np.random.default_rng(3)
    g = pairs.genuine
    scores = rng.normal(size=len(pairs.left)) + 2.0 * (np.arange(len(pairs.left)) < g)
    weights = np.vstack(
        [np.ones(images.people, dtype=int), rng.multinomial(images.people, np.full(images.people, 1 / images.people))]
    )
    judge = Judge(pairs, weights, 0.01)
    tar, accepted = judge.tar(scores)
    accuracy, right = judge.accuracy(scores)
    for row, w in enumerate(weights):
        times = np.where(np.arange(len(scores)) < g, w[pairs.people[0]], w[pairs.people[0]] * w[pairs.people[1]])
        listed = np.repeat(np.arange(len(scores)), times)
        genuine = listed < g
        assert tar[row] == pytest.approx(Roc(scores[listed[genuine]], scores[listed[~genuine]]).tar_at_far(0.01).tar)
        assert accuracy[row] == pytest.approx((right[listed[genuine]].mean() + right[listed[~genuine]].mean()) / 2)
    assert accepted.mean() == tar[0]


def test_a_genuine_score_that_ties_with_a_refused_impostor_is_refused(images):
    pairs = Comparisons.draw(images, 2000, 0)
    scores = np.random.default_rng(4).normal(size=len(pairs.left)).round(1)
    g = pairs.genuine
    found = Judge(pairs, np.ones((1, images.people), dtype=int), 0.01).tar(scores)[0][0]
    assert found == Roc(scores[:g], scores[g:]).tar_at_far(0.01).tar


def test_kappa_is_that_of_maps_of_all_people_but_a_fold(half):
    images = SharedImages.of(*networks(SHARED), 0)
    statistics = [PairStatistics.of(images.x[rows], images.y[rows]) for rows in map(images.training, range(FOLDS))]
    maps = [JointMap(0.1).fit_statistics(part) for part in statistics]
    sums = joint_directions(images, maps, np.ones((1, images.people), dtype=int))
    kappa = disattenuated(*(rho.sum(axis=1) for rho in sums.reliabilities()))
    assert half.kappa.value == pytest.approx(kappa[0], rel=1e-6)


def test_losses_of_systems_that_make_no_error_have_an_interval():
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(60), 3)
    identity = rng.normal(size=(60, ALL))[person]
    sets = [
        EmbeddingSet(
            identity + 0.01 * rng.normal(size=identity.shape), [f"{p}/{i}" for i, p in enumerate(person)], model=name
        )
        for name in "ab"
    ]
    found = study_agreement(*sets, far=0.01, resamples=400)
    accuracy, tar = (found.forecast("b", measure).measured for measure in ("accuracy", "tar"))
    assert (accuracy.value, tar.value) == (0.0, 0.0)
    assert tar.high == -tar.low == pytest.approx(2 / 60)  # of ± Poisson numbers of mean ½
    assert accuracy.high == pytest.approx(tar.high / 2)  # half of its pairs are genuine


def test_systems_that_never_differ_are_not_known_to_be_equal(images):
    pairs = Comparisons.draw(images, 1000, 0)
    judge = Judge(pairs, np.ones((400, images.people), dtype=int), 0.01)
    alike, other = np.ones(len(pairs.left), dtype=bool), np.arange(len(pairs.left)) >= pairs.genuine
    never, always = (judge.unsure(alike, two, np.random.default_rng(0)) for two in (alike, other))
    assert never[0] == always[0] == 0
    assert never.std() == pytest.approx(1 / images.several, rel=0.2)
    assert always.std() < never.std() / 20


def test_large_sizes_lead_the_curve():
    people, keys = np.array([50.0, 200.0, 400.0, 800.0]), np.array([100.0, 400.0, 800.0, 1600.0])
    losses = np.array([0.2, 0.03, 0.02, 0.012])
    found = Curve.fit(people, keys, losses[:, None])
    slope, _ = np.polyfit(1 / people, losses, 1, w=people)
    assert found.b[0] + found.c[0] / 2 == pytest.approx(slope)


def test_where_everybody_has_one_image_people_and_keys_are_one_number():
    sizes = np.array([100.0, 200.0, 400.0, 800.0])
    found = Curve.fit(sizes, sizes, (0.02 + 3 / sizes)[:, None])
    assert (found.b + found.c)[0] == pytest.approx(3.0)
    assert found.after(np.array([0.02 + 3 / 800]), (800, 800), (np.inf, np.inf))[0] == pytest.approx(0.02)


def test_a_curve_that_rises_with_keys_promises_nothing():
    sizes = np.array([100.0, 200.0, 400.0])
    found = Curve.fit(sizes, 2 * sizes, (0.02 - 1 / sizes)[:, None])
    assert (found.b[0], found.c[0]) == (0.0, 0.0)


def test_few_people_and_wrong_settings_are_refused():
    a, b = networks(ALL, people=30)
    assert Design(0.5, 1.0, 2) in DESIGNS
    with pytest.raises(InputError, match="15 people have two images or more in both sets, and 20 are needed"):
        study_agreement(*(EmbeddingSet(f.vectors[:70], f.ids[:70].tolist(), model=f.model) for f in (a, b)))
    with pytest.raises(InputError, match="two different networks; got a and a"):
        study_agreement(a, a)
    with pytest.raises(InputError, match=r"from 1e-4 to 0\.1"):
        study_agreement(a, b, far=0.5)
    with pytest.raises(InputError, match="20 resamples"):
        study_agreement(a, b, resamples=3)


def test_the_command_prints_and_writes_the_library_s_result(tmp_path, capsys):
    sets = networks(SHARED, people=60)
    files = [str(faces.save(tmp_path / f"{faces.model}.parquet")) for faces in sets]
    settings = ["--far", "0.01", "--resamples", "20", "--more", "50", "--seed", "1"]
    assert main(["study", "agreement", *files, *settings, "-o", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    written = document.pop("files")
    found = study_agreement(*sets, far=0.01, resamples=20, more=50, seed=1)
    assert document == json.loads(json.dumps(jsonable(found)))
    assert {name.rsplit("/", 1)[-1] for name in written} == {
        "report.html", "results.json", "agreement.png", "agreement.svg",
    }  # fmt: skip
    assert main(["study", "agreement", *files, *settings]) == 0
    shown = capsys.readouterr().out
    assert "What is lost against b" in shown
    assert "Identity by direction" in shown
    assert main(["study", "agreement", files[0], files[0], *settings]) == 2
    assert "two different networks" in capsys.readouterr().err


def test_with_hardly_enough_people_nothing_is_foretold_from_half_of_them():
    found = study_agreement(*networks(ALL, people=30, seed=3), far=0.1, resamples=20)
    assert found.several == 20
    assert {forecast.foretold for forecast in found.forecasts} == {None}
    assert any("maps are fitted on 24 people for 16 dimensions" in warning for warning in found.warnings)
    assert [len(section.rows) for section in agreement_report(found).sections if section.kind == "table"][:2] == [5, 5]
