"""Which scores a threshold is chosen on: of maps that did not see them, written out; and what in-sample cuts do."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from facespace.cli import main
from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import UnknownNameError
from facespace.mapping import RidgeMap
from facespace.metrics import best_threshold
from facespace.studies import cross_model_study, rank_study, sensitivity_study


def few_people(people=40, images=6, folds=4, latent=24, d=96, seed=1):
    """Two networks of few people in many dimensions: a map nearly knows the training pairs by heart."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(size=(people, latent)), images, axis=0)
    face = centre + 0.9 * rng.normal(size=centre.shape)
    ids = [f"p{i // images:02}/{i % images}" for i in range(people * images)]
    sets = []
    for name in "ab":
        turn = np.linalg.qr(rng.normal(size=(d, d)))[0][:latent]
        sets.append(EmbeddingSet(face @ turn + 0.5 * rng.normal(size=(len(ids), d)), ids, model=name))
    left, right, same, fold = [], [], [], []
    for p in range(people):
        for i in range(0, images, 2):
            other = (p // 10) * 10 + (p + 1 + i) % 10
            left += [f"p{p:02}/{i}"] * 2
            right += [f"p{p:02}/{i + 1}", f"p{other:02}/{i + 1}"]
            same += [True, False]
            fold += [p // 10] * 2
    return sets, PairProtocol("few", left, right, same, fold)


@pytest.fixture(scope="module")
def few():
    return few_people()


@pytest.mark.parametrize("pairing", ["same", "matched"])
def test_every_pair_is_scored_once_by_the_map_without_its_fold_and_cuts_are_chosen_on_the_others(few, pairing):
    """The study, written out pair by pair with scikit-learn's form of the estimator."""
    (a, b), protocol = few
    x, y = (normalize(s.vectors[s.rows(ids)]) for s, ids in ((a, protocol.left), (b, protocol.right)))
    scores = np.empty(len(protocol))
    image_fold = np.array([int(name[1:3]) // 10 for name in a.ids])
    for fold in range(4):
        own = protocol.fold == fold
        if pairing == "same":
            rows = image_fold != fold
            fitted = RidgeMap(1.0).fit(a.normalized()[rows], b.normalized()[rows])
        else:
            rows = ~own & protocol.same
            fitted = RidgeMap(1.0).fit(x[rows], y[rows])
        u, v = fitted.probe(x[own]), fitted.reference(y[own])
        scores[own] = np.vecdot(u, v) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
    expected = []
    for fold in range(4):
        own = protocol.fold == fold
        cut = best_threshold(scores[~own], protocol.same[~own])[0]
        expected.append(np.mean((scores[own] >= cut) == protocol.same[own]))
    result = cross_model_study([a, b], protocol, methods=["ridge"], pairing=pairing)
    cell = result.cell("a", "b", "ridge", pairing)
    np.testing.assert_allclose(cell.accuracy.folds, expected)
    np.testing.assert_allclose(cell.scores, scores, atol=1e-5)
    assert (result.cut, "|cut:out-of-fold|" in result.signature) == ("out-of-fold", True)


def test_in_sample_cuts_cost_few_people_what_the_map_does_not(few):
    """The same scores, another cut: the in-sample one is too high, and the loss is the cut's, not the map's."""
    (a, b), protocol = few
    found = {cut: cross_model_study([a, b], protocol, methods=["ridge"], pairing="matched", cut=cut) for cut in CUTS}
    out, seen = (found[cut].cell("a", "b", "ridge", "matched") for cut in CUTS)
    np.testing.assert_allclose(out.scores, seen.scores, atol=1e-5)
    assert np.mean(seen.accuracy.thresholds) > np.mean(out.accuracy.thresholds) + 0.05
    assert out.accuracy.mean > seen.accuracy.mean + 0.03


CUTS = ("out-of-fold", "in-sample")


def test_the_curves_end_in_the_study_s_number_whatever_the_cut(few):
    (a, b), protocol = few
    for cut in CUTS:
        whole = cross_model_study([a, b], protocol, methods=["ridge"], cut=cut).cell("a", "b", "ridge", "same").accuracy.mean
        for study in (sensitivity_study, rank_study):
            points = study(a, b, protocol, methods=["ridge"], cut=cut).curve("ridge")
            assert points[-1].accuracy == pytest.approx(whole)


def test_more_pairs_and_more_directions_help_few_people_too(few):
    (a, b), protocol = few
    curve = sensitivity_study(a, b, protocol, methods=["ridge"], sizes=[10, 25, 50, 100], repeats=3).curve("ridge")
    accuracies = [point.accuracy for point in curve]
    assert all(later > earlier - 0.01 for earlier, later in itertools.pairwise(accuracies))
    ranks = rank_study(a, b, protocol, methods=["ridge"], ranks=[1, 4, 12, 24]).curve("ridge")
    assert min(point.accuracy for point in ranks) > 0.5
    assert ranks[-1].accuracy > ranks[0].accuracy + 0.1


def test_a_cut_that_does_not_exist_is_named(few, tmp_path, capsys):
    (a, b), protocol = few
    for study in (lambda: cross_model_study([a, b], protocol, cut="in"), lambda: rank_study(a, b, protocol, cut="in")):
        with pytest.raises(UnknownNameError, match="unknown cut 'in'"):
            study()
    paths = [str(s.save(tmp_path / f"{s.model}.parquet")) for s in (a, b)]
    pairs = tmp_path / "pairs.csv"
    lines = zip(protocol.left, protocol.right, protocol.same.astype(int), protocol.fold, strict=True)
    pairs.write_text("id1,id2,same,fold\n" + "".join(f"{p},{q},{s},{f}\n" for p, q, s, f in lines))
    command = ["study", "cross-model", *paths, "--pairs", str(pairs), "--methods", "ridge", "--json"]
    assert main([*command, "--cut", "in-sample"]) == 0
    assert json.loads(capsys.readouterr().out)["cut"] == "in-sample"
