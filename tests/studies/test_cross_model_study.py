from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import facespace.studies.cross_model.study as study_room
from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, UnknownNameError
from facespace.io import to_json
from facespace.mapping import FoldScores, LinearMap, PairStatistics, make_estimator
from facespace.metrics import cohort_mean, compare_scores, kfold_accuracy
from facespace.studies import cross_model_study, pairs_needed
from facespace.verification import verify

FITTED = ("ridge", "rotation", "ols")


def _cosines(a, b):
    return np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def _by_hand(world, cell):  # the sets hold images outside of the protocol only where the study is of all
    """Scores with the map of each fold fitted from scratch on the images, or genuine pairs, of the other folds."""
    sets = {faces.model: faces for faces in world.sets}
    source, target, protocol = sets[cell.source], sets[cell.target], world.protocol
    scores = np.empty(len(protocol))
    for fold in range(protocol.n_folds):
        training = protocol.take(protocol.fold != fold)
        if cell.pairing == "same":
            held_people = {name.split("/")[0] for name in protocol.take(protocol.fold == fold).ids}
            left = right = [name for name in source.ids if name.split("/")[0] not in held_people]
        else:
            left, right = training.left[training.same], training.right[training.same]
        statistics = PairStatistics.of(source.select(left).normalized(), target.select(right).normalized())
        estimator = make_estimator(cell.method).fit_statistics(statistics)
        fitted = LinearMap.from_estimator(estimator, statistics)
        held = np.flatnonzero(protocol.fold == fold)
        probes = fitted.probe(source.vectors[source.rows(protocol.left[held])])
        scores[held] = _cosines(probes, fitted.reference(target.vectors[target.rows(protocol.right[held])]))
    return scores


def test_unrelated_spaces_compared_directly_are_near_chance(study):
    direct = [c.accuracy.mean for c in study.cells if c.method == "identity"]
    assert np.mean(direct) < 0.62
    assert max(direct) < 0.70


@pytest.mark.parametrize("pairing", ["same", "matched"])
@pytest.mark.parametrize("method", ["auto", *FITTED])
def test_maps_recover_the_comparison(study, method, pairing):
    cells = [c for c in study.cells if (c.method, c.pairing) == (method, pairing)]
    assert len(cells) == 6
    assert np.mean([c.loss_target for c in cells]) < (0.02 if pairing == "same" else 0.05)
    assert min(c.accuracy.mean for c in cells) > 0.85


@pytest.mark.parametrize("pairing", ["same", "matched"])
@pytest.mark.parametrize("method", FITTED)
def test_scores_are_those_of_maps_fitted_by_hand_without_the_fold(study, world, method, pairing):
    for cell in study.cells:
        if (cell.method, cell.pairing) == (method, pairing):
            np.testing.assert_allclose(cell.scores, _by_hand(world, cell), atol=2e-5)


@pytest.mark.parametrize("method", FITTED)
def test_images_outside_of_the_protocol_train_where_their_people_may_be_seen(world, method):
    """The protocol's people by half of their pairs only, some people by none: whose images are fitted on in which fold?"""
    protocol = world.protocol
    strangers = np.isin([int(name[1:3]) for name in protocol.left], (10, 11))
    strangers |= np.isin([int(name[1:3]) for name in protocol.right], (10, 11))
    half = np.array([name.endswith(("/0", "/2")) for name in protocol.left])
    smaller = protocol.take(~strangers & half)
    part = SimpleNamespace(sets=world.sets[:2], protocol=smaller)
    result = cross_model_study(part.sets, smaller, methods=[method], keys="all")
    for cell in result.cells:
        np.testing.assert_allclose(cell.scores, _by_hand(part, cell), atol=2e-5)


