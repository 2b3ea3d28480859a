"""Thresholds of sets in files, and of sets so large that pairs are drawn from some of the images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_threshold_transfer import bare, cross, systems

from facespace.embeddings import EmbeddingSet
from facespace.mapping import fit_map
from facespace.verification import _cross_pairs, operating_far, transfer_thresholds

FARS = (0.05, 0.01)


def stored(faces, folder, order=None):
    """`faces` in three files, in another order of rows."""
    faces = faces.take(np.arange(len(faces)) if order is None else order)
    for number, rows in enumerate(np.array_split(np.arange(len(faces)), 3)):
        faces.take(rows).save(folder / f"{number}.parquet")
    return EmbeddingSet.open(folder)


@pytest.fixture(scope="module")
def fitted():
    return fit_map(*systems(seed=99), "ridge")


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("images", [60, 10**6])
def test_stored_sets_have_the_thresholds_of_memory(fitted, tmp_path, monkeypatch, images, labelled):
    monkeypatch.setattr(_cross_pairs, "IMAGES", images)
    a, b = systems(100, 2) if labelled else map(bare, systems(100, 2))
    one, two = stored(a, tmp_path / "a"), stored(b, tmp_path / "b")
    for found, wanted in zip(*(transfer_thresholds(fitted, *sets, FARS) for sets in ((one, two), (a, b))), strict=True):
        assert replace(found, threshold=0, low=0, high=0) == replace(wanted, threshold=0, low=0, high=0)
        for name in ("threshold", "low", "high"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-6)
    cut = wanted.threshold
    assert operating_far(one, cut, genuine_share=0.0) == pytest.approx(operating_far(a, cut, genuine_share=0.0))


def test_of_many_images_some_are_drawn_whatever_order_they_lie_in(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(_cross_pairs, "IMAGES", 80)
    a, b = systems(150, 2)
    order = np.random.default_rng(0).permutation(len(a))
    found = transfer_thresholds(fitted, stored(a, tmp_path / "a", order), b.take(order[::-1]), FARS)
    wanted = transfer_thresholds(fitted, a, b, FARS)
    assert [row.threshold for row in found] == pytest.approx([row.threshold for row in wanted], abs=1e-6)
    assert wanted[0].pairs < 80 * 80
    assert "|images:80x80|" in wanted[0].signature
    assert "|images:" not in transfer_thresholds(fitted, *systems(80), FARS)[0].signature
    scores, same = cross(fitted, a, b)
    for row in wanted:  # and they stand for all
        assert row.low < np.quantile(scores[~same], 1 - row.far) < row.high


def test_images_of_unknown_people_are_not_drawn(fitted, monkeypatch):
    monkeypatch.setattr(_cross_pairs, "IMAGES", 80)
    a, b = systems(150)
    half = np.where(np.arange(150) % 2, a.subject, "")
    known = EmbeddingSet(a.vectors, a.ids, subject=half)
    drawn, _, units = _cross_pairs.CrossUnits.of(known, b, labels=True)
    assert (len(drawn), units.labelled) == (75, True)
    assert len(_cross_pairs.CrossUnits.of(known, b, labels=False)[0]) == 80
