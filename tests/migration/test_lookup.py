"""Searches among the gallery's own templates, against a plain loop."""

import numpy as np
import pytest
from two_networks import world

from facespace.gallery.stores import Templates
from facespace.mapping import load_map
from facespace.migration import Direction, Evidence, look_up
from facespace.migration.lookup import _lookup, _one_pair_each


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_rank_and_rates_by_a_plain_loop(scene):
    way = Direction.of(load_map(scene.map))
    evidence = Evidence.of(*scene.check)
    old, _ = world(200, images=2, seed=5)
    mine = scene.check[0]
    ids = [*old.ids.tolist(), *mine.ids.tolist(), "another photo"]
    people = [*old.subject.tolist(), *[None] * len(mine), mine.subject[0]]
    vectors = np.concatenate([old.vectors, mine.vectors, mine.vectors[:1]])
    names = np.unique(mine.subject).tolist()
    batches = (Templates(ids[i : i + 50], vectors[i : i + 50], None, people[i : i + 50]) for i in range(0, len(ids), 50))
    found = look_up(evidence, names, [way], batches, 0.05)
    assert (found.people, found.templates, found.own) == (120, len(ids), len(mine) + 1)
    enrolled, looked = _one_pair_each(evidence, 0)
    whose = [*people[: len(old)], *mine.subject.tolist(), mine.subject[0]]
    searched = [names[code] for code in evidence.person[looked].tolist()]
    for row, side, queries in (
        (found.rows[1], unit(way.templates.transform(vectors)), evidence.new[looked]),
        (found.rows[0], unit(vectors), evidence.old[looked]),
    ):
        own = way.template(evidence.old[enrolled]) if row.name == "gallery" else evidence.old[enrolled]
        mate = [float(a @ b) for a, b in zip(own, queries, strict=True)]
        best = [
            max(float(q @ g) for g, person in zip(side, whose, strict=True) if person != name)
            for q, name in zip(queries, searched, strict=True)
        ]
        assert row.rank1 == pytest.approx(np.mean([m > b for m, b in zip(mate, best, strict=True)]), abs=1e-9)
        assert np.mean([b >= row.threshold + 1e-6 for b in best]) <= 0.05  # the loop's are float64
        assert row.fnir == pytest.approx(
            np.mean([not (m > b and m >= row.threshold - 1e-6) for m, b in zip(mate, best, strict=True)]), abs=1e-9
        )
        assert row.rank1_low <= row.rank1 <= row.rank1_high
        assert row.fnir_low <= row.fnir <= row.fnir_high


def test_as_many_strangers_pass_as_the_rate_allows_whatever_the_floating_point():
    """0.29 · 100 is 28.999…96 in floating point."""
    other = np.arange(100, dtype=np.float32)
    found = _lookup("gallery", np.full(100, 200, np.float32), other, 0.29)
    assert np.count_nonzero(other >= np.float32(found.threshold)) == 29