@pytest.mark.parametrize("method", ["auto", "ridge"])
def test_a_fold_s_map_never_saw_the_fold(world, method):
    """Spoiled right images of fold 0, on the source side, can reach its scores through the map alone."""
    source, target = world.sets[0], world.sets[2]
    spoiled = source.vectors.copy()
    rows = source.rows(np.unique(world.protocol.right[world.protocol.fold == 0]))
    spoiled[rows] = 5 * np.random.default_rng(1).normal(size=(len(rows), source.dim))
    before, after = (
        cross_model_study([faces, target], world.protocol, methods=[method]).cell(source.model, target.model, method, "same")
        for faces in (source, source.with_vectors(spoiled, source.model))
    )
    held = world.protocol.fold == 0
    np.testing.assert_array_equal(before.scores[held], after.scores[held])
    assert np.abs(before.scores[~held] - after.scores[~held]).max() > 0.01
    assert before.chosen[:1] == after.chosen[:1]


@pytest.mark.parametrize("method", ["joint", "ridge"])
def test_a_cohort_corrects_scores_without_the_fold(world, method):
    """Its scores by hand; and images of a fold are no strangers there."""
    result = cross_model_study(world.sets[:2], world.protocol, methods=[method, f"{method}+cohort"])
    alone = cross_model_study(world.sets[:2], world.protocol, methods=[f"{method}+cohort"])
    assert any("without a cohort" in warning for warning in result.warnings)
    protocol = world.protocol
    ids, fold = protocol.fold_of_ids()
    for cell in (c for c in result.cells if c.method == f"{method}+cohort"):
        np.testing.assert_array_equal(cell.scores, alone.cell(cell.source, cell.target, cell.method, "same").scores)
        plain = result.cell(cell.source, cell.target, method, "same")
        assert plain.chosen == cell.chosen
        if method != "ridge":
            continue
        sets = {faces.model: faces for faces in world.sets}
        source, target = sets[cell.source], sets[cell.target]
        for number in range(protocol.n_folds):
            strangers = ids[fold != number]
            assert len(strangers) <= 2000  # all of them are the cohort
            statistics = PairStatistics.of(source.select(strangers).normalized(), target.select(strangers).normalized())
            fitted = LinearMap.from_estimator(make_estimator(method).fit_statistics(statistics), statistics)
            held = np.flatnonzero(protocol.fold == number)
            x = fitted.probe(source.vectors[source.rows(protocol.left[held])])
            y = fitted.reference(target.vectors[target.rows(protocol.right[held])])
            near = cohort_mean(x, fitted.reference(target.select(strangers).vectors))
            near = near + cohort_mean(y, fitted.probe(source.select(strangers).vectors))
            np.testing.assert_allclose(cell.scores[held], plain.scores[held] - near / 2, atol=2e-5)


def test_matched_pairing_fits_on_genuine_pairs_alone(world, study):
    """Other impostor pairs make other scores for these pairs, but the same maps, so the same genuine scores."""
    protocol = world.protocol
    right = protocol.right.copy()
    for fold in range(protocol.n_folds):
        rows = np.flatnonzero(~protocol.same & (protocol.fold == fold))
        right[rows] = np.roll(right[rows], 4)
    changed = PairProtocol("changed", protocol.left, right, protocol.same, protocol.fold)
    other = cross_model_study(world.sets, changed, pairing="matched", methods=["ridge"])
    for cell in other.cells:
        known = study.cell(cell.source, cell.target, "ridge", "matched")
        np.testing.assert_allclose(cell.scores[protocol.same], known.scores[protocol.same], atol=1e-6)
        assert np.abs(cell.scores - known.scores)[~protocol.same].max() > 0.01


def test_the_pairings_differ_and_the_identity_does_not_depend_on_them(study):
    for source, target in (("small", "wide"), ("wide", "medium")):
        pair = [study.cell(source, target, "ridge", pairing).scores for pairing in ("same", "matched")]
        assert np.abs(pair[0] - pair[1]).max() > 1e-3
        direct = [study.cell(source, target, "identity", pairing).scores for pairing in ("same", "matched")]
        np.testing.assert_array_equal(*direct)


