"""Which of the files that were given are encrypted, and under which keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...io import show_keys
from .result import StoredFile


def stored_files(places: Sequence[str | Path]) -> tuple[StoredFile, ...]:
    """A row for every file of the sets at `places`, as the files say; what is neither Parquet nor a map is plain.

    What they say is held against their key when they are read, so an audit that read them has checked it.
    """
    rows: list[StoredFile] = []
    for place in dict.fromkeys(map(str, places)):
        if Path(place).is_dir() or Path(place).suffix in (".parquet", ".safetensors"):
            rows += [StoredFile(row["file"], row.get("key")) for row in show_keys([place])["files"]]
        else:
            rows.append(StoredFile(place, None))
    return tuple(rows)
