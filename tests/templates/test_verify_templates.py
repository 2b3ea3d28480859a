"""Verification of templates: the figures of a full sort, across networks, in shards, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from facespace.datasets import TemplateProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, FileFormatError, InputError
from facespace.io import jsonable
from facespace.mapping import fit_map
from facespace.metrics import Roc
from facespace.templates import (
    TemplateShard,
    load_shards,
    merge_shards,
    pool_templates,
    score_shard,
    score_templates,
    verify_templates,
)
from facespace.templates import _scores as _template_scores

PEOPLE, DIM = 60, 16


def made_faces(seed=0):
    """Six faces of each person in two templates, by two networks that see the same person with some noise."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), 6)
    hidden = rng.normal(size=(PEOPLE, DIM))[person] + 0.7 * rng.normal(size=(6 * PEOPLE, DIM))
    ids = [f"{i}" for i in range(6 * PEOPLE)]
    turn = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
    one = EmbeddingSet(9 * hidden + rng.normal(size=hidden.shape), ids, model="one")
    two = EmbeddingSet((hidden + 0.3 * rng.normal(size=hidden.shape)) @ turn, ids, model="two")
    return one, two


def made_protocol(shuffled=False, pairs=4000, seed=1):
    rng = np.random.default_rng(seed)
    template = np.repeat(np.arange(2 * PEOPLE), 3)
    left = np.concatenate([2 * np.arange(PEOPLE), 2 * rng.integers(0, PEOPLE, pairs)])
    right = np.concatenate([2 * np.arange(PEOPLE) + 1, 2 * rng.integers(0, PEOPLE, pairs) + 1])
    order = rng.permutation(len(left)) if shuffled else np.argsort(left, kind="stable")
    left, right = left[order], right[order]
    names = np.array([f"t{i:03}" for i in range(2 * PEOPLE)])
    return TemplateProtocol.from_columns(
        "made",
        images=[f"{i}" for i in range(6 * PEOPLE)],
        template=names[template],
        media=np.arange(6 * PEOPLE) // 2,
        left=names[left],
        right=names[right],
        same=left // 2 == right // 2,
    )


def plain_scores(x, y, protocol):
    left, right = x.vectors.astype(np.float64), y.vectors.astype(np.float64)
    left, right = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (left, right))
    return np.einsum("ij,ij->i", left[protocol.left], right[protocol.right])


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_figures_are_those_of_a_full_sort(shuffled):
    faces, protocol = made_faces()[0], made_protocol(shuffled)
    result = verify_templates(faces, protocol=protocol, fars=(0.1, 0.01, 1e-3), nearest=True)
    assert np.allclose(result.scores, plain_scores(*[pool_templates(faces, protocol)] * 2, protocol), atol=1e-6)
    roc = Roc(result.scores[protocol.same], result.scores[~protocol.same])
    assert (result.auc, result.eer, result.auc_error) == (roc.auc, roc.eer, 0.0)
    for row, near in zip(result.tar, result.nearest, strict=True):
        full = roc.tar_at_far(row.far)
        assert (row.tar, row.threshold, row.false_accepts) == (full.tar, full.threshold, full.false_accepts)
        assert row.low <= row.tar <= row.high
        assert near == roc.tar_at_nearest_far(row.far)
    assert (result.pairs, result.genuine, result.people) == (len(protocol), protocol.genuine, PEOPLE)
    assert (result.templates, result.faces) == (2 * PEOPLE, 6 * PEOPLE)
    assert np.array_equal(result.same, protocol.same)
    assert np.array_equal(result.person_left == result.person_right, protocol.same)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(("rows", "columns", "sparse"), [(256, 32_768, 12), (7, 11, 12), (256, 32_768, 0)])
