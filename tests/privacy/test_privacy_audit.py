"""`audit_privacy`: its parts are the audits themselves, and what it says of them holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, PlainFileWarning
from facespace.io import new_key_file, use_keys
from facespace.privacy import audit_linkage, audit_mixture, audit_privacy, privacy_report
from facespace.privacy.document.attack_models import PLAIN, attackers, strongest, thief


@pytest.fixture(scope="module")
def found(systems):
    return audit_privacy(systems, quick=True, seed=1)


@pytest.fixture(scope="module")
def alone(systems):
    return audit_privacy(systems[:1], quick=True)


def test_its_parts_are_the_audits_themselves(found, systems):
    sizes = sorted({p.leaked for p in found.linkage[0].points})
    assert found.linkage[0].to_dict() == audit_linkage(*systems, leaked=sizes, repeats=1, seed=1).to_dict()
    assert [one.to_dict() for one in found.mixture] == [audit_mixture(one, seed=1).to_dict() for one in systems]
    assert {p.leaked for p in found.protections.points if p.secret == "kept"} == {0, *sizes}


def test_no_attacker_of_any_table_names_more_than_the_headline_says(found):
    rates = [p.rank1 for p in found.linkage[0].points]
    uppers = [p.high for p in found.linkage[0].points]
    for knowledge in ("other", "shipped"):
        rates += [p.rank1 for p in found.protections.line("plain", knowledge)]
        uppers += [p.high for p in found.protections.line("plain", knowledge)]
    assert found.worst.rank1 == max(rates)
    # Of each attacker the leak at which he names most stands in the table; its upper limit is that of a rate that high.
    assert found.worst.high <= found.highest <= max(uppers)
    assert thief(found.attackers).rank1 == max(p.rank1 for p in found.protections.line("plain", "same"))
    linkage = next(one.text for one in found.headlines if one.topic == "Linkage")
    assert f"{100 * found.worst.rank1:.1f} % (95 %: {100 * found.worst.low:.1f} to" in linkage


def test_the_limit_is_held_against_the_upper_end(systems, found):
    assert found.passed is None
    assert found.worst.rank1 < found.highest
    between = (found.worst.rank1 + found.highest) / 2
    assert not replace(found, max_linkage=between).passed
    assert replace(found, max_linkage=found.highest).passed
    assert replace(found, max_linkage=0.0).passed is False
    for wrong, message in ((1.5, "share between 0 and 1"), (-0.1, "share between 0 and 1")):
        with pytest.raises(InputError, match=message):
            audit_privacy(systems, max_linkage=wrong)


def test_one_network_alone_says_what_was_not_tested(alone, systems):
    assert (alone.worst, alone.highest, alone.linkage) == (None, None, ())
    assert "Linkage, and attackers with another network" in {one.what for one in alone.untested}
    strangers = [one for one in alone.attackers if one.name == "Thief with another network"]
    assert [(one.tested, one.rank1) for one in strangers] == [(False, None)] * 2
    assert next(one.text for one in alone.headlines if one.topic == "Linkage").startswith("Not tested")
    assert next(p.left for p in alone.points if p.point == "Unlinkability").startswith("Linking with another network")
    assert alone.protections is not None
    with pytest.raises(InputError, match="without a set of another network"):
        audit_privacy(systems[:1], max_linkage=0.1)


def test_every_point_of_both_standards_is_there(found):
    points = {(one.standard, one.point) for one in found.points}
    assert {point for standard, point in points if standard == "ISO/IEC 24745"} == {
        "Confidentiality", "Integrity", "Renewability", "Revocability", "Unlinkability",
    }  # fmt: skip
    assert {point for standard, point in points if standard == "ISO/IEC 30136"} == {
        "Accuracy degradation", "Irreversibility, success of attacks", "Unlinkability", "Cancelability and renewability",
    }  # fmt: skip
    assert all(one.finding for one in found.points)


def test_maps_that_have_seen_the_people_are_left_out_of_the_headline(found):
    counts = {**found.protections.counts, "seen_by_shipped": 3}
    points = tuple(
        replace(p, knowledge="shipped", rank1=1.0, high=1.0) if p.knowledge == "other" else p
        for p in found.protections.points
    )
    models = attackers(found.linkage, replace(found.protections, counts=counts, points=points))
    shipped = next(one for one in models if one.templates == PLAIN and "map that ships" in one.has)
    assert shipped.rank1 == 1.0
    assert "fitted on people who are attacked" in shipped.note
    assert strongest(models)[0].name == "Linker of two systems"


def test_the_storage_of_files_is_told(systems, tmp_path):
    key = tmp_path / "house.key"
    new_key_file(key)
    systems[0].save(tmp_path / "locked.parquet", key=key)
    systems[1].save(tmp_path / "plain.parquet")
    paths = [tmp_path / "locked.parquet", str(tmp_path / "plain.parquet")]
    with use_keys(key), pytest.warns(PlainFileWarning, match="plain.parquet is not encrypted"):
        found = audit_privacy(paths, quick=True)
    assert [(one.file, one.key) for one in found.storage] == [(str(paths[0]), "house"), (paths[1], None)]
    text = {one.topic: one.text for one in found.headlines}
    assert text["Storage"].startswith(f"1 of 2 files is plain ({paths[1]})")
    assert "'house'" in text["Storage"]
    page = "".join(str(vars(section)) for section in privacy_report(found).sections)
    assert "1 of 2 files is authenticated" in page
    assert "no certification" in page


def test_sets_in_memory_have_no_storage(found):
    assert found.storage == ()
    assert next(one.text for one in found.headlines if one.topic == "Storage").startswith("Not tested")
    assert next(one.tested for one in found.points if one.point == "Integrity") == "not tested"


def test_people_and_copies_are_counted(systems):
    faces = systems[0]
    twice = EmbeddingSet(
        np.concatenate([faces.vectors, faces.vectors[:2]]),
        [*faces.ids.tolist(), "copy-1", "copy-2"],
        model="net-a",
        subject=[*faces.subject.tolist(), faces.subject[0], "somebody"],
    )
    facts = audit_privacy([twice], quick=True).sets[0]
    people = len(set(faces.subject.tolist()))
    assert (facts.people, facts.people_by, facts.templates) == (people + 1, "subject", len(faces) + 2)
    assert (facts.copies, facts.of_two_people) == (2, 2)


def test_where_nobody_is_known_the_rest_is_audited(systems):
    faces = EmbeddingSet(systems[0].vectors, systems[0].ids, model="net-a")
    found = audit_privacy([faces], quick=True)
    assert found.protections is None
    assert found.sets[0].people == 0
    assert "nothing says who is in the images" in next(one.why for one in found.untested if one.what == "Protections")
    assert "nobody knows how many people" in found.headlines[0].text
    privacy_report(found)
    with pytest.raises(InputError, match="needs a set"):
        audit_privacy([])
