"""What the tables of docs/maps.md rest on: intervals, pairs drawn at random, stored and turned images."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facespace import EmbeddingSet
from facespace.datasets import PairProtocol
from facespace.metrics import accuracy_error

SCRIPTS = Path(__file__).parents[1] / "scripts"
if not SCRIPTS.exists():
    pytest.skip("not a checkout", allow_module_level=True)
sys.path.insert(0, str(SCRIPTS))

from degrade_images import degraded, turned  # noqa: E402
from map_storage import stored  # noqa: E402
from maptrials.tables import Decisions, cell  # noqa: E402
from maptrials.trials import Trial, random_trial  # noqa: E402


def faces(people: int = 60, each: int = 12, seed: int = 0) -> dict[str, EmbeddingSet]:
    random = np.random.default_rng(seed)
    ids = [f"p{person:03}/{image}" for person in range(people) for image in range(each)]
    centres = np.repeat(random.normal(size=(people, 16)), each, axis=0)
    return {net: EmbeddingSet(centres + random.normal(size=centres.shape), ids, model=net) for net in ("a", "b")}


def test_the_standard_error_over_people_is_that_of_the_library():
    """Of one pair of networks; the library's own adds a discordant pair, so it is never below."""
    trial = random_trial("r", faces())
    one, two = trial.own["a"], trial.own["b"]
    people = tuple(np.asarray(side) for side in trial.people)
    mine, its = trial.error(one.astype(float) - two.astype(float)), accuracy_error(one, two, trial.same, people)
    assert mine <= its <= 1.02 * mine


def test_pairs_drawn_at_random_share_nobody_between_folds():
    trial = random_trial("r", faces())
    assert trial.same.sum() == (~trial.same).sum()
    folds = [set(np.concatenate([side[trial.fold == fold] for side in trial.people]).tolist()) for fold in range(10)]
    assert sum(len(fold) for fold in folds) == len(set().union(*folds))
    genuine = trial.people[0][trial.same] == trial.people[1][trial.same]
    assert genuine.all()
    assert not (trial.people[0] == trial.people[1])[~trial.same].any()


def test_pairs_without_an_embedding_are_left_out_and_counted():
    sets = faces(20)
    short = sets["b"].take(np.arange(1, len(sets["b"])))
    lines = PairProtocol("p", ["p000/0", "p001/0", "p002/0"], ["p000/1", "p001/1", "p003/0"], [True, True, False], [0, 0, 1])
    trial = Trial.of("p", lines, {"a": sets["a"], "b": short})
    assert (trial.dropped, len(trial.same)) == (1, 2)


def test_a_cell_is_of_the_mean_over_networks_and_of_the_worst_of_them():
    trial = random_trial("r", faces())
    decisions = Decisions(None)
    decisions.right = {("r", "m", "a", "b"): trial.own["b"], ("r", "m", "b", "a"): np.zeros_like(trial.own["a"])}
    losses = decisions.losses(trial, "m", [("a", "b"), ("b", "a")])
    own = 100 * trial.own["a"].mean()
    assert cell(trial, losses).split(" ")[0] == f"{own / 2:.2f}"
    assert cell(trial, losses).split(" ")[-1] == f"{own:.2f}"
    assert decisions.losses(trial, "other", [("a", "b")]) is None


def test_what_was_kept_of_other_pairs_is_made_again(tmp_path):
    trial = random_trial("r", faces())
    key = ("r", "m", "a", "b")
    Decisions(tmp_path).work("x", {"r": trial}, lambda: [(key, trial.own["a"])])
    kept = Decisions(tmp_path)
    kept.work("x", {"r": trial}, lambda: pytest.fail("was kept"))
    assert np.array_equal(kept.right[key], trial.own["a"])
    fewer = trial.take(np.arange(50))
    again = Decisions(tmp_path)
    again.work("x", {"r": fewer}, lambda: [(key, fewer.same)])
    assert len(again.right[key]) == 50


def test_int8_has_one_scale_a_vector():
    vectors = np.random.default_rng(0).normal(size=(50, 64)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    back, largest = stored(vectors, "int8"), np.abs(vectors).max(axis=1, keepdims=True)
    steps = 127 * back / np.abs(back).max(axis=1, keepdims=True)
    assert np.allclose(steps, np.rint(127 * vectors / largest), atol=1e-3)
    assert np.allclose(np.linalg.norm(back, axis=1), 1)
    assert np.abs(stored(vectors, "float16") - unit).max() < 2**-11 * np.abs(unit).max() * 1.5
    assert np.allclose(stored(vectors, "float32"), unit)


def test_landmarks_turn_with_the_picture():
    picture = np.zeros((176, 176, 3), np.uint8)
    picture[58:63, 118:123] = 255
    there = np.asarray(degraded(Image.fromarray(picture), "turned"), dtype=float)[..., 0]
    y, x = np.indices(there.shape)
    middle = [(x * there).sum() / there.sum(), (y * there).sum() / there.sum()]
    assert turned(np.array([[120.0, 60.0]]), (176, 176))[0] == pytest.approx(middle, abs=0.6)