def test_tiles_and_gathering_give_the_scores(monkeypatch, shuffled, rows, columns, sparse):
    monkeypatch.setattr(_template_scores, "_ROWS", rows)
    monkeypatch.setattr(_template_scores, "_COLUMNS", columns)
    monkeypatch.setattr(_template_scores, "_SPARSE", sparse)
    faces, protocol = made_faces()[0], made_protocol(shuffled)
    pooled = pool_templates(faces, protocol)
    plan = _template_scores.TemplateScores(protocol.left, protocol.right)
    scores = plan.scores(pooled.vectors, pooled.vectors)
    assert np.allclose(scores, plain_scores(pooled, pooled, protocol), atol=1e-6)
    assert np.array_equal(plan.scores(pooled.vectors, pooled.vectors, workers=1), scores)
    some = np.sort(np.random.default_rng(0).permutation(len(protocol))[:500])
    assert np.array_equal(plan.scores(pooled.vectors, pooled.vectors, some), scores[some])


def test_an_unmapped_network_is_chance_and_a_map_brings_it_back():
    one, two = made_faces()
    protocol = made_protocol()
    strangers = verify_templates(one, two, protocol=protocol)
    assert any("compared without a map" in text for text in strangers.warnings)
    linear = fit_map(one, two, method="ols")
    mapped = verify_templates(one, two, protocol=protocol, map=linear)
    native = verify_templates(two, protocol=protocol)
    assert strangers.auc < 0.7 < 0.95 < mapped.auc <= native.auc + 0.01
    assert "|model:one|target:two|map:ols|mapped:templates|pooling:media-mean|" in mapped.signature
    # The map's two sides, by hand.
    x, y = pool_templates(one, protocol), pool_templates(two, protocol)
    by_hand = plain_scores(
        dataclasses.replace(x, vectors=linear.probe(x.vectors), ids=x.ids),
        dataclasses.replace(y, vectors=linear.reference(y.vectors), ids=y.ids),
        protocol,
    )
    assert np.allclose(mapped.scores, by_hand, atol=1e-6)
    faces_first = verify_templates(one, two, protocol=protocol, map=linear, map_faces=True)
    assert "mapped:faces" in faces_first.signature
    assert faces_first.auc == pytest.approx(mapped.auc, abs=0.02)
    assert not np.array_equal(faces_first.scores, mapped.scores)


def test_for_the_papers_maps_both_orders_are_one():
    """A map that is linear on vectors as they are: mapping faces and mapping pooled templates is the same."""

    class Plain:
        weight = np.random.default_rng(0).normal(size=(DIM, DIM)).astype(np.float32)

        def probe(self, X):
            return X @ self.weight

        def reference(self, Y):
            return Y

    one, two = made_faces()
    scores = [
        verify_templates(one, two, protocol=made_protocol(), map=Plain(), map_faces=first).scores for first in (False, True)
    ]
    assert np.allclose(scores[0], scores[1], atol=1e-6)


@pytest.mark.parametrize(("count", "shuffled"), [(2, False), (7, True), (61, False)])  # 60 left templates: one part is empty
def test_shards_merge_to_one_run(tmp_path, shuffled, count):
    faces, protocol = made_faces()[0], made_protocol(shuffled)
    for index in range(1, count + 1):
        shard = score_shard(faces, protocol=protocol, shard=(index, count))
        shard.save(tmp_path / shard.file_name)
    shards = load_shards(tmp_path)
    np.random.default_rng(0).shuffle(shards)
    merged, whole = merge_shards(shards, nearest=True), verify_templates(faces, protocol=protocol, nearest=True)
    assert merged.histogram == whole.histogram
    one, other = jsonable(whole), jsonable(merged)
    for row, again in zip(one["tar"], other["tar"], strict=True):  # sums of deviations in another order
        for key in ("low", "high"):
            assert again.pop(key) == pytest.approx(row.pop(key), abs=1e-9)
    assert one == other


