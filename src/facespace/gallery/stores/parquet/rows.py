"""Tables of Parquet files as templates, and the same tables with other vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import GalleryError
from ....io import ParquetFiles, Shard
from ..protocol import Templates

MODEL = "model"  # the column for the network of each row


def keeps_models(schema: Any) -> bool:
    """Has a file a column for the network of each row?"""
    import pyarrow as pa

    if MODEL not in schema.names:
        return False
    kind = schema.field(MODEL).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def templates_in(files: ParquetFiles, shard: Shard, rows: int, known: str, models: bool) -> Iterator[Templates]:
    """The rows of a shard; of the network `known` where they don't tell, "" where nobody does."""
    names = [name for role, name in files.names.items() if role in ("id", "vector", "subject")]
    for table in files.tables(shard, names=[*names, *([MODEL] if models else [])], rows=rows):
        fields = files.fields(shard.path, table)
        told = [one or known for one in table[MODEL].to_pylist()] if models else [known] * table.num_rows
        vectors = np.asarray(fields["vectors"], np.float32)
        yield Templates(fields["ids"], vectors, told if models or known else None, fields.get("subject"))


class Stream:
    """Batches of templates as one row after the other, of which as many can be taken as somebody needs."""

    def __init__(self, batches: Iterator[Templates]) -> None:
        self._batches, self._left = batches, Templates([], np.empty((0, 0), np.float32), [])

    def take(self, ids: Sequence[str], where: str) -> tuple[NDArray[np.float32], list[str]]:
        """Vectors and networks ("" for none) of the next rows, which must have these ids."""
        got = [self._left] if len(self._left) else []
        while sum(map(len, got)) < len(ids) and (batch := next(self._batches, None)) is not None:
            got.append(batch)
        told = [id_ for batch in got for id_ in batch.ids]
        if told[: len(ids)] != list(ids):
            raise GalleryError(
                f"{where}: the rows to write are not those of the part", "Read the part again, it has changed."
            )
        vectors = np.concatenate([batch.vectors for batch in got])
        models = [model for batch in got for model in batch.models or [""] * len(batch)]
        n = len(ids)
        self._left = Templates(told[n:], vectors[n:], models[n:])
        return vectors[:n], models[:n]

    def end(self, where: str) -> None:
        """GalleryError where rows are left over."""
        if len(self._left) or next(self._batches, None) is not None:
            raise GalleryError(f"{where}: more rows to write than the part has", "Read the part again, it has changed.")


def with_vectors(table: Any, schema: Any, name: str, vectors: NDArray[np.float32], models: Sequence[str] | None) -> Any:
    """A table in the columns of `schema` with other vectors in `name`, and other networks where these are given."""
    import pyarrow as pa

    made = {name: column_of(schema.field(name).type, vectors)}
    if models is not None:
        made[MODEL] = pa.array([one or None for one in models], pa.string())
    # Texts are read coded, lest one that many rows share be multiplied; they are written as they were.
    columns = {one: made[one] if one in made else table[one].cast(schema.field(one).type) for one in [*schema.names, *made]}
    return pa.table(columns).replace_schema_metadata(schema.metadata)


def column_of(kind: Any, vectors: NDArray[np.float32]) -> Any:
    """(n, d) vectors as a column of a type of lists, bytes or texts, whatever width that is of."""
    import pyarrow as pa

    n, dim = vectors.shape
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array([json.dumps(row) for row in vectors.tolist()], kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        data = pa.py_buffer(np.ascontiguousarray(vectors, "<f4"))
        rows = pa.Array.from_buffers(pa.binary(4 * dim), n, [None, data])
        return rows if pa.types.is_fixed_size_binary(kind) else rows.cast(kind)
    number = kind.value_type if pa.types.is_floating(kind.value_type) else pa.float32()
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1)).cast(number)
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(flat, type=pa.list_(kind.value_field.with_type(number), dim))
    offsets = np.arange(n + 1) * dim
    if pa.types.is_large_list(kind):
        return pa.LargeListArray.from_arrays(pa.array(offsets), flat, type=pa.large_list(kind.value_field.with_type(number)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, type=pa.list_(kind.value_field.with_type(number)))
