from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.io import to_json
from facespace.mapping import CanonicalSpace
from facespace.metrics import Roc, kfold_accuracy
from facespace.verification import System, compare_systems, pair_scores, verify


def gallery(people=30, images=4, dim=16, spread=0.8, seed=0):
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(size=(people, dim)), images, axis=0)
    ids = [f"p{p:02d}/{i}" for p in range(people) for i in range(images)]
    return EmbeddingSet(centre + spread * rng.normal(size=centre.shape), ids, model="demo")


def pairs(people=30, folds=5, plain=False):
    rows = []
    for p in range(people):
        rows += [(f"p{p:02d}/{i}", f"p{p:02d}/{j}", True, p % folds) for i in range(4) for j in range(i)]
        other = (p + folds) % people  # a person of the same fold
        rows += [(f"p{p:02d}/{i}", f"p{other:02d}/{j}", False, p % folds) for i in range(3) for j in range(2)]
    left, right, same, fold = (np.array(column) for column in zip(*rows, strict=True))
    return PairProtocol("made", left, right, same, None if plain else fold)


@pytest.fixture(scope="module")
def faces():
    return gallery()


def test_result_is_composed_of_its_parts(faces):
    protocol = pairs()
    result = verify(faces, protocol=protocol, fars=(0.1, 0.05))
    scores = pair_scores(faces, faces, faces.rows(protocol.left), faces.rows(protocol.right))
    roc = Roc(scores[protocol.same], scores[~protocol.same])
    assert (result.auc, result.eer) == (roc.auc, roc.eer)
    assert [row.tar for row in result.tar] == [roc.tar_at_far(far).tar for far in (0.1, 0.05)]
    assert np.array_equal(result.accuracy.folds, kfold_accuracy(scores, protocol.same, protocol.fold).folds)
    assert (result.pairs, result.genuine, result.impostor) == (360, 180, 180)


def test_json_document_has_the_keys_scripts_rely_on(faces):
    document = json.loads(to_json(verify(faces, protocol=pairs())))
    assert {"signature", "pairs", "genuine", "impostor", "accuracy", "tar", "auc", "eer", "warnings"} <= set(document)
    assert {"mean", "sd", "folds"} <= set(document["accuracy"])
    assert len(document["accuracy"]["folds"]) == 5
    for row in document["tar"]:
        assert set(row) == {"far", "tar", "low", "high", "threshold", "false_accepts"}
        assert row["low"] <= row["tar"] <= row["high"]


def test_same_seed_same_document_and_signature_says_how(faces):
    one, two = (to_json(verify(faces, protocol=pairs(plain=True), seed=seed)) for seed in (4, 4))
    assert one == two
    line = verify(faces, protocol=pairs(plain=True), seed=4).signature
    assert line.startswith(
        "made|model:demo|pairs:360|folds:10-random|threshold:exact|interval:subjects-dyadic|people_by:folder|seed:4|"
    )


def test_lists_without_folds_are_cut_into_balanced_ones(faces):
    result = verify(faces, protocol=pairs(plain=True))
    assert len(result.accuracy.folds) == 10
    assert result.accuracy.mean == pytest.approx(verify(faces, protocol=pairs()).accuracy.mean, abs=0.05)


def test_two_pairs_are_too_few_for_an_accuracy_and_it_says_so(faces):
    protocol = PairProtocol("tiny", ["p00/0", "p00/1"], ["p00/1", "p01/1"], [True, False])
    result = verify(faces, protocol=protocol)
    assert result.accuracy is None
    assert result.to_dict()["accuracy"] is None
    assert any("no accuracy" in warning for warning in result.warnings)


class Turn:
    """A map that turns the source and leaves the reference."""

    method = "turn"

    def __init__(self, turn):
        self.turn = turn

    def probe(self, X):
        return X @ self.turn

    def reference(self, Y):
        return Y


def test_a_map_that_undoes_a_rotation_restores_every_score(faces):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))[0]
    turned = faces.with_vectors(faces.vectors @ turn.T, "turned")
    native, lost = verify(faces, protocol=pairs()), verify(turned, faces, protocol=pairs())
    mapped = verify(turned, faces, protocol=pairs(), map=Turn(turn))
    assert np.allclose(mapped.genuine_scores, native.genuine_scores, atol=1e-6)
    assert lost.accuracy.mean < 0.7 < native.accuracy.mean
    assert any("without a map" in warning for warning in lost.warnings)
    assert "|model:turned|target:demo|map:turn|" in mapped.signature