def test_counts_alone_merge_too_without_intervals():
    faces, protocol = made_faces()[0], made_protocol()
    parts = [score_shard(faces, protocol=protocol, shard=(i, 3), keep_scores=False) for i in (1, 2, 3)]
    assert all(part.scores is None for part in parts)
    merged, whole = merge_shards(parts), verify_templates(faces, protocol=protocol)
    assert [(r.tar, r.threshold) for r in merged.tar] == [(r.tar, r.threshold) for r in whole.tar]
    assert (merged.interval, merged.tar[0].low, merged.scores) == ("none", None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"facts": np.array("no json")}, "facts are no JSON object"),
        ({"facts": np.array("[]")}, "facts are no JSON object"),
        ({"shard": [0, 3]}, "says shard: 0, 3"),
        ({"shard": "1/3"}, "says shard: .* where list is needed"),
        ({"warnings": [3]}, "warnings that are no text"),
        ({"protocol": None}, "says protocol: null, where str"),
        ({"model": {}}, r"says model: \{\}, where str or nothing"),
        ({"pairs": -1}, "says pairs: -1"),
        ({"genuine": 10**400}, "a number of 1329 bits"),
        ({"scores": np.ones(3, np.float32)}, "scores has shape"),
        ({"same": np.ones(60, np.int64)}, "same holds int64, not bool"),
        ({"histogram_floor": np.array([0, 0])}, "histogram_floor has 1 axes"),
        ({"histogram_values": np.array("x")}, "histogram_values holds <U1"),
        ({"histogram_bins": np.array([3, 1], np.int32)}, "histogram_counts has shape"),
        ({"histogram_capacity": np.array(0)}, "holds no histogram"),
        ({"histogram_lowest": np.array(np.nan)}, "histogram_lowest are NaN"),
    ],
)
def test_a_shard_of_odd_content_is_refused(tmp_path, changes, message):
    one, _ = made_faces()
    path = score_shard(one, protocol=made_protocol(), shard=(1, 3)).save(tmp_path / "shard.npz")
    with np.load(path) as held:
        arrays = dict(held)
    facts = json.loads(str(arrays["facts"]))
    for name, value in changes.items():
        place = (
            arrays if name == "facts" else facts if name in facts else facts["facts"] if name in facts["facts"] else arrays
        )
        place[name] = value
    np.savez(path, **{**arrays, "facts": np.array(json.dumps(facts)), **({} if "facts" not in changes else changes)})
    with pytest.raises(FileFormatError, match=rf"shard\.npz .*{message}"):
        TemplateShard.load(path)


def test_shards_whose_counts_are_not_those_of_the_comparison_are_refused():
    one, _ = made_faces()
    part = score_shard(one, protocol=made_protocol())
    with pytest.raises(InputError, match=r"hold the scores of .* of a comparison of 17 pairs"):
        merge_shards([dataclasses.replace(part, facts={**part.facts, "pairs": 17})])


def test_a_shard_may_leave_out_what_is_not_known():
    part = score_shard(made_faces()[0], protocol=made_protocol())
    known = {name: value for name, value in part.facts.items() if name not in ("model", "map", "mapped", "pooling")}
    assert merge_shards([dataclasses.replace(part, facts=known)]).pairs == merge_shards([part]).pairs


def test_shards_that_do_not_belong_together_are_refused(tmp_path):
    one, two = made_faces()
    protocol = made_protocol()
    parts = [score_shard(one, protocol=protocol, shard=(i, 3)) for i in (1, 2, 3)]
    with pytest.raises(InputError, match="1 of 3 shards are missing: 2"):
        merge_shards([parts[2], parts[0]])
    with pytest.raises(InputError, match="given twice: 1 of 3"):
        merge_shards([*parts, parts[0]])
    with pytest.raises(InputError, match="merged: model 'one' and 'two'"):
        merge_shards([*parts[:2], score_shard(two, protocol=protocol, shard=(3, 3))])
    with pytest.raises(InputError, match="3 and 4 parts"):
        merge_shards([*parts[:2], score_shard(one, protocol=protocol, shard=(3, 4))])
    with pytest.raises(InputError, match="no shard 4 of 3"):
        score_shard(one, protocol=protocol, shard=(4, 3))
    with pytest.raises(FileFormatError, match="no shard-"):
        load_shards(tmp_path)
    (tmp_path / "shard-1-of-3.npz").write_bytes(parts[0].save(tmp_path / "x.npz").read_bytes()[:-500])
    with pytest.raises(FileFormatError, match="can't be read as a shard of scores"):
        TemplateShard.load(tmp_path / "shard-1-of-3.npz")


