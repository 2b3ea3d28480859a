"""Templates against insightface's script: pooling, scores, and its reading of the ROC, on made-up lists."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from oracles.insightface_ijbc import nearest_tars, pair_scores, pooled_templates

from facespace.datasets.synthetic_ijb import synthetic_ijb
from facespace.embeddings import EmbeddingSet
from facespace.metrics import Roc
from facespace.templates import pool_templates, verify_templates

FARS = (1e-1, 1e-2, 1e-3, 1e-4)


@pytest.fixture(scope="module")
def made():
    lists = synthetic_ijb(0.03, seed=3)
    protocol = lists.protocol()
    return lists, protocol, EmbeddingSet(lists.embed(0, 128), protocol.images, model="made")


def test_templates_are_those_of_the_script(made):
    lists, protocol, faces = made
    theirs, names = pooled_templates(faces.vectors, lists.template, lists.media)
    ours = pool_templates(faces, protocol)
    assert np.array_equal(names.astype(np.str_), ours.ids)
    assert np.abs(ours.vectors - theirs).max() < 1e-6


def test_scores_and_the_nearest_far_reading_are_those_of_the_script(made):
    lists, protocol, faces = made
    theirs = pair_scores(*pooled_templates(faces.vectors, lists.template, lists.media), lists.left, lists.right)
    result = verify_templates(faces, protocol=protocol, fars=FARS, nearest=True, intervals=True)
    assert np.abs(result.scores - theirs).max() < 2e-6
    same = lists.same
    own = Roc(theirs[same], theirs[~same])
    read = nearest_tars(same, theirs, FARS)
    assert [own.tar_at_nearest_far(far).tar for far in FARS] == read
    # Rounding to float32 may exchange two scores that are equal to seven digits.
    assert np.allclose([row.tar for row in result.nearest], read, atol=2 / result.genuine)


def test_unit_faces_and_detector_scores_are_the_scripts_options(made):
    lists, protocol, faces = made
    detector = np.random.default_rng(0).uniform(0.5, 1, len(faces)).astype(np.float32)
    unit = faces.vectors / np.sqrt(np.sum(faces.vectors**2, -1, keepdims=True))  # use_norm_score=False
    theirs, _ = pooled_templates(unit * detector[:, None], lists.template, lists.media)
    ours = pool_templates(faces, protocol, normalize_faces=True, weights=detector)
    assert np.abs(ours.vectors - theirs).max() < 1e-6


def test_our_tar_is_never_above_the_far_where_the_nearest_one_may_be(made):
    _, protocol, faces = made
    result = verify_templates(faces, protocol=protocol, fars=FARS, nearest=True)
    for row, near in zip(result.tar, result.nearest, strict=True):
        assert row.false_accepts <= row.far * result.impostor
        assert dataclasses.astuple(row) != dataclasses.astuple(near)
