"""The made-up lists: the published counts, the official formats, and networks that a map can join."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.datasets import read_face_scores, read_ijb
from facespace.datasets import synthetic_ijb as made
from facespace.datasets.synthetic_ijb import synthetic_ijb
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.mapping import fit_map
from facespace.templates import verify_templates


@pytest.fixture(scope="module")
def small():
    return synthetic_ijb(0.03)


def test_at_full_size_the_counts_are_those_of_ijbc():
    whole = synthetic_ijb()
    assert (len(whole), len(whole.person), len(np.unique(whole.person))) == (469_375, 23_124, 3_531)
    assert (len(whole.same), int(whole.same.sum())) == (15_658_489, 19_557)
    assert np.array_equal(whole.person[whole.left - 1] == whole.person[whole.right - 1], whole.same)
    assert int((whole.template <= 3_531).sum()) == 11_856
    assert np.array_equal(np.unique(whole.template), np.arange(1, 23_125))


def test_no_pair_is_there_twice_and_every_medium_is_in_one_template(small):
    assert len(set(zip(small.left.tolist(), small.right.tolist(), strict=True))) == len(small.left)
    pairs = np.unique(np.stack([small.media, small.template]), axis=1)
    assert pairs.shape[1] == len(np.unique(small.media))


def test_the_files_hold_the_lists(small, tmp_path):
    small.write(tmp_path / "meta")
    read, own = read_ijb(tmp_path, "ijbc"), small.protocol()
    for name in ("images", "template", "media", "templates", "left", "right", "same"):
        assert np.array_equal(getattr(read, name), getattr(own, name)), name
    ids, scores = read_face_scores(tmp_path / "meta" / "ijbc_name_5pts_score.txt")
    assert np.array_equal(ids, own.images)
    assert 0.7 <= scores.min() <= scores.max() <= 1.0
    # The lists name nobody, but the genuine pairs join each person's templates.
    assert np.array_equal(read.people[read.left] == read.people[read.right], read.same)


def test_the_seed_decides_everything(small):
    again, other = synthetic_ijb(0.03), synthetic_ijb(0.03, seed=1)
    assert np.array_equal(again.right, small.right)
    assert np.array_equal(again.embed(1, 64), small.embed(1, 64))
    assert not np.array_equal(other.embed(1, 64), small.embed(1, 64))
    assert not np.array_equal(small.embed(0, 64), small.embed(1, 64))


def test_spreads_are_those_measured(monkeypatch):
    """Of faces as difficult as LFW's: the traces of B and W that scripts/fit_face_spread.py found."""
    monkeypatch.setattr(made, "DIFFICULTY", (0.0, 0.0))
    assert made._spectrum(made.BETWEEN).sum() == pytest.approx(0.654, rel=0.03)
    assert made._spectrum(made.WITHIN).sum() == pytest.approx(0.335, rel=0.03)
    small = synthetic_ijb(0.1)
    x = small.embed(0, 128)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    # One face of each medium, because the faces of one video share half of their spread.
    first = np.unique(small.media, return_index=True)[1]
    person = small.person[small.template[first] - 1]
    counts = np.bincount(person)
    means = np.stack([unit[first][person == p].mean(axis=0) for p in range(len(counts))])
    deviations = unit[first] - means[person]
    within = np.sum(deviations**2) / (len(first) - len(counts))
    between = np.var(means, axis=0, ddof=1).sum() - within * np.mean(1 / counts)
    assert within == pytest.approx(0.335, abs=0.03)
    assert between == pytest.approx(0.654, abs=0.03)


@pytest.mark.parametrize("dims", [(128, 128), (160, 96)])
def test_two_networks_differ_and_a_map_joins_them(small, dims):
    protocol = small.protocol()
    one, two = (EmbeddingSet(small.embed(k, d), protocol.images, model=f"net{k}") for k, d in enumerate(dims))
    native = verify_templates(two, protocol=protocol, fars=(1e-2,), intervals=False)
    mapped = verify_templates(
        one, two, protocol=protocol, fars=(1e-2,), intervals=False, map=fit_map(one, two, method="ols")
    )
    assert 0.8 < mapped.tar[0].tar < native.tar[0].tar < 1.0
    if dims[0] == dims[1]:
        assert verify_templates(one, two, protocol=protocol, fars=(1e-2,), intervals=False).tar[0].tar < 0.1


def test_a_scale_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"scale 100 is not between 0\.002 and 10"):
        synthetic_ijb(100)
