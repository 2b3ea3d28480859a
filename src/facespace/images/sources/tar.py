"""Images in tar archives, such as WebDataset's shards: one pass over the headers, then each image where it lies."""

from __future__ import annotations

import json
import os
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import FileFormatError, InputError, shorten
from ..find import SUFFIXES, describe_others
from ..read import LARGEST
from .source import Lost, Picture, Source, stamp, unique

_LABELS = (".cls", ".json", ".txt")  # the first that there is tells who it is
_KEYS = ("subject", "person", "person_id", "identity", "label", "cls", "name")  # of a .json, likewise
_LONGEST = 100  # characters of a name; a .txt that is longer, or has lines, is a caption


class Member(NamedTuple):
    """An image in an archive."""

    id: str
    archive: Path
    name: str
    offset: int
    size: int

    @property
    def path(self) -> Path:
        """The archive's path and the name in it."""
        return self.archive / self.name

    def read_bytes(self) -> bytes:
        """See Picture."""
        if self.size > LARGEST:
            raise FileFormatError(f"{self.path} has {self.size:,} bytes, more than any image")
        try:
            data = _part(self.archive, self.offset, self.size)
        except OSError as error:
            raise FileFormatError(f"can't read {self.path}: {error.strerror or error}") from None
        if len(data) < self.size:
            raise FileFormatError(f"{self.path} is truncated: the archive ends in it")
        return data


def open_archives(place: str, paths: Sequence[Path]) -> Source:
    """The images of archives, with the label beside one (`ann/1.cls`, .json, .txt of the same name) as its subject.

    The id is the name in the archive without suffix. An archive that is damaged gives what lies before the damage, and one
    `Lost`. Raises InputError for other kinds of files, and where there is no image.
    """
    if odd := [str(path) for path in paths if path.suffix.lower() != ".tar"]:
        raise InputError(
            f"these are no .tar archives: {shorten(odd)}", "Unpack compressed ones to .tar first (gunzip, zstd -d)."
        )
    items: list[Picture] = []
    labels: dict[str, tuple[int, str]] = {}
    others: Counter[str] = Counter()
    for path in paths:
        for entry in _entries(path):
            if isinstance(entry, Lost):
                items.append(entry)
                continue
            suffix = os.path.splitext(entry.name)[1].lower()
            if suffix in SUFFIXES:
                items.append(entry)
            elif suffix in _LABELS:
                rank = _LABELS.index(suffix)
                if (told := _label(entry, rank)) and rank <= labels.get(entry.id, (rank, ""))[0]:
                    labels[entry.id] = rank, told
            else:
                others[suffix] += 1
    faults = [item.fault for item in items if isinstance(item, Lost)]
    if len(faults) == len(items):
        besides = f" ({describe_others(others)})" if others else ""
        raise InputError(f"no images in {place}{besides}", shorten(faults, 3) or "Looked for members such as ann/1.jpg.")
    ids = [item.id for item in items]
    names = [item.name if isinstance(item, Member) else item.id for item in items]
    unique(place, ids, names)
    subjects = [labels.get(one, (0, ""))[1] for one in ids] if labels else None
    return Source(place, ids, names, subjects, items, dict(sorted(others.items())), [stamp(path) for path in paths])


def _entries(path: Path) -> Iterator[Member | Lost]:
    at = 0
    try:
        with tarfile.open(path, "r:") as archive:
            kept: Any = archive
            while (entry := archive.next()) is not None:
                kept.members = []  # it would hold on to all of them
                at = archive.offset
                name = "/".join(part for part in entry.name.split("/") if part not in ("", "."))
                if entry.isreg() and not entry.issparse() and not any(part[0] == "." for part in name.split("/")):
                    key = unicodedata.normalize("NFC", os.path.splitext(name)[0])
                    yield Member(key, path, name, entry.offset_data, entry.size)
            at = archive.offset
        if any(_part(path, at, 512)):  # tarfile takes a damaged header for the end
            raise tarfile.ReadError("damaged header")
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        yield Lost(path.name, path, f"{path} is damaged or no tar archive: {error}; what stands from byte {at:,} on is lost")


def _part(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(size)


def _label(entry: Member, rank: int) -> str:
    if entry.size > 1 << 20:
        return ""
    try:
        text = entry.read_bytes().decode("utf-8-sig").strip()
        told: Any = json.loads(text) if rank == 1 else text
    except (FileFormatError, ValueError, RecursionError):
        return ""
    if isinstance(told, dict):
        told = next((told[key] for key in _KEYS if isinstance(told.get(key), str | int)), "")
    name = str(told) if isinstance(told, str | int) else ""
    return "" if len(name) > _LONGEST or "\n" in name else unicodedata.normalize("NFC", name)
