"""What a source of images is: ids that are all known, and bytes that are read when they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ...errors import FileFormatError, InputError, shorten


class Picture(Protocol):
    """An image that is not read yet. A NamedTuple, so that `_replace` gives it another id."""

    @property
    def id(self) -> str:
        """The id of its row in the set."""

    @property
    def path(self) -> Path:
        """Where it lies, for messages."""

    def read_bytes(self) -> bytes:
        """Its file's bytes. Raises FileFormatError."""

    @property
    def _replace(self) -> Any: ...


class Lost(NamedTuple):
    """What should have been an image, or hold some, and can't be read: it becomes a failure as any other."""

    id: str
    path: Path
    fault: str

    def read_bytes(self) -> bytes:
        """Raises FileFormatError."""
        raise FileFormatError(self.fault)


@dataclass(frozen=True)
class Source:
    """Images in the order of the set; this one has them in a list.

    Attributes:
        place: what was opened, for messages.
        ids: of all images. names: what their files are called, with suffix.
        subjects: who it is, "" where unknown; None where only the folders in the ids may tell.
        items: the images; a source that reads its images one after the other has none.
        others: how many other files there are by their suffix.
        files: [name, size, time] of the archives or tables they are in.
        grouped: whether the folders in ids are people.
    """

    place: str
    ids: Sequence[str]
    names: Sequence[str]
    subjects: Sequence[str] | None = None
    items: Sequence[Picture] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[list[Any]] = ()
    grouped: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Images `start` … `stop` − 1."""
        return iter(self.items[start:stop])

    @property
    def has_people(self) -> bool:
        """Is anything known of who is in the images?"""
        return self.subjects is not None or (self.grouped and any("/" in name for name in self.ids))

    def facts(self) -> dict[str, Any]:
        """What tells this source from another: plain JSON types."""
        digest = hashlib.blake2b(digest_size=16)
        for name, file in zip(self.ids, self.names, strict=True):
            digest.update(f"{name}\0{file}\n".encode("utf-8", "surrogatepass"))
        for subject in self.subjects or ():
            digest.update(f"{subject}\n".encode("utf-8", "surrogatepass"))
        return {"images": len(self), "ids": digest.hexdigest(), "files": [list(file) for file in self.files]}


def unique(place: str, ids: Sequence[str], names: Sequence[str]) -> None:
    """Raise InputError where several images have one id."""
    if len(set(ids)) == len(ids):
        return
    found: dict[str, list[str]] = {}
    for one, name in zip(ids, names, strict=True):
        found.setdefault(one, []).append(name)
    twice = [f"{one!r} ({shorten(files, 3)})" for one, files in found.items() if len(files) > 1]
    raise InputError(
        f"{place}: ids that several images share: {shorten(twice)}",
        "Give each an id of its own with --ids (a csv of file,id), or embed them into several sets.",
    )


def stamp(path: Path) -> list[Any]:
    """[name, size, time] of a file: whether it is still the same."""
    stat = path.stat()
    return [path.name, stat.st_size, stat.st_mtime_ns]