def test_the_left_image_is_of_a_and_the_right_one_of_b(faces):
    protocol = pairs()
    only_left, only_right = (faces.select(np.unique(ids)) for ids in (protocol.left, protocol.right))
    assert np.array_equal(
        verify(only_left, only_right, protocol=protocol).genuine_scores, verify(faces, protocol=protocol).genuine_scores
    )


def test_missing_ids_stop_unless_allowed_and_are_then_counted(faces):
    some = faces.take(np.arange(1, len(faces)))
    with pytest.raises(InputError, match="1 of the 120 ids"):
        verify(some, protocol=pairs())
    result = verify(some, protocol=pairs(), allow_missing=True)
    lost = int(((pairs().left == "p00/0") | (pairs().right == "p00/0")).sum())
    assert (result.skipped, result.pairs) == (lost, 360 - lost)
    assert result.to_dict()["missing"]["pairs"] == lost
    assert any(f"{lost} of 360 pairs were left out" in warning for warning in result.warnings)
    assert f"|skipped:{lost}|" in result.signature


def test_unknown_people_are_said_to_be_taken_as_independent_pairs(faces):
    names = {name: f"{number}" for number, name in enumerate(faces.ids.tolist())}
    renamed = EmbeddingSet(faces.vectors, list(names.values()))
    protocol = pairs()
    other = PairProtocol(
        "p", [names[i] for i in protocol.left], [names[i] for i in protocol.right], protocol.same, protocol.fold
    )
    result = verify(renamed, protocol=other)
    assert result.interval == "pairs-independent"
    assert any("independent" in warning for warning in result.warnings)


def test_intervals_can_be_left_out(faces):
    result = verify(faces, protocol=pairs(), intervals=False)
    assert result.tar[0].low is None
    assert result.accuracy_low is None
    assert result.interval == "none"


def test_mistakes_are_named(faces):
    with pytest.raises(InputError, match="only one is given"):
        verify(faces, protocol=pairs(), map=Turn(np.eye(16)))
    with pytest.raises(InputError, match="zero vectors"):
        verify(faces, faces, protocol=pairs(), map=Turn(np.zeros((16, 16))))
    with pytest.raises(DimensionError, match="width 16 can't be compared with vectors of width 8"):
        verify(faces, faces.with_vectors(faces.vectors[:, :8], "narrow"), protocol=pairs())
    with pytest.raises(InputError, match="between 0 and 1, not 2"):
        verify(faces, protocol=pairs(), fars=[2])


def unbalanced(genuine, impostor, n=400, seed=0):
    """Noise, and a list in which one class is the larger."""
    rng = np.random.default_rng(seed)
    ids = np.arange(n).astype(str)
    one = rng.integers(0, n, genuine + impostor)
    two = (one + 1 + rng.integers(0, n - 1, len(one))) % n
    faces = EmbeddingSet(rng.normal(size=(n, 32)), ids, model="noise")
    return faces, PairProtocol("uneven", ids[one], ids[two], np.arange(len(one)) < genuine)


@pytest.mark.parametrize(("genuine", "impostor", "word"), [(320, 3000, "nobody"), (3000, 320, "all")])
def test_noise_on_a_list_of_unequal_classes_is_called_chance(genuine, impostor, word):
    faces, protocol = unbalanced(genuine, impostor)
    result = verify(faces, protocol=protocol)
    assert result.chance == 3000 / 3320
    assert f"accepting {word} is right on 90.36 %, balanced accuracy 50." in result.counts.replace("49.9", "50.")
    assert any(f"better than accepting {word}, which is right on 90.36 %" in text for text in result.warnings)
    document = json.loads(to_json(result))
    assert document["chance"] == pytest.approx(0.9036, abs=1e-4)
    assert document["balanced_accuracy"] == pytest.approx(0.5, abs=0.02)
    assert document["balanced_accuracy_low"] <= document["balanced_accuracy"] <= document["balanced_accuracy_high"]
    both = compare_systems(System(faces, name="a"), System(faces, name="b"), protocol=protocol)
    assert [text[:12] for text in both.warnings if "accepting" in text] == ["a: accuracy ", "b: accuracy "]


def test_a_network_that_knows_people_is_better_than_chance(faces):
    result = verify(faces, protocol=pairs())
    assert (result.chance, result.counts) == (0.5, "360 pairs: 180 genuine, 180 impostor")
    assert not any("accepting" in text for text in result.warnings)
    assert result.accuracy.balanced == pytest.approx(result.accuracy.mean)


