from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facespace.datasets import BlufrProtocol, BlufrSplit
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.identification import blufr as module
from facespace.identification import verify_blufr
from facespace.io import jsonable

N = 240


def problem(seed=0):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(80), 3)
    ids = np.array([f"p{p}/p{p}_{n:04d}" for n, p in enumerate(person)])
    splits = []
    for _ in range(3):
        test = np.flatnonzero(np.isin(person, rng.permutation(80)[:60]))
        people = rng.permutation(np.unique(person[test]))[:25]
        gallery = np.array([np.flatnonzero(person == p)[0] for p in people])
        train = np.setdiff1d(np.arange(N), test)
        splits.append(BlufrSplit(train, test, gallery, np.setdiff1d(test, gallery)))
    vectors = rng.normal(size=(80, 12))[person] + 0.9 * rng.normal(size=(N, 12))
    return EmbeddingSet(vectors, ids, model="made"), BlufrProtocol("blufr-made", ids, person, tuple(splits))


def plain(x, y, person, split, far, fpir, ordered):
    """Both rates by loops over pairs and probes."""
    unit = [v.astype(float) / np.linalg.norm(v.astype(float), axis=1)[:, None] for v in (x, y)]
    scores = unit[0] @ unit[1].T
    genuine, impostor = [], []
    for i in split.test:
        for j in split.test:
            if (ordered and i != j) or i < j:
                (genuine if person[i] == person[j] else impostor).append(scores[i, j])
    threshold = sorted(impostor, reverse=True)[int(far * len(impostor) + 0.5) - 1]
    strangers, named = [], []
    for p in split.probes:
        row, owner = scores[p, split.gallery], person[split.gallery]
        if person[p] not in owner:
            strangers.append(row.max())
        else:
            named.append(row.max() if owner[row.argmax()] == person[p] else -1)
    least = sorted(strangers, reverse=True)[int(fpir * len(strangers) + 0.5) - 1]
    return np.mean(np.array(genuine) >= threshold), np.mean(np.array(named) >= least)


@pytest.mark.parametrize("block", [17, 1024])
@pytest.mark.parametrize("other", [False, True])
def test_rates_equal_plain_loops_whatever_the_blocks(monkeypatch, block, other):
    monkeypatch.setattr(module, "_BLOCK", block)
    faces, protocol = problem()
    second = faces.with_vectors(faces.vectors + np.random.default_rng(1).normal(0, 0.2, (N, 12)), "other") if other else None
    found = verify_blufr(faces, second, protocol=protocol, far=1e-2, fpir=0.1)
    y = faces.vectors if second is None else second.vectors
    expected = [plain(faces.vectors, y, protocol.person, s, 1e-2, 0.1, other) for s in protocol.splits]
    assert np.array([(s.vr, s.dir) for s in found.splits]) == pytest.approx(np.array(expected))
    assert found.vr.mean == pytest.approx(np.mean(expected, axis=0)[0])
    assert found.dir.quoted == pytest.approx(np.mean(expected, axis=0)[1] - np.std(expected, axis=0, ddof=1)[1])


def test_the_document_has_both_rates_and_the_splits():
    faces, protocol = problem()
    document = jsonable(verify_blufr(faces, protocol=protocol))
    assert document["signature"].startswith("blufr-made|model:made|splits:3|far:0.001|fpir:0.01|threshold:rounded|")
    assert set(document["vr"]) == {"far", "mean", "sd", "quoted"}
    assert [s["genuine"] for s in document["splits"]] == [180, 180, 180]
    assert document["splits"][0]["genuine"] + document["splits"][0]["impostor"] == 180 * 179 // 2


def test_unusable_input_is_named():
    faces, protocol = problem()
    with pytest.raises(InputError, match="1 ids are not in the set of made: p0/p0_0000"):
        verify_blufr(faces.take(np.arange(1, N)), protocol=protocol)
    with pytest.raises(InputError, match="only one is given"):
        verify_blufr(faces, protocol=protocol, map=SimpleNamespace(probe=None, reference=None))
    with pytest.raises(InputError, match="between 0 and 1, not 1"):
        verify_blufr(faces, protocol=protocol, far=1)
    with pytest.raises(InputError, match="width 12 can't be compared with vectors of width 5"):
        verify_blufr(faces, faces.with_vectors(faces.vectors[:, :5], "b"), protocol=protocol)