def test_the_number_of_workers_changes_nothing(world):
    one, many = (
        cross_model_study(world.sets, world.protocol, methods=("auto", "ridge"), workers=workers) for workers in (1, 4)
    )
    assert to_json(one) == to_json(many)
    for a, b in zip(one.cells, many.cells, strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)
        assert a.chosen == b.chosen


def test_accuracies_and_losses_are_of_the_networks_themselves(study, world):
    own = {f.model: verify(f, protocol=world.protocol, intervals=False).accuracy.mean for f in world.sets}
    assert {m: r.accuracy.mean for m, r in zip(study.models, study.native, strict=True)} == own
    for cell in study.cells:
        assert cell.loss_target == pytest.approx(own[cell.target] - cell.accuracy.mean, abs=1e-12)
        assert cell.loss_poorer == pytest.approx(min(own[cell.source], own[cell.target]) - cell.accuracy.mean, abs=1e-12)
        assert (len(cell.chosen) == world.protocol.n_folds) == (cell.method == "auto")


def test_losses_have_intervals_over_people_and_means_narrower_ones(study, world):
    """A cell's is that of two lists of right decisions; a mean over cells errs less than one of them does on average."""
    people = [np.array([name.split("/")[0] for name in side]) for side in (world.protocol.left, world.protocol.right)]
    same, fold = world.protocol.same, world.protocol.fold
    cell = study.cell("wide", "small", "ridge", "same")
    own = study.native[study.models.index("small")]

    def right(scores, accuracy):
        return (scores >= accuracy.thresholds[np.unique(fold, return_inverse=True)[1]]) == same

    decided = right(cell.scores.astype(np.float64), cell.accuracy), right(own.scored.score, own.accuracy)
    found = compare_scores(cell.scores, own.scored.score, same, tuple(people), (), correct=decided, fold=fold).accuracy
    assert found.difference == pytest.approx(cell.loss_target)
    assert (cell.low, cell.high) == pytest.approx((found.first_low, found.first_high))
    assert (cell.loss_target_low, cell.loss_target_high) == pytest.approx((found.low, found.high))
    row = next(r for r in study.summary() if (r["pairing"], r["method"]) == ("same", "ridge"))
    widths = [c.loss_target_high - c.loss_target_low for c in study.cells if (c.pairing, c.method) == ("same", "ridge")]
    assert 0 < row["mean_loss_target_high"] - row["mean_loss_target_low"] < np.mean(widths)
    assert row["mean_loss_target_low"] < row["mean_loss_target"] < row["mean_loss_target_high"]
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]


def test_identity_needs_no_folds_so_its_accuracy_is_that_of_its_scores(study, world):
    cell = study.cell("small", "medium", "identity", "same")
    found = kfold_accuracy(cell.scores, world.protocol.same, world.protocol.fold)
    assert found.mean == pytest.approx(cell.accuracy.mean, abs=1e-12)


def test_the_document_has_the_keys_that_scripts_rely_on(study):
    document = json.loads(to_json(study))
    assert {"signature", "models", "cells", "summary", "warnings"} <= set(document)
    assert document["signature"].startswith("cross-model|protocol:people|pairs:480|models:3|")
    assert "|pairing:same+matched|methods:auto+ridge+rotation+ols+identity|" in document["signature"]
    assert [(m["name"], m["dim"]) for m in document["models"]] == [("small", 12), ("medium", 16), ("wide", 24)]
    assert all(0.5 < m["accuracy"] <= 1 for m in document["models"])
    assert len(document["cells"]) == 6 * 5 * 2
    keys = {"source", "target", "pairing", "method", "chosen", "accuracy", "sd", "loss_target", "loss_poorer"}
    for told, cell in zip(document["cells"], study.cells, strict=True):
        assert keys <= set(told)
        assert told["accuracy"] == cell.accuracy.mean
        assert told["loss_target"] == cell.loss_target
        if cell.method == "auto":
            assert sum(told["chosen"].values()) == 5


