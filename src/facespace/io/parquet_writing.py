"""Parquet written a table at a time: our layout, one file or the shards of a folder."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .._version import __version__
from .files import atomic_write

ROWS = 16384  # of a row group: 32 MiB of 512 numbers
_REPEATED = ("subject", "template", "media")  # whose values come again and again; ids and vectors are noise to a dictionary


def facts_text(model: str, dim: int, metadata: Mapping[str, Any]) -> str:
    """What a file says of itself, under the metadata key `facespace`: JSON with a digest."""
    facts = {"model": model, "dim": dim, "metadata": metadata, "version": __version__}
    facts["digest"] = hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()
    return json.dumps(facts)


def write_tables(path: Path, tables: Iterable[Any], facts: Callable[[], str]) -> None:
    """Write pyarrow Tables of one schema to `path`, whole or not at all; at the end `facts()`, a `facts_text`."""
    import pyarrow.parquet as pq

    with atomic_write(path) as temporary:
        writer = None
        try:
            for table in tables:
                plain = table.replace_schema_metadata(None)
                if writer is None:
                    coded = [name for name in _REPEATED if name in plain.column_names]
                    writer = pq.ParquetWriter(
                        temporary, plain.schema, compression="zstd", use_dictionary=coded, write_page_checksum=True
                    )
                writer.write_table(plain, row_group_size=ROWS)
            if writer is not None:
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
