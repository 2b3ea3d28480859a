"""A Parquet file written anew under another key or name, and compared before it takes the place of the old one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import OutputError
from ..files import atomic_write
from ..keys import KeyRing, Seal
from .footers import Locks, footer, named
from .pages import check_pages
from .pointer import stamp_of
from .sealed import identity_of
from .writing import fill


def reseal(path: Path, keys: KeyRing, seal: Seal) -> None:
    """Write `path` anew under `seal`, whatever key and name it has; the content stays, rows, columns and metadata.

    The new file is read back and compared before it takes the old one's name; killed at any moment, `path` is one of the
    two, whole. Raises EncryptionError for what can't be read, OutputError where somebody else changed it meanwhile.
    """
    stamp = stamp_of(path)
    told = identity_of(path)
    locks = Locks({} if told is None else {path: told}, keys)
    with named(path, locks):
        about = footer(path, locks)
    compression = "zstd"
    if told is not None and about.num_row_groups:  # of a plain file no column's own metadata are believed
        compression = about.row_group(0).column(0).compression.lower().replace("uncompressed", "none")
    check = hashlib.blake2b()
    with atomic_write(path) as temporary:
        groups = _hashed(_groups(path, locks, about.num_row_groups), check)
        fill(temporary, groups, None, compression, seal.at(path), group=1 << 30)  # the row groups stay as they are
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        made = identity_of(temporary)
        assert made is not None
        again, back = hashlib.blake2b(), Locks({temporary: made}, KeyRing((seal.key,)))
        for _ in _hashed(_groups(temporary, back, footer(temporary, back).num_row_groups), again):
            pass
        if again.digest() != check.digest():
            raise OutputError(f"{path}: what was written is not what was read", "It stays as it was. Is the disk sound?")
        if stamp_of(path) != stamp:
            raise OutputError(f"{path} was changed by somebody else meanwhile", "It stays as they left it; try again.")
    if hasattr(os, "O_DIRECTORY"):  # so that the new name outlives a loss of power
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _groups(path: Path, locks: Locks, count: int) -> Iterator[Any]:
    """The row groups, each as a pyarrow Table with what the file's metadata say."""
    import pyarrow.parquet as pq

    with named(path, locks), pq.ParquetFile(path, pre_buffer=False, **locks.options(path)) as file:
        if not locks.encrypted:
            check_pages(path, range(count))
        kept = {key: value for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}
        schema = file.schema_arrow.with_metadata(kept or None)
        if not count:
            yield schema.empty_table()
        for number in range(count):
            yield file.read_row_group(number, use_threads=False).replace_schema_metadata(kept or None)


def _hashed(tables: Iterator[Any], digest: Any) -> Iterator[Any]:
    """The same tables; their rows and metadata go into `digest`."""
    import pyarrow as pa

    for table in tables:
        if table.num_rows:
            sink, bare = pa.BufferOutputStream(), table.replace_schema_metadata(None)
            digest.update(repr(sorted((table.schema.metadata or {}).items())).encode())  # files keep them in any order
            with pa.ipc.new_stream(sink, bare.schema) as stream:
                for batch in bare.combine_chunks().to_batches():
                    stream.write_batch(batch)
            digest.update(memoryview(sink.getvalue()))
        yield table