@pytest.mark.parametrize(
    ("fold", "lacks"),
    [
        (lambda same: 1 - same, "fold 0 can't be judged: no genuine"),
        (lambda same: 3 * same, "fold 3 can't be judged: no gen"),
    ],
)
def test_folds_of_one_class_each_give_no_accuracy(faces, fold, lacks):
    protocol = pairs(plain=True)
    sorted_by_class = dataclasses.replace(protocol, fold=fold(protocol.same.astype(int)))
    result = verify(faces, protocol=sorted_by_class)
    assert result.accuracy is None
    assert result.auc > 0.9
    assert any(text.startswith(f"no accuracy: {lacks}") for text in result.warnings)
    both = compare_systems(System(faces, name="a"), System(faces, name="b"), protocol=sorted_by_class)
    assert both.accuracy is None
    assert both.warnings[0].startswith("no accuracy: fold")


def test_some_folds_of_one_class_are_named(faces):
    protocol = pairs(plain=True)
    fold = np.where(protocol.same, np.arange(360) % 3, np.arange(360) % 2)  # fold 2 has no impostor pair
    result = verify(faces, protocol=dataclasses.replace(protocol, fold=fold))
    assert result.accuracy is not None
    assert any(text.startswith("fold 2 has pairs of one class only") for text in result.warnings)


def test_what_the_reader_guessed_and_what_cannot_be_seen_is_among_the_warnings(faces):
    protocol = dataclasses.replace(pairs(), notes=("p.txt was read as lines 'id id same' without a header",))
    assert verify(faces, protocol=protocol).warnings[0] == protocol.notes[0]
    left = protocol.left.astype("U9")
    left[0] += "\u200b"
    odd = dataclasses.replace(protocol, left=left)
    with pytest.raises(InputError, match=r"(?s)have no embedding.*ZERO WIDTH SPACE.*--allow-missing"):
        verify(faces, protocol=odd)
    warnings = " ".join(verify(faces, protocol=odd, allow_missing=True).warnings)
    assert "ids have no embedding" in warnings
    assert "ZERO WIDTH SPACE" in warnings


def test_folds_of_unequal_sizes_give_one_accuracy_with_its_interval_alone_and_beside_another(faces):
    protocol = pairs(plain=True)
    fold = np.where(np.arange(len(protocol)) % len(protocol) < 6, 0, 1 + np.arange(len(protocol)) % 2)
    unequal = dataclasses.replace(protocol, fold=fold)
    noise = np.random.default_rng(0).normal(size=faces.vectors.shape)
    other = EmbeddingSet(faces.vectors + 0.5 * noise, faces.ids, model="other")
    one, two = (verify(each, protocol=unequal) for each in (faces, other))
    found = compare_systems(System(faces), System(other), protocol=unequal).accuracy
    assert (found.first, found.second) == pytest.approx((one.accuracy.mean, two.accuracy.mean))
    for low, high, result in ((found.first_low, found.first_high, one), (found.second_low, found.second_high, two)):
        assert (low, high) == pytest.approx((result.accuracy_low, result.accuracy_high))
        assert low < result.accuracy.mean < high


def test_people_of_the_cohort_who_are_in_the_pairs_are_named(faces):
    protocol = pairs()
    others = EmbeddingSet(faces.vectors[:8] + 0.1, [f"p{n:02d}/other" for n in range(4)] + [f"q{n}/1" for n in range(4)])
    found = verify(faces, protocol=protocol, cohort=(others, others))
    assert any(w.startswith("4 people of the pairs are in the cohort, by their names: p00, p01") for w in found.warnings)
    apart = others.take(np.arange(4, 8))
    assert not any("cohort" in warning for warning in verify(faces, protocol=protocol, cohort=(apart, apart)).warnings)


def test_sets_in_a_hub_are_told_to_be_judged_on_others(faces):
    other = EmbeddingSet(faces.vectors[:, ::-1], faces.ids, model="other")
    hub = CanonicalSpace.fit({"demo": faces, "other": other})
    moved = hub.apply("demo", faces)
    told = "a hub doesn't say whom it was fitted on: judge it on other people than its own"
    for one, two in ((moved, hub.apply("other", other)), (hub.leave("other", moved), other)):
        assert told in verify(one, two, protocol=pairs()).warnings
    assert told not in verify(faces, protocol=pairs()).warnings
