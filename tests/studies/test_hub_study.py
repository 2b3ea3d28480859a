from __future__ import annotations

import numpy as np
import pytest

from facespace.errors import InputError, UnknownNameError
from facespace.io import to_json
from facespace.mapping import CanonicalSpace
from facespace.metrics import kfold_accuracy
from facespace.studies import hub_study
from facespace.studies.hub import answer, hub_report


@pytest.fixture(scope="module")
def result(world):
    return hub_study(world.sets, world.protocol, direct=("ridge",))


def test_a_cell_is_the_hub_of_the_training_folds_judged_on_the_fold_left_out(world, result):
    """Written out with sets instead of statistics."""
    protocol, (a, _, c) = world.protocol, world.sets
    ids, fold_of = protocol.fold_of_ids()
    scores = np.empty(len(protocol))  # every pair by the hub that has not seen its fold; thresholds are chosen on these too
    for fold in range(protocol.n_folds):
        own = np.flatnonzero(np.unique(protocol.fold, return_inverse=True)[1] == fold)
        hub = CanonicalSpace.fit({s.model: s.select(ids[fold_of != fold]) for s in world.sets})
        x = hub.to_hub(a.model, a.vectors[a.rows(protocol.left[own])])
        y = hub.to_hub(c.model, c.vectors[c.rows(protocol.right[own])])
        scores[own] = np.vecdot(x, y) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    expected = kfold_accuracy(scores, protocol.same, protocol.fold)
    (cell,) = [cell for cell in result.cells if (cell.source, cell.target) == (a.model, c.model)]
    np.testing.assert_allclose(cell.hub.folds, expected.folds)


def test_the_hub_serves_where_networks_see_the_same_faces(result):
    summary = result.summary()
    assert summary["hub"]["mean"] < 0.015
    assert summary["joined"]["mean"] < 0.015
    assert summary["cycle"] > 0.8
    assert min(result.own_cycle) > 0.9
    assert len(result.cells) == 6
    assert {len(f.models) for f in result.fusions} == {2, 3}
    assert set(result.cells[0].direct) == {"pairwise", "ridge"}


def test_the_document_is_of_fractions_and_plain(result):
    document = result.to_dict()
    to_json(document)
    assert set(document) == {"signature", "models", "summary", "cells", "fusion"}
    assert all(0.5 < cell["hub"] <= 1 and len(cell["joined"]) == 2 for cell in document["cells"])
    assert document["signature"].startswith("hub|protocol:people|pairs:480|models:3|")


def test_the_report_answers_first(result, tmp_path):
    head, text = answer(result)
    assert head in ("Yes.", "Not within 0.2 points.")
    for word in ("Through the hub", "direct maps", "joined later", "All networks averaged"):
        assert word in text
    files = {path.name for path in hub_report(result).write(tmp_path)}
    assert {"report.html", "hub.png"} <= files
    page = (tmp_path / "report.html").read_text()
    for word in ("Ways to compare", "Several networks in one template", "Every group of networks", "A → hub → A"):
        assert word in page


def test_progress_counts_folds(world):
    seen = []
    hub_study(world.sets[:2], world.protocol, progress=lambda done, whole: seen.append((done, whole)))
    assert seen == [(i, 5) for i in range(1, 6)]


def test_mistakes_are_named(world):
    with pytest.raises(InputError, match="at least two sets"):
        hub_study(world.sets[:1], world.protocol)
    with pytest.raises(UnknownNameError, match="ridge"):
        hub_study(world.sets, world.protocol, direct=("rigde",))
