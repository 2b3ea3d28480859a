"""The same trials every way, of people whom no map has seen."""

import numpy as np
import pytest
from two_networks import world

from facespace.errors import InputError
from facespace.mapping import fit_map, load_map
from facespace.migration import Direction, Evidence, compare_arms


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_trials_are_all_ordered_pairs_and_scores_their_cosines(scene):
    old, new = world(5, images=3, seed=7)
    evidence = Evidence.of(old, new)
    way = Direction.of(load_map(scene.map))
    person = [name.split("/")[0] for name in evidence.ids.tolist()]
    rows = [old.ids.tolist().index(one) for one in evidence.ids.tolist()]
    mapped = way.templates.transform(old.vectors)
    wanted = {True: [], False: []}
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                wanted[person[i] == person[j]].append(cosine(mapped[a], new.vectors[b]))
    genuine, impostor = evidence.scores(way)
    assert len(genuine) == 5 * 3 * 2
    assert len(impostor) == 15 * 12
    np.testing.assert_allclose(np.sort(genuine), np.sort(wanted[True]), atol=1e-6)
    np.testing.assert_allclose(np.sort(impostor), np.sort(wanted[False]), atol=1e-6)


def test_people_whom_the_map_was_fitted_on_are_left_out_and_counted(scene):
    fitted = load_map(scene.map).fitted
    old, new = world(150, seed=1)
    with pytest.raises(InputError, match="are of people whom the map was fitted on"):
        Evidence.of(old, new, [fitted])
    both = [old.take(np.arange(30)), new.take(np.arange(30))]
    ids = [*both[0].ids.tolist(), *scene.check[0].ids.tolist()]
    joined = [
        type(a)(np.concatenate([a.vectors, b.vectors]), ids, model=a.model) for a, b in zip(both, scene.check, strict=True)
    ]
    evidence = Evidence.of(*joined, [fitted])
    assert evidence.people == 120
    assert any("30 of 390 images" in told for told in evidence.warnings)


def test_a_map_that_keeps_nobody_is_told():
    assert any("doesn't say whom" in told for told in Evidence.of(*world(20), [None]).warnings)


def test_of_each_person_four_images_and_two_are_needed():
    assert len(Evidence.of(*world(10, images=9)).ids) == 40
    with pytest.raises(InputError, match="Two images a person"):
        Evidence.of(*world(10, images=1))


def test_arms_at_their_own_thresholds(scene):
    evidence = Evidence.of(*scene.check)
    way = Direction.of(load_map(scene.map))
    found = compare_arms(evidence, [way, Direction.of_queries(load_map(scene.back))], 0.01)
    assert list(found.arms) == ["old", "gallery", "queries", "new"]
    for name, arm in found.arms.items():
        genuine, impostor = evidence.scores({"gallery": way}.get(name, name)) if name != "queries" else (None, None)
        if genuine is None:
            continue
        assert np.mean(impostor >= arm.threshold) <= 0.01
        assert np.mean(impostor >= arm.threshold) == pytest.approx(0.01, abs=1.5 / len(impostor))
        assert arm.tar == pytest.approx(np.mean(genuine >= arm.threshold))
        assert arm.low <= arm.tar <= arm.high
        assert arm.far_low < 0.01 < arm.far_high
    loss = found.losses["gallery"]
    assert loss.loss == pytest.approx(found.arms["old"].tar - found.arms["gallery"].tar)
    assert loss.low <= loss.loss <= loss.high


def test_few_false_accepts_are_told(scene):
    assert "too few to place a threshold" in compare_arms(Evidence.of(*world(20)), [], 1e-4).warnings[0]


def test_a_likelihood_ratio_moves_no_gallery():
    with pytest.raises(InputError, match="moves none of them"):
        Direction.of(fit_map(*world(150, seed=1), "likelihood"))
