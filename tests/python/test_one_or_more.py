"""One text or path where a list is wanted is a list of one, not its letters: a path's first is the root folder."""

from __future__ import annotations

import numpy as np
import pytest

import facespace as fs
from facespace.datasets import BlufrProtocol, BlufrSplit, exclude_people
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.identification import match_probes
from facespace.images import name_images
from facespace.io import new_key_file, read_keys, rotate_keys, show_keys
from facespace.labels import write_exclusion
from facespace.privacy import protections
from facespace.verification import operating_far

RNG = np.random.default_rng(0)
PERSON = np.repeat(np.arange(30), 4)
IDS = [f"p{person}/{row % 4}" for row, person in enumerate(PERSON)]
CENTRES = RNG.normal(size=(30, 12))
FACES = EmbeddingSet(CENTRES[PERSON] + 0.4 * RNG.normal(size=(120, 12)), IDS, model="net")
OTHER = EmbeddingSet(FACES.vectors[:, :10] + 0.1 * RNG.normal(size=(120, 10)), IDS, model="other")
ONE = IDS[5]


def apart():
    """Gallery and probes of other images of the same people."""
    return FACES.take(np.arange(0, 120, 2)), FACES.take(np.arange(1, 120, 2))


@pytest.mark.parametrize("call", [
    lambda out: fs.identify(*apart(), exclude=out).excluded,
    lambda out: match_probes(*apart(), exclude=out).signature,
    lambda out: fs.transfer_threshold(fs.fit_map(FACES, OTHER, "ridge"), FACES, OTHER, 0.1, exclude=out),
    lambda out: operating_far(FACES, 0.5, exclude=out),
    lambda out: fs.gallery_size(FACES, exclude=out).signature,
    lambda out: fs.plan_capacity(FACES, exclude=out).signature,
    lambda out: fs.person_pairs(FACES).without(out).excluded,
    lambda out: BlufrProtocol("made", FACES.ids, PERSON, (BlufrSplit(*[np.arange(120)] * 4),)).without(out).excluded,
])  # fmt: skip
def test_one_id_is_left_out_whole(call):
    one, several = call(ONE), call([ONE])
    assert str(one) == str(several)
    assert str(one) != str(call([]))


def test_one_name_is_a_list_of_one():
    one, several = (fs.cross_model_study([FACES, OTHER], methods=given) for given in ("ridge", ["ridge"]))
    assert one.signature == several.signature
    assert exclude_people(ONE, fs.person_pairs(FACES)).tolist() == [False]
    assert [protection.name for protection in protections("biohash")] == ["biohash"]


def test_one_place_is_not_looked_for_letter_by_letter(tmp_path):
    FACES.save(tmp_path / "faces.parquet")
    place = str(tmp_path / "faces.parquet")
    key = new_key_file(tmp_path)
    assert [one.id for one in read_keys(str(tmp_path))] == [one.id for one in read_keys(tmp_path)] == [key.id]
    assert [entry["file"] for entry in show_keys(place)["files"]] == [place]
    rotate_keys(place, key)
    assert [one.path for one in name_images(place)] == [tmp_path / "faces.parquet"]
    assert fs.audit_privacy([FACES, OTHER], files=place).to_dict()["storage"]
    write_exclusion(tmp_path / "out.txt", ONE)
    assert (tmp_path / "out.txt").read_text() == f"{ONE}\n"


def test_one_text_is_no_column_and_other_things_no_lists():
    for given in ({"ids": "ab"}, {"ids": ["a", "b"], "subject": "ab"}):
        with pytest.raises(InputError, match="is one text, 'ab', not one value a row"):
            EmbeddingSet(np.ones((2, 3)), **given)
    for wrong in (3, b"ab", {"a": 1}):
        for function, given in (
            (fs.gallery_size, FACES), (fs.estimate_capacity, FACES), (fs.plan_capacity, FACES),
            (fs.compare_capacity, [FACES, OTHER]),
        ):  # fmt: skip
            with pytest.raises(InputError, match="exclude must be a list of texts"):
                function(given, exclude=wrong)
    with pytest.raises(InputError, match="1 names for 2 sets"):
        fs.compare_capacity([FACES, OTHER], names="ab")
