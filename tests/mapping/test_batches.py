"""Statistics of batches that another system brings, and the examples of docs/clusters.md."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.mapping import PairStatistics, batch_statistics, fit_map, pair_statistics

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "clusters.md"


@pytest.fixture
def sets():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 8)).astype(np.float32)
    y = (x @ rng.normal(size=(8, 6)) + 0.3).astype(np.float32)
    return EmbeddingSet(x, list(map(str, range(90))), model="old"), EmbeddingSet(y, list(map(str, range(90))), model="new")


def _lists(vectors, kind):
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.array(vectors.tolist(), {"list": pa.list_(pa.float32()), "large": pa.large_list(pa.float64())}[kind])


def _same(found, wanted):
    assert found.n == wanted.n
    assert (found.source_model, found.target_model) == ("old", "new")
    assert np.allclose(found.cross, wanted.cross, rtol=1e-12, atol=1e-12)
    assert np.allclose(found.target.gram, wanted.target.gram, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["fixed", "list", "large"])
def test_statistics_of_batches_add_up_to_those_of_the_sets(sets, kind):
    table = pa.table({"id": sets[0].ids.tolist(), **{s.model: _lists(s.vectors, kind) for s in sets}})
    wanted = pair_statistics(*sets)
    _same(batch_statistics(table, "old", "new"), wanted)
    parts = [batch_statistics(batch, "old", "new") for batch in table.to_batches(max_chunksize=13)]
    assert len(parts) > 5
    _same(sum(parts, PairStatistics.empty(8, 6)), wanted)


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ([[1.0, 2.0], None], "1 rows have no vector in column 'old'"),
        ([[1.0, 2.0], [1.0]], "vectors of different widths in column 'old': 1, 2"),
        ([[1.0, 2.0], [float("nan"), 0.0]], "NaN"),
        ([[1.0, 2.0], [0.0, 0.0]], "zero"),
        ([[], []], "."),
    ],
)
def test_batches_that_are_no_pairs_are_refused(old, message):
    batch = pa.record_batch({"old": pa.array(old, pa.list_(pa.float32())), "new": [[1.0], [2.0]]})
    with pytest.raises(InputError, match=message):
        batch_statistics(batch, "old", "new")
    with pytest.raises(InputError, match="no column 'young'"):
        batch_statistics(batch, "young", "new")


def test_the_examples_of_the_document_run(sets):
    names: dict = {}
    code = "\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL))
    exec(code.replace("512, 512", "8, 6"), names)
    table = pa.table({s.model: _lists(s.vectors, "list") for s in sets})
    wanted = pair_statistics(*sets)

    partitions = [table.to_batches(max_chunksize=20), [table.slice(0, 0).to_batches()], []]  # as Spark calls mapInArrow
    partitions[1] = [pa.record_batch({"old": _lists(np.empty((0, 8)), "list"), "new": _lists(np.empty((0, 6)), "list")})]
    rows = [
        row["statistics"]
        for part in partitions
        for made in names["partition_statistics"](iter(part))
        for row in made.to_pylist()
    ]
    assert len(rows) == 3
    _same(sum(map(pickle.loads, rows), PairStatistics.empty(8, 6)), wanted)

    class Series:  # as Daft calls a batch function
        def __init__(self, column):
            self.to_arrow = lambda: column.combine_chunks()

    made = names["column_statistics"](Series(table["old"]), Series(table["new"]))
    assert len(made) == 90
    total = pickle.loads(made[0])
    _same(total, wanted)

    found, fitted = names["map_of"](total), fit_map(*sets, "ridge")
    assert np.allclose(found.weight, fitted.weight, atol=1e-6)
    assert np.allclose(found.origin, fitted.origin, atol=1e-6)
