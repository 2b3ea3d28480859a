from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.datasets import TemplateList
from facespace.embeddings import EmbeddingSet, normalize
from facespace.engine import LocalEngine
from facespace.errors import DimensionError, InputError
from facespace.gallery.exact import TIE
from facespace.identification import identify, identify_lists, match_probes
from facespace.io import jsonable
from facespace.mapping import fit_map


def sets(seed=0, people=40, strangers=20, each=3):
    """A gallery of one image each of `people`, and probes of them and of strangers."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(people + strangers, 8))
    known = EmbeddingSet(
        centre[:people] + 0.6 * rng.normal(size=(people, 8)),
        [f"g{i}" for i in range(people)],
        subject=[f"p{i}" for i in range(people)],
    )
    who = np.repeat(np.arange(people + strangers), each)
    vectors = centre[who] + 0.6 * rng.normal(size=(len(who), 8))
    return known, EmbeddingSet(vectors, [f"x{i}" for i in range(len(who))], subject=[f"p{p}" for p in who])


def plain(gallery, probes, k, fpir):
    """CMC(k) and FNIR at `fpir` by loops, from the definitions."""
    y, ranks, mates, strangers = normalize(gallery.vectors).astype(float), [], [], []
    for vector, person in zip(normalize(probes.vectors).astype(float), probes.subject, strict=True):
        scores = y @ vector
        own = gallery.subject == person
        if own.any():
            mates.append(scores[own].max())
            ranks.append(1 + sum(s >= mates[-1] - TIE for s in scores[~own]))
        else:
            strangers.append(scores.max())
    hits = [0]
    for threshold in sorted([*mates, *strangers], reverse=True):
        if sum(s >= threshold - 1e-7 for s in strangers) / len(strangers) > fpir:
            break
        hits.append(sum(r == 1 and m >= threshold - 1e-7 for r, m in zip(ranks, mates, strict=True)))
    return np.mean(np.array(ranks) <= k), 1 - hits[-1] / len(mates)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.05, 0.2, 0.6]))
def test_rates_equal_plain_loops(seed, fpir):
    gallery, probes = sets(seed, people=12, strangers=6)
    found = identify(gallery, probes, ranks=(1, 3), fpirs=(fpir,))
    cmc, fnir = plain(gallery, probes, 3, fpir)
    assert found.cmc[1].rate == pytest.approx(cmc)
    assert found.fnir[0].fnir == pytest.approx(fnir)


def test_neither_blocks_nor_the_order_of_the_gallery_matter():
    gallery, probes = sets()
    found = identify(gallery, probes)
    shuffled = gallery.take(np.random.default_rng(1).permutation(len(gallery)))
    for other in (identify(gallery, probes, block=(7, 5)), identify(shuffled, probes)):
        assert np.array_equal(other.ranks, found.ranks)
        assert other.cmc == found.cmc
        assert [row.fnir for row in other.fnir] == [row.fnir for row in found.fnir]


def test_rates_rise_with_the_rank_and_lie_in_their_intervals():
    found = identify(*sets(), ranks=(1, 2, 5, 40), fpirs=(0.05, 0.2))
    rates = [row.rate for row in found.cmc]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1] == 1
    assert found.fnir[0].fnir >= found.fnir[1].fnir >= 1 - rates[0]
    assert all(row.low < row.rate <= row.high for row in found.cmc)
    assert all(row.low <= row.fnir <= row.high for row in found.fnir)
    assert [row.false_positives for row in found.fnir] == [3, 12]
    assert found.mated + found.nonmated == 180


def test_the_curve_runs_through_the_table():
    found = identify(*sets(), fpirs=(0.05, 0.2))
    fpir, fnir = found.det()
    for row in found.fnir:
        assert fnir[np.searchsorted(fpir, row.fpir, side="right") - 1] == pytest.approx(row.fnir)
    assert fnir[-1] == pytest.approx(1 - found.cmc[0].rate)


def test_the_best_entry_of_a_person_counts():
    gallery, probes = sets()
    first = probes.take(np.arange(0, 120, 3))  # a probe of everybody in the gallery, nearly
    more = EmbeddingSet(
        np.concatenate([gallery.vectors, first.vectors * 2 + 1e-4]),
        [*gallery.ids, *(f"n{i}" for i in range(40))],
        subject=[*gallery.subject, *first.subject],
    )
    found = identify(more, probes)
    assert (found.gallery, found.gallery_people) == (80, 40)
    assert (found.ranks[::3] == 1).all()


def test_without_strangers_there_is_no_open_set():
    gallery, probes = sets(strangers=0)
    found = identify(gallery, probes)
    assert found.fnir == ()
    assert found.warnings == ("every probe has a mate in the gallery: no FPIR, and so no FNIR",)
    assert len(found.det()[0]) == 0


def test_few_strangers_are_named_and_the_document_has_the_counts():
    found = identify(*sets(), fpirs=(0.1, 0.5))
    assert "FNIR at FPIR 0.1 rests on 60 non-mated probes: 6 false alarms are expected" in found.warnings[0]
    document = jsonable(found)
    assert document["gallery"] == {"entries": 40, "people": 40}
    assert document["probes"] == {"mated": 120, "nonmated": 60}
    assert document["signature"].startswith(
        "identification|entries:40|people:40|people_by:subject|mated:120|nonmated:60|rank:ties-against|"
    )


def test_people_are_read_from_the_folders_of_ids():
    gallery, probes = sets()
    bare = [EmbeddingSet(s.vectors, np.char.add(np.char.add(s.subject, "/"), s.ids)) for s in (gallery, probes)]
    assert identify(*bare).cmc == identify(gallery, probes).cmc
    with pytest.raises(
        InputError,
        match="nothing says who is in the images of the gallery: no subjects",
    ):
        identify(EmbeddingSet(gallery.vectors, gallery.ids), probes)


def test_unusable_input_is_named():
    gallery, probes = sets()
    with pytest.raises(InputError, match="40 images are in the gallery and among the probes: g0"):
        identify(gallery, gallery)
    with pytest.raises(InputError, match="none of the 60 probes shows a person of the gallery: p40"):
        identify(gallery, probes.take(np.arange(120, 180)))
    with pytest.raises(DimensionError, match="probes of width 8 can't be looked up in a gallery of width 4"):
        identify(gallery.with_vectors(gallery.vectors[:, :4], ""), probes)
    with pytest.raises(InputError, match="ranks are whole numbers from 1, not 0"):
        identify(gallery, probes, ranks=(0,))
    with pytest.raises(InputError, match="at least 0 and below 1, not 1"):
        identify(gallery, probes, fpirs=(1.0,))


def two_networks(seed=0, people=50, strangers=25, each=3, apart=80):
    """(gallery by "two", probes by "one", the cohort by both, a joint map of them); every fifth vector of "one" is bland."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(size=(people + strangers + apart, 10)), each + 1, axis=0)
    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    who = np.repeat(np.arange(people + strangers + apart), each + 1)
    ids = np.array([f"p{p}/{i}" for i, p in enumerate(who)])
    bland = 2.0 * (rng.random((len(who), 1)) < 0.2)
    one = EmbeddingSet(centre + 0.7 * rng.normal(size=centre.shape) + bland, ids, model="one")
    two = EmbeddingSet((centre + 0.7 * rng.normal(size=centre.shape)) @ turn + 0.3, ids, model="two")
    first = np.arange(len(who)) % (each + 1) == 0
    gallery = two.take(np.flatnonzero(first & (who < people)))
    probes = one.take(np.flatnonzero(~first & (who < people + strangers)))
    rest = np.flatnonzero(who >= people + strangers)
    cohort = one.take(rest), two.take(rest)
    return gallery, probes, cohort, fit_map(*cohort, "joint")


