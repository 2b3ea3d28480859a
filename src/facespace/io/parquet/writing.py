"""Parquet written a table at a time: our layout, one file or the shards of a folder."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..._version import __version__
from ..column_names import COLUMNS, Fields
from ..files import atomic_write
from ..keys import Seal
from ..set_facts import digest_of
from .sealed import sealing

GROUP = 16384  # rows of a row group that we write, and of a batch: 32 MiB of 512 numbers
_REPEATED = (
    "subject",
    "template",
    "media",
    "model",
)  # whose values come again and again; ids and vectors are noise to a dictionary


def save_parquet(fields: Fields, path: Path, seal: Seal | None = None) -> None:
    """Write a set: columns id, vector (fixed-size list) and what else it has; encrypted by a `seal`."""
    facts = facts_text(fields["model"], fields["vectors"].shape[1], fields["metadata"])
    write_tables(path, [set_table(fields).replace_schema_metadata({"facespace": facts})], seal=seal)


def set_table(fields: Fields) -> Any:
    """The pyarrow Table of a set's fields, some of its rows perhaps, in our layout."""
    import pyarrow as pa

    columns: dict[str, Any] = {"id": pa.array(fields["ids"].tolist(), pa.string())}
    for name, column in ((name, fields[name]) for name in COLUMNS if name in fields):
        # "" is what is not known
        texts = None if name == "quality" else [value or None for value in column.tolist()]
        columns[name] = pa.array(column, pa.float32()) if texts is None else pa.array(texts, pa.string())
    vectors = fields["vectors"]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return pa.table(columns)


def facts_text(model: str, dim: int, metadata: Mapping[str, Any]) -> str:
    """What a file says of itself, under the metadata key `facespace`: JSON with a digest."""
    facts = {"model": model, "dim": dim, "metadata": metadata, "version": __version__}
    facts["digest"] = digest_of(json.dumps(facts))
    return json.dumps(facts)


def write_tables(
    path: Path,
    tables: Iterable[Any],
    facts: Callable[[], str] | None = None,
    compression: str = "zstd",
    seal: Seal | None = None,
) -> None:
    """Write pyarrow Tables of one schema to `path`, whole or not at all; at the end `facts()`, a `facts_text`.

    Without `facts` these are in the schema's metadata, where they are known before. With a `seal` the file is encrypted.
    """
    with atomic_write(path) as temporary:
        fill(temporary, tables, facts, compression, None if seal is None else seal.at(path))


def fill(
    temporary: Path,
    tables: Iterable[Any],
    facts: Callable[[], str] | None,
    compression: str,
    seal: Seal | None,
    group: int | None = None,
) -> None:
    """What `write_tables` does, of a file that is renamed by somebody else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for table in tables:
            if writer is None:
                coded = [name for name in _REPEATED if name in table.column_names]
                # Parquet has no 8 bits: as places in a dictionary numbers take as many, else 32.
                coded += [
                    f"{one.name}.list.element" for one in table.schema if getattr(one.type, "value_type", None) == pa.int8()
                ]
                options = {"compression": compression, "use_dictionary": coded, **sealing(seal)}
                writer = pq.ParquetWriter(temporary, table.schema, **options)
            writer.write_table(table, row_group_size=group or GROUP)
        if writer is not None and facts is not None:
            writer.add_key_value_metadata({"facespace": facts()})
    finally:
        if writer is not None:
            writer.close()


def prefetched(tables: Iterator[Any], ahead: int = 2) -> Iterator[Any]:
    """The same tables, made by a thread of their own a few `ahead` of whoever takes them."""
    with ThreadPoolExecutor(1) as pool:
        end = object()
        waiting = deque(pool.submit(next, tables, end) for _ in range(ahead))
        try:
            while (table := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(next, tables, end))
                yield table
        finally:
            for left in waiting:
                left.cancel()
