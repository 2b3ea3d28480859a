"""A folder that is written file by file, so that what is done stays done.

While it is unfinished it is called OUT.partial and holds, beside its files, what it was begun with (settings.json) and a
journal: a line with size and checksum for each file, written when the file has its own name. A run that was killed goes on
where it was: what the journal tells is looked at and not made again. When all is there the journal is sorted, so that the
bytes are those of a run that nothing interrupted, and the folder gets its name; the journal is then its manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from ..errors import OutputError
from .files import atomic_write, begin_folder, locked, partial_of

MANIFEST, _SETTINGS = "journal.jsonl", "settings.json"

Line = dict[str, Any]


class Journal:
    """What is in an unfinished folder.

    Attributes:
        folder: where to write files, each whole or not at all.
        lines: of what is there and whole; `file` in one is the name of its file, None where there is nothing to write,
            and `start` its place among them.
    """

    def __init__(self, folder: Path, lines: list[Line], file: TextIO) -> None:
        self.folder, self.lines, self._file = folder, lines, file

    def add(self, line: Line) -> None:
        """Tell that something is there: on the disk before this returns."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines.append(line)


@contextmanager
def unfinished(
    output: Path, settings: Mapping[str, Any], begun_with: str, finish: Callable[[Journal], None] = lambda journal: None
) -> Iterator[Journal]:
    """The journal of `output`, a folder that is not there yet, begun anew or gone on with; without an error it is finished.

    Where it is there, whole and made with the same settings (the run that made it may have been killed right after), the
    journal tells so, and there is nothing to add.

    `begun_with` says in the refusal of other settings which these are; `finish` writes what is made of all lines, and may
    be called again after a kill.

    Raises OutputError: something else is at `output`, it was begun with other settings, or is being written by another run.
    """
    if output.exists():
        yield Journal(output, _finished(output, settings), io.StringIO())
        return
    partial = partial_of(output)
    with locked(partial.with_name(f".{partial.name}.lock")):
        lines = _begin(partial, settings, begun_with)
        with (partial / MANIFEST).open("a", encoding="utf-8") as file:
            journal = Journal(partial, lines, file)
            yield journal
        journal.lines.sort(key=lambda line: line["start"])
        finish(journal)
        _write(partial, journal.lines)
        partial.rename(output)


def _finished(output: Path, settings: Mapping[str, Any]) -> list[Line]:
    """The lines of a folder that is there, if these settings made it and all of it is whole: nothing is left to do."""
    lines: list[Line] = []
    with suppress(ValueError, KeyError, TypeError, OSError):
        same = json.loads((output / _SETTINGS).read_text(encoding="utf-8")) == json.loads(json.dumps(settings))
        told = (output / MANIFEST).read_text(encoding="utf-8").splitlines() if same else []
        lines = [line for line in map(json.loads, told) if _whole(output, line)]
        if lines and len(lines) == len(told):
            return lines
    raise OutputError(f"{output} is there already", "Name another folder, or remove it.")


def _whole(folder: Path, line: Line) -> bool:
    return line["file"] is None or line.items() >= checksum_line(folder / line["file"]).items()


def checksum_line(path: Path) -> Line:
    """{"file", "bytes", "blake2b"} of a file, for its line in the journal."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return {"file": path.name, "bytes": path.stat().st_size, "blake2b": digest.hexdigest()}


def _begin(partial: Path, settings: Mapping[str, Any], begun_with: str) -> list[Line]:
    """The lines of what is there and whole; a folder that was not begun yet is."""
    begun = partial / _SETTINGS
    if not begun.exists():
        begin_folder(partial)
        with atomic_write(begun) as temporary:
            temporary.write_text(json.dumps(settings), encoding="utf-8")
        return []
    if json.loads(begun.read_text(encoding="utf-8")) != json.loads(json.dumps(settings)):
        raise OutputError(
            f"{partial} was begun with another {begun_with}", "Give the same ones, or remove it to begin anew."
        )
    lines: dict[int, Line] = {}
    for text in (partial / MANIFEST).read_text(encoding="utf-8").splitlines() if (partial / MANIFEST).exists() else ():
        try:
            line = json.loads(text)
            if _whole(partial, line):
                lines[line["start"]] = line
        except (ValueError, KeyError, TypeError, AttributeError, OSError):  # the last line may have been cut off
            continue
    _write(partial, list(lines.values()))
    return list(lines.values())


def _write(partial: Path, lines: list[Line]) -> None:
    with atomic_write(partial / MANIFEST) as temporary:
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
