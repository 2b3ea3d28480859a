"""Parts of Parquet files by name: file, row groups, and the file's size and time, so that a changed one has another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ....errors import GalleryError
from ....io import GROUP, ParquetFiles, Shard

_NAME = 150  # characters of a file's name that tell the source; a longer one is told by its beginning and a digest


def part_of(files: ParquetFiles, shard: Shard) -> str:
    """What a part is called: its file below the place, first and last row group, size and time of the file."""
    place = Path(files.place)
    inside = shard.path.relative_to(place if place.is_dir() else place.parent).with_suffix("")
    stem = inside.name
    if len(stem) > _NAME:
        stem = f"{stem[:40]}~{blake2b(stem.encode(), digest_size=8).hexdigest()}"
    size, time = files.stamps[shard.path]
    return f"{(inside.parent / stem).as_posix()}.{shard.groups[0]:05}-{shard.groups[-1]:05}.{size:x}-{time:x}"


def shard_of(files: ParquetFiles, part: str) -> Shard:
    """The row groups of a part. GalleryError where they are not there as they were."""
    head, first, last, stamp = pieces(part)
    groups = [shard for shard in files.groups if first <= shard.groups[0] <= last]
    own = [shard for shard in groups if pieces(part_of(files, shard))[::3] == (head, stamp)]
    if not own or (own[0].groups[0], own[-1].groups[0]) != (first, last):
        raise GalleryError(f"{files.place}: the part {part!r} has changed since, or is gone", "Ask for the parts again.")
    return replace(own[0], groups=tuple(one.groups[0] for one in own), rows=sum(one.rows for one in own))


def schema_of(files: ParquetFiles, path: Path) -> Any:
    """The columns of one of the files, and what its metadata say."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path, **files.locks.options(path))
    return schema.with_metadata(plain(schema.metadata))


def plain(metadata: Any) -> dict[bytes, bytes] | None:
    """A file's metadata, less what Arrow writes itself."""
    return {key: value for key, value in (metadata or {}).items() if key != b"ARROW:schema"} or None


def pieces(part: str) -> tuple[str, int, int, str]:
    """File, first and last row group, stamp.

    >>> pieces("subject=a/part-0.00002-00005.1f-abc")
    ('subject=a/part-0', 2, 5, '1f-abc')
    """
    try:
        head, groups, stamp = part.rsplit(".", 2)
        first, last = groups.split("-")
        return head, int(first), int(last), stamp
    except ValueError:
        raise GalleryError(f"{part!r} is no part of a Parquet gallery", "Take those that its parts() gives.") from None


def grouped(tables: Iterable[Any], rows: int = GROUP) -> Iterator[Any]:
    """The same rows in tables of `rows` rows, each of which becomes a row group."""
    import pyarrow as pa

    waiting: list[Any] = []
    for table in tables:
        waiting.append(table)
        while sum(one.num_rows for one in waiting) >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows).combine_chunks()
            waiting = [whole.slice(rows)] if whole.num_rows > rows else []
    if waiting:
        yield pa.concat_tables(waiting)
