from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.errors import InputError
from facespace.io import to_json
from facespace.privacy import audit_linkage, finding, linkage, linkage_report, linkage_table
from facespace.privacy import design as design_module
from facespace.privacy.design import PROBES, divide

QUICK = {"leaked": (5, 20, 60), "repeats": 3, "resamples": 50, "fpirs": (0.2, 0.1)}


@pytest.fixture(scope="module")
def audit(systems):
    return audit_linkage(*systems, **QUICK)


@settings(max_examples=60, deadline=None)
@given(
    images=st.lists(st.integers(1, 9), min_size=12, max_size=60),
    leaked=st.integers(1, 12),
    enrolled=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_nobody_attacked_has_leaked_and_no_image_is_on_both_sides(images, leaked, enrolled, seed):
    subjects = np.array([f"p{n}" for n in np.repeat(np.arange(len(images)), images)])
    try:
        design = divide(subjects, leaked, enrolled=enrolled, seed=seed)
    except InputError:
        return
    people = [set(design.person[rows].tolist()) for rows in (design.pool, design.gallery, design.probes)]
    assert not people[0] & (people[1] | people[2])
    assert not set(design.gallery.tolist()) & set(design.probes.tolist())
    in_gallery = np.isin(design.person[design.probes], design.person[design.gallery])
    assert np.array_equal(in_gallery, design.mated)
    assert len(np.unique(design.probes)) == len(design.probes)
    assert np.bincount(design.person[design.probes]).max() <= PROBES
    assert np.bincount(design.person[design.gallery]).max() <= enrolled
    assert np.isin(design.leak(0, seed), design.pool).all()
    assert len(design.pool) >= leaked


def test_more_leaked_pairs_name_more_people(systems):
    rising = audit_linkage(*systems, **(QUICK | {"leaked": (3, 6, 60)}))  # from 20 on these systems name nearly everyone
    for faces in systems:
        named = [p.rank1 for p in rising.direction(faces.model, refine=False)]
        assert named == sorted(named)
        assert named[0] < 0.5 < 0.9 < named[-1]


def test_a_leak_that_says_nothing_gives_chance(systems):
    a, b = systems
    noise = np.random.default_rng(1).normal(size=b.vectors.shape)
    result = audit_linkage(a, b.with_vectors(noise, model="noise"), leaked=(60,), repeats=4, resamples=50)
    assert result.chance == pytest.approx(1 / result.counts["gallery"])
    for point in result.points:
        assert point.rank1 < 6 * result.chance
        assert point.fnir_at_fpir[0.1].value > 0.9


@pytest.mark.parametrize(
    ("center", "seed", "tolerance"),
    [(False, 0, 1e-9), (True, 9, 0.02)],  # about the means a draw may lose a probe or two
)
def test_an_exact_map_reaches_what_the_system_reaches_by_itself(systems, center, seed, tolerance):
    a, _ = systems
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(a.dim, a.dim)))[0]
    other = a.with_vectors(a.vectors @ turn, model="turned")
    options = {"method": "orthogonal", "center": center, "seed": seed}
    result = audit_linkage(a, other, leaked=(60,), repeats=1, resamples=20, **options)
    for point, bound in zip(result.points, result.bounds, strict=True):
        assert point.rank1 == pytest.approx(bound.rank1)
        for fpir, rate in point.fnir_at_fpir.items():
            assert rate.value == pytest.approx(bound.fnir_at_fpir[fpir].value, abs=tolerance)


def test_the_other_direction_is_the_audit_of_the_exchanged_sets(audit, systems):
    exchanged = audit_linkage(*reversed(systems), **QUICK)
    for faces in systems:
        assert exchanged.direction(faces.model, False) == audit.direction(faces.model, False)


