"""Closeness to a cohort: against a plain loop, and what the corrected score keeps."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.cli import main
from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.metrics import cohort_mean
from facespace.verification import verify


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 9), k=st.integers(1, 30), nearest=st.integers(1, 40))
def test_it_is_the_mean_of_the_highest_cosines(seed, n, k, nearest):
    rng = np.random.default_rng(seed)
    x, cohort = rng.normal(size=(n, 5)), rng.normal(size=(k, 5))
    expected = []
    for row in x:
        cosines = sorted((row @ c / np.linalg.norm(row) / np.linalg.norm(c) for c in cohort), reverse=True)
        expected.append(np.mean(cosines[:nearest]))
    np.testing.assert_allclose(cohort_mean(x, cohort, nearest), expected, atol=1e-5)


def test_neither_lengths_nor_the_order_of_strangers_matter():
    rng = np.random.default_rng(0)
    x, cohort = rng.normal(size=(50, 8)), rng.normal(size=(200, 8))
    plain = cohort_mean(x, cohort)
    lengths = rng.uniform(0.1, 10, size=(200, 1))
    np.testing.assert_allclose(cohort_mean(3 * x, (lengths * cohort)[rng.permutation(200)]), plain, atol=1e-5)


def test_blocks_change_nothing():
    rng = np.random.default_rng(1)
    x, cohort = rng.normal(size=(2500, 4)), rng.normal(size=(60, 4))
    rows = [0, 1023, 1024, 2499]
    np.testing.assert_allclose(cohort_mean(x, cohort)[rows], cohort_mean(x[rows], cohort), atol=1e-6)


def test_hubs_are_close_to_everyone():
    rng = np.random.default_rng(2)
    middle = np.ones(16)
    cohort = rng.normal(size=(500, 16)) + 0.5 * middle
    hub, stranger = middle, rng.normal(size=16)
    close = cohort_mean(np.stack([hub, stranger - (stranger @ middle / 16) * middle]), cohort)
    assert close[0] > close[1]


def test_a_vector_without_direction_is_close_to_nobody():
    assert cohort_mean(np.zeros((1, 3)), np.eye(3)).tolist() == [0.0]


def test_what_can_not_be_compared_is_named():
    with pytest.raises(DimensionError, match=r"\(2, 3\).*\(4, 5\)"):
        cohort_mean(np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(InputError, match="cohort of 0"):
        cohort_mean(np.ones((2, 3)), np.ones((0, 3)))


@pytest.fixture(scope="module")
def people():
    """120 people with 4 images in 24 dimensions, seen by a second, noisier network; every eighth image is bland."""
    rng = np.random.default_rng(5)
    centres = np.repeat(rng.normal(size=(120, 24)), 4, axis=0)
    bland = 2.5 * (rng.random((480, 1)) < 0.125) * np.ones(24)
    ids = [f"p{i // 4:03}/{i % 4}" for i in range(480)]
    a, b = (EmbeddingSet(centres + 1.0 * rng.normal(size=(480, 24)) + bland, ids, model=model) for model in ("one", "other"))
    left, right = np.arange(0, 240, 2), np.arange(1, 240, 2)
    names = np.array(ids)
    pairs = [names[left], names[left]], [names[right], names[(right + 8) % 240]]
    same = np.repeat([True, False], len(left))
    return a, b, PairProtocol("people", np.concatenate(pairs[0]), np.concatenate(pairs[1]), same)


def test_verify_subtracts_half_of_both_cohort_means(people):
    a, b, protocol = people
    cohort = a.select(a.ids[240:]), b.select(b.ids[240:])
    plain, corrected = verify(a, b, protocol=protocol), verify(a, b, protocol=protocol, cohort=cohort)
    x, y = a.vectors[a.rows(protocol.left)], b.vectors[b.rows(protocol.right)]
    near = cohort_mean(x, cohort[1].vectors) + cohort_mean(y, cohort[0].vectors)
    np.testing.assert_allclose(corrected.genuine_scores, plain.genuine_scores - near[protocol.same] / 2, atol=1e-6)
    assert "cohort:240x240" in corrected.signature
    bland = a.vectors[a.rows(protocol.left)].mean(axis=1) > 1.5
    assert cohort_mean(x, cohort[1].vectors)[bland].min() > np.median(cohort_mean(x, cohort[1].vectors)[~bland])


def test_people_that_are_compared_are_no_strangers(people):
    a, b, protocol = people
    with pytest.raises(InputError, match="of the pairs are in the cohort"):
        verify(a, b, protocol=protocol, cohort=(a, b))


def test_the_command_wants_a_cohort_of_each_side(people, tmp_path, capsys):
    a, b, protocol = people
    a.save(tmp_path / "a.parquet")
    b.save(tmp_path / "b.parquet")
    for name, faces in (("ca", a), ("cb", b)):
        faces.select(faces.ids[240:]).save(tmp_path / f"{name}.parquet")
    rows = [f"{x},{y},{int(s)}" for x, y, s in zip(protocol.left, protocol.right, protocol.same, strict=True)]
    (tmp_path / "pairs.csv").write_text("\n".join(["id1,id2,same", *rows]) + "\n")
    base = ["verify", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "--pairs", str(tmp_path / "pairs.csv")]
    assert main([*base, "--cohort", str(tmp_path / "ca.parquet"), "--cohort-b", str(tmp_path / "cb.parquet"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "cohort:240x240" in document["signature"]
    assert main([*base, "--cohort", str(tmp_path / "ca.parquet"), "--json"]) == 2
    assert "--cohort-b" in json.loads(capsys.readouterr().out)["error"]["hint"]
    swapped = ["--cohort", str(tmp_path / "cb.parquet"), "--cohort-b", str(tmp_path / "ca.parquet"), "--json"]
    assert main([*base, *swapped]) == 2
    assert "'other'" in json.loads(capsys.readouterr().out)["error"]["message"]