def test_the_summary_is_over_all_ordered_pairs(study):
    rows = study.summary()
    assert [(r["pairing"], r["method"]) for r in rows] == [
        (p, m) for p in ("same", "matched") for m in ("auto", "ridge", "rotation", "ols", "identity")
    ]
    for row in rows:
        cells = [c for c in study.cells if (c.pairing, c.method) == (row["pairing"], row["method"])]
        worst = max(cells, key=lambda c: c.loss_target)
        assert row["cells"] == 6
        assert row["mean_loss_target"] == pytest.approx(np.mean([c.loss_target for c in cells]))
        assert row["max_loss_target"] == worst.loss_target
        assert row["worst"] == f"{worst.source} → {worst.target}"


def test_cells_are_found_by_name_and_the_nearest_is_offered(study):
    assert study.cell("small", "wide", "ridge", "same").target == "wide"
    with pytest.raises(UnknownNameError, match=r"did you mean 'small → wide, ridge, same'"):
        study.cell("small", "wide", "rigde", "same")


def test_progress_counts_the_folds_of_all_pairings(world):
    seen = []
    cross_model_study(
        world.sets[:2],
        world.protocol,
        pairing=("same", "matched"),
        methods=["identity"],
        progress=lambda done, whole: seen.append((done, whole)),
    )
    assert seen == [(n, 10) for n in range(1, 11)]


def test_the_order_of_rows_changes_nothing(world):
    first, second = world.sets[:2]
    order = np.random.default_rng(2).permutation(len(second))
    plain = cross_model_study([first, second], world.protocol, methods=["ridge"])
    turned = cross_model_study([first, second.take(order)], world.protocol, methods=["ridge"])
    assert to_json(plain) == to_json(turned)


def test_the_fold_numbers_need_not_count_from_zero(world):
    p = world.protocol
    odd = PairProtocol(p.name, p.left, p.right, p.same, 10 * p.fold + 7)
    assert to_json(cross_model_study(world.sets[:2], odd, methods=["ridge"])) == to_json(
        cross_model_study(world.sets[:2], p, methods=["ridge"])
    )


def _without_folds(p):
    return PairProtocol("plain", p.left, p.right, p.same)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s, p: ([s[0]], p, {}), InputError, "at least two sets; got 1"),
        (lambda s, p: ([s[0], s[0]], p, {}), InputError, "small, small"),
        (lambda s, p: ([s[0], s[1].with_vectors(s[1].vectors, "")], p, {}), InputError, r"\(none\)"),
        (lambda s, p: (s, _without_folds(p), {}), InputError, "'plain' has 0 folds"),
        (lambda s, p: (s, p.take(p.fold < 2), {}), InputError, "has 2 folds"),
        (lambda s, p: ([s[0], s[1].take(np.arange(9, len(s[1])))], p, {}), InputError, "9 ids are not in the set of medium"),
        (lambda s, p: (s, p, {"methods": ["rigde"]}), UnknownNameError, "'rigde'; did you mean 'ridge'"),
        (lambda s, p: (s, p, {"pairing": "match"}), UnknownNameError, "'match'; did you mean 'matched'"),
        (lambda s, p: (s, p, {"methods": []}), InputError, "no method"),
        (lambda s, p: (s, p, {"pairing": ()}), InputError, "no pairing"),
    ],
)
def test_mistakes_are_named(world, change, error, words):
    sets, protocol, options = change(world.sets, world.protocol)
    with pytest.raises(error, match=words):
        cross_model_study(sets, protocol, **options)


def test_an_image_in_two_folds_is_refused(world):
    p = world.protocol
    fold = p.fold.copy()
    fold[0] = 3
    with pytest.raises(InputError, match="more than one fold: 000/0"):
        cross_model_study(world.sets, PairProtocol("leaky", p.left, p.right, p.same, fold))


