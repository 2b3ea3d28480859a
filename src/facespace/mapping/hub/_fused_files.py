"""A fused set, put together in memory or written file by file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...embeddings import EmbeddingSet, StoredSet
from ...io import (
    AnyKey,
    checksum_line,
    facts_text,
    key_of,
    output_seal,
    prefetched,
    resumed_seal,
    set_table,
    unfinished,
    write_tables,
)
from ...row_index import AnySet, Progress
from ._fuse import Fusion


def joined_sets(batches: Iterable[EmbeddingSet]) -> EmbeddingSet:
    """One set of several of a kind."""
    parts = list(batches)
    columns: dict[str, Any] = {name: np.concatenate([part.columns()[name] for part in parts]) for name in parts[0].columns()}
    vectors, ids = (np.concatenate([getattr(part, name) for part in parts]) for name in ("vectors", "ids"))
    return EmbeddingSet(vectors, ids, model=parts[0].model, metadata=parts[0].metadata, **columns)


def write_fused(
    fusion: Fusion,
    output: str | Path,
    facts: Mapping[str, Any],
    rows_per_file: int,
    progress: Progress | None,
    key: AnyKey | None = None,
) -> tuple[StoredSet[EmbeddingSet], int]:
    """Write it to one file, or to a folder that a killed run with the same `facts` resumes; and the rows of these.

    With a `key`, or keys in use, it is encrypted.
    """
    output, tell = Path(output), progress or (lambda name, done, whole: None)
    stored = [member.faces.files for member in fusion.members if isinstance(member.faces, StoredSet)]
    seal = output_seal(output, key, stored)
    told = facts_text(fusion.name, fusion.members[0].way.weight.shape[1], {"fused": list(fusion.models)})

    def part(tables: Iterator[Any], start: int, stop: int) -> Iterator[Any]:
        while start < stop:
            yield (table := next(tables))
            start += table.num_rows
            tell("fusing", start, fusion.count)

    if output.suffix == ".parquet":
        tables = prefetched(_tables(fusion, 0, fusion.count))
        write_tables(output, part(tables, 0, fusion.count), lambda: told, seal=seal)
        return EmbeddingSet.open(output, key=key_of(seal)), 0
    settings = {**facts, "rows_per_file": rows_per_file, "input": [_input(member.faces) for member in fusion.members]}
    settings |= {"encrypted": seal.key.id} if seal else {}
    with unfinished(output, settings, "hub, input or --rows-per-file") as journal:
        seal = resumed_seal(seal, journal)
        done = {line["start"]: line["rows"] for line in journal.lines}
        todo = [start for start in range(0, fusion.count, rows_per_file) if start not in done]
        tables = prefetched(_tables(fusion, todo[0], rows_per_file)) if todo else iter(())
        for start in range(todo[0], fusion.count, rows_per_file) if todo else ():
            stop = min(start + rows_per_file, fusion.count)
            path = journal.folder / f"part-{start // rows_per_file:06d}.parquet"
            if start in done:  # one before it was damaged
                list(part(tables, start, stop))
                continue
            write_tables(path, part(tables, start, stop), lambda: told, seal=seal)
            journal.add({**checksum_line(path), "start": start, "rows": stop - start})
    return EmbeddingSet.open(output, key=key_of(seal)), sum(done.values())


def _tables(fusion: Fusion, start: int, rows_per_file: int) -> Iterator[Any]:
    """pyarrow Tables of the keys from `start` on, of which none goes beyond a file."""
    for batch in fusion.batches(start):
        table = set_table({"ids": batch.ids, "vectors": batch.vectors, **batch.columns()})
        at = 0
        while at < len(batch):
            rows = min(len(batch) - at, rows_per_file - start % rows_per_file)
            yield table.slice(at, rows)
            at, start = at + rows, start + rows


def _input(faces: AnySet) -> Any:
    """What tells an input from another."""
    if isinstance(faces, StoredSet):
        return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in faces.files.paths]
    return hashlib.blake2b(np.sort(faces.ids).tobytes() + faces.vectors.tobytes(), digest_size=16).hexdigest()