def test_a_template_without_any_embedding_costs_its_pairs():
    faces, protocol = made_faces()[0], made_protocol()
    few = faces.take(np.arange(4, len(faces)))  # the first template has no face left, the second two
    with pytest.raises(InputError, match="4 of the faces"):
        verify_templates(few, protocol=protocol)
    result = verify_templates(few, protocol=protocol, allow_missing=True)
    lost = int((protocol.left == 0).sum())
    assert (result.skipped, result.missing_faces, result.pairs) == (lost, 4, len(protocol) - lost)
    assert any("4 of the 360 faces have no embedding" in text for text in result.warnings)
    assert result.to_dict()["missing"] == {"faces": 4, "pairs": lost}
    pooled = pool_templates(few, protocol, allow_missing=True)
    with pytest.raises(InputError, match=f"{lost} pairs of 'made' name templates without an embedding: t000"):
        score_templates(pooled, protocol=protocol)


def test_few_false_accepts_are_warned_of():
    result = verify_templates(made_faces()[0], protocol=made_protocol(), fars=(1e-1, 1e-4))
    assert any("FAR 0.0001 rests on" in text for text in result.warnings)
    assert not any("FAR 0.1 " in text for text in result.warnings)


def test_unknown_people_are_warned_of():
    protocol = made_protocol()
    same = protocol.same.copy()
    same[np.flatnonzero(~same)[:200]] = True  # links that contradict impostor pairs
    result = verify_templates(made_faces()[0], protocol=dataclasses.replace(protocol, same=same))
    assert result.people is None
    assert any("people in the pairs are not known" in text for text in result.warnings)
    assert "interval:pairs-independent" in result.signature


def test_widths_and_a_lonely_map_are_refused():
    one, two = made_faces()
    narrow = two.with_vectors(two.vectors[:, :5], "narrow")
    with pytest.raises(DimensionError, match="width 16 can't be compared with templates of width 5"):
        verify_templates(one, narrow, protocol=made_protocol())
    with pytest.raises(InputError, match="only one is given"):
        verify_templates(one, protocol=made_protocol(), map=fit_map(one, two, method="ols"))
    with pytest.raises(InputError, match="none of the templates of 'made' is in the set"):
        score_templates(one, protocol=made_protocol())


def with_cohort(seed=0):
    """Faces, strangers' faces by both networks, and a joint map fitted on the strangers."""
    one, two = made_faces(seed)
    rng = np.random.default_rng(seed + 100)
    hidden = rng.normal(size=(90, DIM))
    turn = np.linalg.lstsq(one.vectors, two.vectors, rcond=None)[0]  # near enough to the second network's
    ids = [f"stranger{i}" for i in range(90)]
    strangers = EmbeddingSet(9 * hidden, ids, model="one"), EmbeddingSet(9 * hidden @ turn, ids, model="two")
    return one, two, strangers, fit_map(*strangers, "joint")


def plain_corrections(x, y, strangers, protocol):
    """½ (m(x) + m(y)) of each pair in double precision; all vectors are where they are compared."""
    units = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (np.asarray(v, float) for v in (x, y, *strangers)))
    x, y, one, other = units
    mine, theirs = (np.sort(s, axis=1)[:, -50:].mean(axis=1) for s in (x @ other.T, y @ one.T))
    return 0.5 * (mine[protocol.left] + theirs[protocol.right])