@pytest.mark.parametrize("refine", [False, True])
def test_sets_in_files_are_audited_as_in_memory_in_whatever_order_they_lie(systems, tmp_path, refine):
    stored = []
    for number, faces in enumerate(systems):
        order = np.random.default_rng(number).permutation(len(faces))
        faces.take(order[:380]).save(tmp_path / str(number), rows_per_file=100)
        stored.append(EmbeddingSet.open(tmp_path / str(number)))
    whole = [faces.take(np.sort(faces.rows(kept.load().ids))) for faces, kept in zip(systems, stored, strict=True)]
    options = {"leaked": (12, 60), "repeats": 2, "resamples": 50, "refine": refine}
    found, wanted = audit_linkage(*stored, **options, engine=LocalEngine(2)), audit_linkage(*whole, **options)
    assert found.to_dict() == wanted.to_dict()
    assert sum("images are in one of the sets only" in warning for warning in found.warnings) == 1


def test_of_many_people_some_are_looked_up_in_the_gallery_of_all(monkeypatch):
    people = np.repeat(np.arange(400), np.arange(400) % 4 + 1)
    whole = divide(people, 5, enrolled=1, seed=0)
    monkeypatch.setattr(design_module, "MOST", 30)
    some = divide(people, 5, enrolled=1, seed=0)
    assert np.array_equal(some.gallery, whole.gallery)
    assert 28 <= np.count_nonzero(some.mated) <= 30 == np.count_nonzero(~some.mated)
    for mated in (True, False):  # the first of them, and each with all probes
        few, all_ = some.probes[some.mated == mated], whole.probes[whole.mated == mated]
        assert np.array_equal(few, all_[: len(few)])


def test_the_seed_fixes_the_document(audit, systems):
    assert to_json(audit_linkage(*systems, **QUICK)) == to_json(audit)
    other = audit_linkage(*systems, **QUICK, seed=1)
    assert [p.rank1 for p in other.points] != [p.rank1 for p in audit.points]
    assert "|seed:1|" in other.signature


def test_the_document_and_its_intervals(audit):
    document = json.loads(to_json(audit))
    assert len(document["points"]) == 6
    for point in document["points"]:
        assert {"leaked", "refine", "rank1", "low", "high", "fnir_at_fpir"} <= set(point)
        assert 0 <= point["low"] <= point["rank1"] <= point["high"] <= 1
        assert set(point["fnir_at_fpir"]) == {"0.2", "0.1"}
        for fpir, (low, high) in point["fnir_intervals"].items():
            assert 0 <= low <= high <= 1
            assert point["fnir_at_fpir"][fpir] >= 1 - point["rank1"] - 1e-9
        assert point["fnir_at_fpir"]["0.1"] >= point["fnir_at_fpir"]["0.2"]
    assert any("non-mated probes" in warning for warning in document["warnings"])


class _Refined:
    def __init__(self, map):
        self.map = map


def test_refine_sees_no_labels_and_its_points_stand_beside_the_others(monkeypatch, systems):
    seen = []

    def stub(start, source, target, statistics):
        seen.append((source, target))
        assert statistics.n == start.facts["pairs"]
        assert source.subject is None
        assert target.subject is None
        assert not set(source.ids.tolist()) & set(target.ids.tolist())
        return _Refined(start)

    monkeypatch.setattr(linkage, "refine_map", stub, raising=False)
    result = audit_linkage(*systems, **QUICK, refine=True)
    assert len(seen) == 2 * 3 * 3
    assert [p.refine for p in result.points] == [False, True] * 6
    for plain, sharp in zip(result.points[::2], result.points[1::2], strict=True):
        assert sharp.rank1 == plain.rank1
        assert sharp.refused == 0