def corrected(x, y, cohort, nearest=50):
    """The whole matrix of corrected scores in double precision; all vectors are where they are compared."""
    x, y, one, other = (
        v / np.linalg.norm(v, axis=1, keepdims=True) for v in (np.asarray(v, float) for v in (x, y, *cohort))
    )
    mine, theirs = (np.sort(s, axis=1)[:, -nearest:].mean(axis=1) for s in (x @ other.T, y @ one.T))
    return x @ y.T - 0.5 * (mine[:, None] + theirs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mapped", [True, False])
def test_a_cohort_goes_into_ranking_thresholds_and_rates(seed, mapped):
    gallery, probes, cohort, joint = two_networks(seed)
    # An entry twice under another name: a tie, which counts against the probe.
    twin = EmbeddingSet(gallery.vectors[:2], ["twin1/0", "twin2/0"], model="two")
    gallery = EmbeddingSet(np.concatenate([gallery.vectors, twin.vectors]), [*gallery.ids, *twin.ids], model="two")
    found = identify(gallery, probes, map=joint if mapped else None, cohort=cohort, fpirs=(0.1, 0.3), block=(13, 7))
    sides = (probes, gallery, *cohort)
    ways = (joint.probe, joint.reference) * 2 if mapped else (np.asarray,) * 4
    x, y, *strangers = (way(s.vectors) for way, s in zip(ways, sides, strict=True))
    scores = corrected(x, y, strangers)
    owner = np.array([name.split("/")[0] for name in gallery.ids])
    person = np.array([name.split("/")[0] for name in probes.ids])
    own = person[:, None] == owner
    mated = own.any(axis=1)
    mate = np.where(own, scores, -np.inf).max(axis=1)[mated]
    others = np.where(own, -np.inf, scores)
    ranks = 1 + (others[mated] >= mate[:, None] - TIE).sum(axis=1)
    assert np.array_equal(found.ranks, ranks)
    np.testing.assert_allclose(found.mate, mate, atol=1e-6)
    np.testing.assert_allclose(found.best, others[~mated].max(axis=1), atol=1e-6)
    assert (ranks[np.isin(person[mated], owner[:2])] >= 2).all()
    assert found.cmc[0].rate == pytest.approx(np.mean(ranks == 1))
    for row in found.fnir:
        assert np.mean(found.best >= row.threshold) <= row.fpir
        assert row.fnir == pytest.approx(np.mean((ranks > 1) | (found.mate < row.threshold)))
    assert f"|nonmated:75|cohort:{len(cohort[0])}x{len(cohort[1])}@" in found.signature
    fpir, fnir = found.det()
    assert fnir[np.searchsorted(fpir, 0.3, side="right") - 1] == pytest.approx(found.fnir[1].fnir)


def test_a_cohort_finds_more_where_some_probes_are_bland():
    gallery, probes, cohort, joint = two_networks()
    plain, better = identify(gallery, probes, map=joint), identify(gallery, probes, map=joint, cohort=cohort)
    assert better.fnir[0].fnir < plain.fnir[0].fnir
    assert "cohort" not in plain.signature


def test_nobody_who_is_compared_is_a_stranger():
    gallery, probes, cohort, joint = two_networks()
    with pytest.raises(InputError, match="50 images of the gallery and the probes are in the cohort: p0/0"):
        identify(gallery, probes, map=joint, cohort=(cohort[0], gallery))
    with pytest.raises(InputError, match="225 images of the gallery and the probes are in the cohort"):
        identify(gallery, probes, map=joint, cohort=(probes, cohort[1]))
    with pytest.raises(DimensionError, match="with a cohort of shape"):
        identify(gallery, probes, cohort=(cohort[0], cohort[1].with_vectors(cohort[1].vectors[:, :4], "two")))


def test_lists_take_a_cohort_too():
    gallery, probes, cohort, joint = two_networks()
    lists = [
        TemplateList(name, s.ids, np.array([i.split("/")[0] for i in s.ids])) for name, s in (("G", gallery), ("P", probes))
    ]
    found = identify_lists(gallery, probes, lists[:1], lists[1], map=joint, cohort=cohort)
    whole = identify(gallery, probes, map=joint, cohort=cohort)
    assert np.array_equal(found.galleries["G"].ranks, whole.ranks)
    assert found.galleries["G"].fnir == whole.fnir


@pytest.mark.parametrize("with_cohort", [False, True])
def test_a_probe_that_is_a_copy_of_an_entry_is_named(with_cohort):
    gallery, probes = sets()
    cohort = EmbeddingSet(np.random.default_rng(9).normal(size=(60, 8)), [f"c{i}" for i in range(60)])
    members = (cohort, cohort) if with_cohort else None
    assert not any("copies" in warning for warning in identify(gallery, probes, cohort=members).warnings)
    x = probes.vectors.copy()
    x[[4, 7]] = gallery.vectors[[4, 2]]
    found = identify(gallery, EmbeddingSet(x, probes.ids, subject=probes.subject), cohort=members)
    assert any("2 probes are copies of gallery entries and find themselves: x4, x7" in w for w in found.warnings)


@pytest.mark.parametrize("fpir", [1e-5, 1e-9, 1e-20])
def test_an_fpir_beyond_the_data_has_an_interval_to_one(fpir):
    gallery, probes = sets()
    found = identify(gallery, probes, fpirs=(0.0, fpir))
    assert found.fnir[1].fnir == found.fnir[0].fnir
    assert found.fnir[1].high == 1
    assert any(f"FPIR {fpir:g} rests on" in text or f"{fpir:g}" in text for text in found.warnings)


@pytest.mark.parametrize("with_cohort", [False, True])
@pytest.mark.parametrize("with_map", [False, True])
def test_a_stored_gallery_gives_what_one_in_memory_gives(tmp_path, with_map, with_cohort):
    rng = np.random.default_rng(4)
    centre = rng.normal(size=(60, 12))
    people = [f"p{i}" for i in range(60)]

    def faces(name, who, model):
        x = centre[who] + 0.6 * rng.normal(size=(len(who), 12))
        subject = [people[i] if j % 9 else "" for j, i in enumerate(who)]
        return EmbeddingSet(x, [f"{name}{j}" for j in range(len(who))], model=model, subject=subject)

    gallery, probes = faces("g", np.repeat(np.arange(40), 3), "n"), faces("x", np.repeat(np.arange(60), 2), "n")
    cohort = (faces("c", np.arange(60), "n"),) * 2 if with_cohort else None
    linear = fit_map(faces("f", np.arange(60), "n"), faces("f", np.arange(60), "n"), "ridge") if with_map else None
    for number, rows in enumerate(np.array_split(np.arange(len(gallery)), 3)):
        gallery.take(rows).save(tmp_path / f"{number}.parquet")
    stored = EmbeddingSet.open(tmp_path)
    found = identify(stored, probes, map=linear, cohort=cohort, engine=LocalEngine(2))
    wanted = identify(gallery, probes, map=linear, cohort=cohort)
    assert np.array_equal(found.ranks, wanted.ranks)
    np.testing.assert_allclose(found.mate, wanted.mate, atol=1e-6)
    np.testing.assert_allclose(found.best, wanted.best, atol=1e-6)
    assert (found.warnings, found.signature) == (wanted.warnings, wanted.signature)
    with pytest.raises(InputError, match="in the gallery and among the probes: g0"):
        identify(stored, gallery)


def test_people_of_the_cohort_who_are_looked_up_are_named():
    gallery, probes, cohort, joint = two_networks()
    clean = identify(gallery, probes, map=joint, cohort=cohort)
    assert not any("people of" in warning for warning in clean.warnings)
    images = [np.char.add(side.ids, "-again") for side in (probes, cohort[1])]  # p0/0-again is another image of p0
    both = EmbeddingSet(probes.vectors, images[0], model="one"), EmbeddingSet(cohort[1].vectors, images[1], model="two")
    told = "75 people of the gallery and the probes are in the cohort, by their names: p0, p1"
    for found in (identify(gallery, probes, map=joint, cohort=both), match_probes(gallery, probes, map=joint, cohort=both)):
        assert any(warning.startswith(told) for warning in found.warnings)