@pytest.mark.parametrize("map_faces", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_cohort_corrects_the_scores_of_templates(monkeypatch, map_faces, shuffled):
    monkeypatch.setattr(_template_scores, "_BATCH", 999)
    one, two, strangers, joint = with_cohort()
    protocol = made_protocol(shuffled)
    result = verify_templates(one, two, protocol=protocol, map=joint, map_faces=map_faces, cohort=strangers)
    ways = [joint.probe, joint.reference]
    if map_faces:
        x, y = (pool_templates(f, protocol, transform=w).vectors for f, w in zip((one, two), ways, strict=True))
    else:
        x, y = (w(pool_templates(f, protocol).vectors) for f, w in zip((one, two), ways, strict=True))
    cohort = [w(s.vectors) for s, w in zip(strangers, ways, strict=True)]
    plain = verify_templates(one, two, protocol=protocol, map=joint, map_faces=map_faces)
    near = plain_corrections(x, y, cohort, protocol)
    np.testing.assert_allclose(result.scores, plain.scores - near, atol=2e-6)
    roc = Roc(result.scores[protocol.same], result.scores[~protocol.same])
    assert (result.auc, result.eer) == (roc.auc, roc.eer)
    assert [r.tar for r in result.tar] == [roc.tar_at_far(r.far).tar for r in result.tar]
    assert "|cohort:90x90@" in result.signature
    assert "cohort" not in plain.signature


def test_one_network_takes_one_set_of_strangers():
    one, _, (strangers, _), _ = with_cohort()
    protocol = made_protocol()
    plain, result = (verify_templates(one, protocol=protocol, cohort=c) for c in (None, (strangers, strangers)))
    x = pool_templates(one, protocol).vectors
    near = plain_corrections(x, x, [strangers.vectors] * 2, protocol)
    np.testing.assert_allclose(result.scores, plain.scores - near, atol=2e-6)


def test_parts_with_a_cohort_merge_to_one_run_and_not_with_parts_without(tmp_path):
    one, two, cohort, joint = with_cohort()
    protocol = made_protocol(True)
    options = {"protocol": protocol, "map": joint, "cohort": cohort}
    for i in (1, 2, 3):
        part = score_shard(one, two, **options, shard=(i, 3))
        part.save(tmp_path / part.file_name)
    merged, whole = merge_shards(load_shards(tmp_path)), verify_templates(one, two, **options)
    assert merged.to_dict() == whole.to_dict()
    assert sorted(merged.scores) == sorted(whole.scores)
    mixed = [
        score_shard(one, two, **options, shard=(1, 2)),
        score_shard(one, two, protocol=protocol, map=joint, shard=(2, 2)),
    ]
    with pytest.raises(InputError, match="merged: cohort '90x90@"):
        merge_shards(mixed)


def test_scores_beyond_a_cosines_range_are_counted_where_they_are():
    """Whoever is the opposite of all strangers scores above 1, whoever is like them, below −1."""
    axis = np.eye(DIM, dtype=np.float32)[:1]
    away = np.repeat([-axis[0], axis[0]], 3 * PEOPLE, axis=0)  # the first half of the people against the second
    one = EmbeddingSet(away + 1e-3 * made_faces()[0].vectors, [f"{i}" for i in range(6 * PEOPLE)], model="one")
    strangers = EmbeddingSet(np.repeat(axis, 60, axis=0), [f"s{i}" for i in range(60)], model="one")
    protocol = made_protocol()
    result = verify_templates(one, protocol=protocol, cohort=(strangers, strangers), fars=(0.3,))
    assert result.scores.max() > 1.9
    roc = Roc(result.scores[protocol.same], result.scores[~protocol.same])
    assert (result.auc, result.tar[0].tar, result.tar[0].threshold) == (
        roc.auc,
        roc.tar_at_far(0.3).tar,
        roc.tar_at_far(0.3).threshold,
    )


def test_images_of_the_templates_are_no_strangers():
    one, two, cohort, joint = with_cohort()
    protocol = made_protocol()
    with pytest.raises(InputError, match="360 images of the templates are in the cohort"):
        verify_templates(one, two, protocol=protocol, map=joint, cohort=(one, cohort[1]))
    pooled = tuple(pool_templates(s, protocol) for s in (one, two))
    with pytest.raises(InputError, match="120 images of the templates are in the cohort: t000"):
        verify_templates(one, two, protocol=protocol, map=joint, cohort=pooled)


@pytest.mark.parametrize("fars", [(0.9,), (), (0.6, 0.7)])
def test_rates_above_one_half_alone_are_rates_too(fars):
    faces, protocol = EmbeddingSet(np.random.default_rng(0).normal(size=(8, 4)), [f"{i}" for i in range(8)]), None
    names = [f"t{i}" for i in range(8)]
    protocol = TemplateProtocol(
        "list", faces.ids, np.arange(8), np.arange(8), names, [0, 2, 4], [1, 3, 5], [True, False, False]
    )
    found = verify_templates(faces, protocol=protocol, fars=fars)
    assert [row.far for row in found.tar] == list(fars)