def test_a_refusal_is_counted_and_the_fitted_map_stands_in(monkeypatch, systems):
    def stub(start, source, target, statistics):
        if start.facts["pairs"] < 20:
            raise InputError("the start is too weak")
        return _Refined(start)

    monkeypatch.setattr(linkage, "refine_map", stub, raising=False)
    result = audit_linkage(*systems, **QUICK, refine=True)
    assert [p.refused for p in result.points if p.refine] == [3, 0, 0] * 2
    (told,) = [warning for warning in result.warnings if "refused" in warning]
    assert told.startswith("refine refused (of 3 maps each) 3 with ")
    assert told.count("3 with ") == 2
    assert told.endswith("The first: the start is too weak")
    assert result.points[0].rank1 == result.points[1].rank1


def test_progress_counts_to_the_end(systems):
    calls = []
    audit_linkage(*systems, leaked=(5, 9), repeats=2, resamples=5, progress=lambda *now: calls.append(now))
    assert calls == [(n, 8) for n in range(1, 9)]


def test_sets_of_one_name_are_told_apart(systems):
    a, _ = systems
    result = audit_linkage(a, a, leaked=(30,), repeats=1, resamples=5)
    assert [p.source for p in result.points] == ["net-a (source)", "net-a (target)"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaked": (10_000,)}, "10,000 leaked pairs are more than"),
        ({"leaked": ()}, "at least"),
        ({"leaked": (1,)}, "at least"),
        ({"repeats": 0}, "at least"),
        ({"fpirs": (1.0,)}, "below 1"),
        ({"enrolled": 4}, "more than 4 images"),
    ],
)
def test_unusable_questions_are_refused(systems, change, message):
    with pytest.raises(InputError, match=message):
        audit_linkage(*systems, **(QUICK | change))


def test_sets_without_people_are_refused(systems):
    bare = [EmbeddingSet(s.vectors, s.ids, model=s.model) for s in systems]
    with pytest.raises(InputError, match="nothing says who is in the images of either set"):
        audit_linkage(*bare, **QUICK)
    one_sided = audit_linkage(systems[0], bare[1], **QUICK)
    assert one_sided.points == audit_linkage(*systems, **QUICK).points


def test_fnir_stands_with_its_interval(audit):
    for row in (*audit.points, *audit.bounds):
        document = row.to_dict()
        for fpir, (low, high) in document["fnir_intervals"].items():
            assert low - 1e-9 <= document["fnir_at_fpir"][fpir] <= high + 1e-9
    labels = [column.label for column in linkage_table(audit, brief=True).columns]
    assert labels[-3:] == ["FNIR@0.1", "low", "high"]
    assert linkage_table(audit).rows[-1][-2:] == [100 * n for n in audit.bounds[1].to_dict()["fnir_intervals"]["0.1"]]


def test_the_report_says_what_was_found(audit, tmp_path):
    written = linkage_report(audit).write(tmp_path)
    page = written[0].read_text()
    assert [path.name for path in written] == ["report.html", "rank1.svg", "rank1.png"]
    best = max((p for p in audit.points if p.leaked == 60), key=lambda p: p.rank1)
    assert f"With 60 leaked pairs, {100 * best.rank1:.1f} %" in finding(audit)
    for part in ("What was tested", "net-a", "net-b", "FNIR@0.1", "A by itself", audit.signature, "guessing"):
        assert part in page


def test_twins_of_one_vector_are_never_named():
    """Every face is also another person's, entry for entry: a tie is no match, whichever row comes first."""
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(4, 8))[np.arange(60) % 4], 3, axis=0)  # 60 people share four faces
    ids = [f"p{i // 3}/{i % 3}" for i in range(180)]
    for order in (slice(None), slice(None, None, -1)):
        faces = [EmbeddingSet(vectors[order], ids[order], model=name) for name in ("one", "two")]
        found = audit_linkage(*faces, leaked=(6,), repeats=1, resamples=10, fpirs=())
        assert [bound.rank1 for bound in found.bounds] == [0.0, 0.0]
        assert {point.rank1 for point in found.points} == {0.0}
        assert sum("are copies of gallery entries" in warning for warning in found.warnings) == 2  # of each network