def test_mistakes_are_found_before_the_work(world, monkeypatch):
    monkeypatch.setattr(study_room, "own_results", None)  # any work would begin with it
    with pytest.raises(UnknownNameError):
        cross_model_study(world.sets, world.protocol, methods=["ridge", "bogus"])


def _half(protocol):
    return protocol.take(np.array([name.endswith(("/0", "/2")) for name in protocol.left]))


def test_by_default_only_the_protocol_s_images_train(world):
    half = _half(world.protocol)
    fewer = [faces.select(half.ids) for faces in world.sets[:2]]
    assert to_json(cross_model_study(world.sets[:2], half, methods=["ridge"])) == to_json(
        cross_model_study(fewer, half, methods=["ridge"])
    )


@pytest.mark.parametrize(
    ("subject", "keys", "error", "words"),
    [
        ("", "all", InputError, "nothing says who is in the images of any set"),
        ("one", "all", InputError, "1 subjects are in pairs of several folds: one"),
        (None, "protocoll", UnknownNameError, "did you mean 'protocol'"),
    ],
)
def test_all_images_train_only_where_it_is_known_who_is_on_them(world, subject, keys, error, words):
    sets = [
        EmbeddingSet(f.vectors, f.ids, model=f.model, subject=None if subject is None else [subject] * len(f))
        for f in world.sets[:2]
    ]
    with pytest.raises(error, match=words):
        cross_model_study(sets, _half(world.protocol), methods=["ridge"], keys=keys)


@pytest.mark.parametrize("cohort", ["", "+cohort"])
def test_where_folds_choose_families_of_other_sizes_each_fold_is_cut_by_its_own(world, monkeypatch, cohort):
    """Likelihood ratios are scores of another size than cosines: a cut of one family's scores is none of the other's."""
    labels = ("joint(ρ=0.1)", "likelihood")
    monkeypatch.setattr(FoldScores, "_choose", lambda self, options, s, t, fold: labels[fold % 2])
    mixed = cross_model_study(world.sets[:2], world.protocol, methods=[f"auto-both{cohort}"])
    for cell in mixed.cells:
        accuracies = []
        for label in labels:
            monkeypatch.setattr(FoldScores, "_choose", lambda self, options, s, t, fold, label=label: label)
            alone = cross_model_study(world.sets[:2], world.protocol, methods=[f"auto-both{cohort}"])
            accuracies.append(alone.cell(cell.source, cell.target, f"auto-both{cohort}", "same").accuracy.folds)
        expected = [accuracies[fold % 2][fold] for fold in range(world.protocol.n_folds)]
        np.testing.assert_array_equal(cell.accuracy.folds, expected)


def test_people_in_several_folds_are_told_of_by_every_study(world):
    clean = study_room.own_results(world.sets[:2], world.protocol, 0)
    assert not any("several folds" in warning for result in clean for warning in result.warnings)
    image = np.array([int(name.split("/")[1]) for name in world.protocol.left])
    shifted = PairProtocol(
        "images", world.protocol.left, world.protocol.right, world.protocol.same, (world.protocol.fold + image // 4) % 5
    )
    found = cross_model_study(world.sets[:2], shifted, methods=("ols",), workers=1)
    assert found.warnings[0].startswith("60 of 60 people are in pairs of several folds, so that maps are judged on people")
    needed = pairs_needed(
        *world.sets[:2], protocol=shifted, sizes=(40, 80, 120, 160, 240), repeats=1, resamples=5, workers=1
    )
    assert needed.warnings[0] == found.warnings[0]
    nobody = [EmbeddingSet(f.vectors, [n.replace("/", "-") for n in f.ids], model=f.model) for f in world.sets[:2]]
    flat = PairProtocol(
        "flat", *([n.replace("/", "-") for n in side] for side in (shifted.left, shifted.right)), shifted.same, shifted.fold
    )
    assert not any("several folds" in w for result in study_room.own_results(nobody, flat, 0) for w in result.warnings)
