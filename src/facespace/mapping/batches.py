"""Statistics from outside: another system (Spark, Daft) brings the pairs, as Arrow batches. See docs/clusters.md."""

from __future__ import annotations

from typing import Any

from ..embeddings import Floats, check_vectors, normalize
from ..errors import InputError, shorten
from .statistics import PairStatistics


def batch_statistics(batch: Any, source: str, target: str) -> PairStatistics:
    """Statistics of the pairs in a pyarrow RecordBatch or Table, whose columns `source` and `target` hold lists of numbers.

    Each row is a pair. The vectors are L2-normalised, as `fit_map` does it. The columns' names are kept as the networks'.
    Batches add up: `sum(statistics, PairStatistics.empty(p, q))`.

    Raises InputError for missing columns or vectors, different widths, NaN, and vectors without a direction.

    >>> import pyarrow as pa
    >>> batch = pa.record_batch({"old": [[3.0, 4.0], [1.0, 0.0]], "new": [[2.0], [1.0]]})
    >>> sum([batch_statistics(batch, "old", "new")] * 3, PairStatistics.empty(2, 1))
    PairStatistics(6 pairs, 2 → 1)
    """
    x, y = _vectors(batch, source), _vectors(batch, target)
    return PairStatistics.of(x, y, source_model=source, target_model=target)


def _vectors(batch: Any, name: str) -> Floats:
    if name not in batch.schema.names:
        raise InputError(f"the batch has no column {name!r}", f"It has: {shorten(batch.schema.names)}.")
    column = batch.column(name)
    if column.null_count:
        raise InputError(f"{column.null_count} rows have no vector in column {name!r}", "Leave such pairs out.")
    import pyarrow.compute as pc

    widths = pc.unique(pc.list_value_length(column)).to_pylist() or [getattr(column.type, "list_size", 0)]
    if len(widths) > 1:
        raise InputError(f"vectors of different widths in column {name!r}: {shorten(sorted(widths))}")
    vectors = pc.list_flatten(column).to_numpy().reshape(len(column), widths[0])
    check_vectors(vectors)
    return normalize(vectors)
