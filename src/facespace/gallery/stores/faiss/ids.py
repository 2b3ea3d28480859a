"""Ids of an index's rows: a line each of a text file, or the numbers that the index keeps."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import GalleryError, InputError
from ....io import atomic_write
from .index import Index, faiss


def ids_of(index: Index, file: Path | None, url: str) -> list[str]:
    """Of each row of an index. Raises GalleryError for a file that can't be read, or doesn't fit the index."""
    if file is None:
        return [str(label) for label in index.labels.tolist()]
    if index.own_ids:
        raise GalleryError(f"{url}: the index keeps ids of its own", "Leave ?ids=FILE out.")
    try:
        lines = file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise GalleryError(f"{url}: can't read {file}: {error}", "It is a text file, an id a line.") from None
    lines = [] if lines == [""] else lines
    top = int(index.labels.max()) + 1 if len(index.labels) else 0
    if len(lines) < top or (len(lines) > top and not index.searched):
        raise GalleryError(
            f"{url}: {file} has {len(lines):,} lines, and the index {top:,} rows",
            "It has an id a line for each row. Is another program writing them now?",
        )
    return lines if len(lines) == len(index.labels) else [lines[label] for label in index.labels]


def write_ids(file: Path, ids: Sequence[str]) -> None:
    """A line each. Raises InputError for an id of several."""
    if broken := next((id_ for id_ in ids if "\n" in id_ or "\r" in id_), None):
        raise InputError(f"the id {broken!r} has more than one line, and {file} has an id a line", "Rename it.")
    with atomic_write(file) as path:
        path.write_text("".join(f"{id_}\n" for id_ in ids), encoding="utf-8", newline="\n")


def numbered(made: Any, ids: Sequence[str]) -> Any:
    """A flat index under ids of its own. Raises InputError where they aren't whole numbers."""
    try:
        numbers = np.array([int(id_) for id_ in ids], np.int64)
    except (ValueError, OverflowError):
        numbers = np.zeros(0, np.int64)
    if [str(number) for number in numbers.tolist()] != list(ids):
        raise InputError("an index alone keeps whole numbers as ids, and these are others", "Say where they go: ?ids=FILE.")
    by_id = faiss().IndexIDMap2(faiss().IndexFlatIP(made.d))
    by_id.add_with_ids(made.reconstruct_n(0, made.ntotal), numbers)
    return by_id


def keys_of(ids: Sequence[str]) -> NDArray[np.int64]:
    """A number for each id, which stays when rows move; that two of 10 million ids share one has a chance of 5e-6."""
    digests = b"".join(blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest() for id_ in ids)
    return np.frombuffer(digests, np.int64) & np.int64(2**63 - 1)


def digest(ids: Sequence[str]) -> str:
    """Of a range of ids, to name it by."""
    return blake2b("\n".join(ids).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
