"""Ids of one's choice: a table of file, id and perhaps subject."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import FileFormatError, InputError, shorten
from ...io import delimiter_of, existing_file, read_text
from .source import Lost, Picture, Source, unique


@dataclass(frozen=True)
class Named(Source):
    """Rows `rows` of another source, by other ids; then what was named and isn't there."""

    inner: Source | None = None
    rows: Sequence[int] = ()
    lost: Sequence[Lost] = ()

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """See Source."""
        wanted = dict(zip(self.rows[start:stop], self.ids[start:stop], strict=False))
        if wanted and self.inner is not None:
            first, last = next(iter(wanted)), next(reversed(wanted))
            for row, picture in enumerate(self.inner.pictures(first, last + 1), first):
                if row in wanted:
                    yield picture._replace(id=wanted[row])
        yield from self.lost[max(start - len(self.rows), 0) : max(stop - len(self.rows), 0)]


def named_by(images: Source, path: str | Path) -> Source:
    """The images that a csv with the header file,id[,subject] names, in their own order, by the ids there.

    `file` is the path under the folder, the name in the archive or the id in the table, with or without suffix. What isn't
    there becomes a failure. Raises FileFormatError, InputError.
    """
    path = existing_file(path, "a table of ids")
    told = _read(path)
    rows, ids, subjects, names = [], [], [], []
    for row, (one, name) in enumerate(zip(images.ids, images.names, strict=True)):
        found = told.pop(unicodedata.normalize("NFC", name), None) or told.pop(one, None)
        if found is not None:
            rows.append(row)
            ids.append(found[0])
            subjects.append(found[1])
            names.append(name)
    if not rows:
        raise InputError(
            f"none of the {len(images):,} images is in {path}",
            f"Images: {shorten(images.names, 2)}; files there: {shorten(list(told), 2)}.",
        )
    lost = [Lost(one, Path(file), f"{file} of {path} is not in {images.place}") for file, (one, _) in told.items()]
    ids += [one.id for one in lost]
    subjects += [subject for _, subject in told.values()]
    names += list(told)
    unique(str(path), ids, names)
    people = subjects if any(subject is not None for subject in subjects) else None
    known = None if people is None else [subject or "" for subject in people]
    if known is None and images.subjects is not None:
        known = [images.subjects[row] for row in rows] + [""] * len(lost)
    return Named(images.place, ids, names, known, (), images.others, images.files, True, images, rows, lost)


def _read(path: Path) -> dict[str, tuple[str, str | None]]:
    lines = read_text(path, "a table of ids").splitlines()
    header = lines[0].lower() if lines else ""
    try:
        reader = csv.DictReader([header, *lines[1:]], delimiter=delimiter_of(header))
        fields = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = fields
        table = list(reader)
    except csv.Error as error:
        raise FileFormatError(f"{path} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    if missing := [name for name in ("file", "id") if name not in fields]:
        raise FileFormatError(f"{path} has no column {missing[0]!r}; its columns are {shorten(fields)}", "Needed: file,id.")
    told: dict[str, tuple[str, str | None]] = {}
    for number, row in enumerate(table, 2):
        file, one = (unicodedata.normalize("NFC", (row[name] or "").strip()) for name in ("file", "id"))
        file = os.path.normpath(file).replace(os.sep, "/") if file else ""
        if not file or not one:
            raise FileFormatError(f"{path}, line {number}: no {'id' if file else 'file'}", "Give each file an id.")
        if file in told:
            raise FileFormatError(f"{path}, line {number}: {file} is there twice", "Keep one line for each file.")
        told[file] = one, unicodedata.normalize("NFC", (row["subject"] or "").strip()) if "subject" in fields else None
    return told
