"""A stored set brought into another space: shard by shard, so that what is done stays done.

    batches → product → a file of another name → its own name → a line with its checksum in the journal

While it runs the shards lie in OUT.partial, with a journal and with what it was begun with (settings.json). When all are
there the folder gets its name, and the journal is its manifest. A run that was killed goes on where it was: what the journal
tells is looked at (size, checksum) and not made again. The input is only read.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet, Floats, StoredSet, check_vectors
from ..engine import Engine, LocalEngine
from ..errors import InputError, OutputError
from ..io import GROUP, Fields, Shard, atomic_write, facts_text, locked, prefetched, texts, write_tables
from ..people import people_in, people_named
from ..row_index import AnySet
from .linear_map import LinearMap, digest_of, map_facts
from .two_sided_map import TwoSidedMap

MANIFEST, _SETTINGS = "journal.jsonl", "settings.json"
ROWS_PER_FILE = 8 * GROUP
_SAMPLE = 16  # places of a set from which rows are looked at

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Move:
    """What brings `faces` into the space `model`: by `way`, one side of the map `whole`; `folder` is for the shards."""

    way: LinearMap
    whole: LinearMap | TwoSidedMap
    model: str
    faces: StoredSet[EmbeddingSet]
    folder: Path

    def __call__(self, task: tuple[int, Shard]) -> dict[str, Any]:
        """Write one shard as a file, whole or not at all; its line for the journal."""
        number, shard = task
        path = self.folder / f"part-{number:06d}.parquet"
        self.write(path, [shard])
        return {"file": path.name, "start": shard.start, "rows": shard.rows, **_checksum(path)}

    def write(self, path: Path, shards: list[Shard], done: Callable[[int], None] = lambda rows: None) -> None:
        """Write shards as one file; `done` is told the rows read so far."""
        seen = 0

        def tables() -> Iterator[Any]:
            nonlocal seen
            for shard in shards:
                at = shard.start
                for table, known in self.faces.files.moved(shard, self._moved, self.faces.block):
                    seen += known
                    at += table.num_rows
                    done(at)
                    yield table

        def facts() -> str:
            mapped = {**map_facts(self.way, self.whole), "fitted": seen}
            return facts_text(self.model, self.way.weight.shape[1], {"mapped": mapped})

        write_tables(path, tables() if len(shards) == 1 else prefetched(tables()), facts)

    def _moved(self, fields: Fields) -> tuple[Floats, int]:
        """Mapped vectors, and how many of the images the map was fitted on."""
        try:
            check_vectors(fields["vectors"])
        except InputError as error:
            raise InputError(f"{self.faces.files.place}, near {fields['ids'][0]}: {error.message}", error.hint) from None
        seen = 0
        if self.whole.fitted is not None:
            ids = texts(fields["ids"], "id")
            people = people_named(texts(fields["subject"], "subject")) if "subject" in fields else people_in(ids)
            seen = int(np.count_nonzero(self.whole.fitted.has(ids, people.names)))
        return self.way.transform(fields["vectors"]), seen


def apply_to_files(
    fitted: LinearMap | TwoSidedMap,
    faces: StoredSet[EmbeddingSet],
    output: str | Path,
    *,
    side: str | None = None,
    rows_per_file: int = ROWS_PER_FILE,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> tuple[StoredSet[EmbeddingSet], int]:
    """`fitted.apply(faces)` for sets larger than memory: written to `output`, and opened; and the rows that were resumed.

    An `output` that ends in .parquet is one file, any other a folder of files of about `rows_per_file` rows, which a killed
    run resumes and which an `engine` writes in parallel. Other columns of the input are kept.

    Raises:
        InputError: another network's set; vectors without a direction.
        OutputError: `output` is there already (a folder), was begun with other settings, or is being written by another.
    """
    way, model = fitted.route(faces, side)
    output = Path(output)
    progress = progress or (lambda name, done, whole: None)
    if output.suffix == ".parquet":
        move = Move(way, fitted, model, faces, output.parent)
        move.write(output, faces.shards(), lambda rows: progress("mapping", rows, len(faces)))
        return EmbeddingSet.open(output), 0
    if output.exists():
        raise OutputError(f"{output} is there already", "Name another folder, or remove it.")
    partial = output.with_name(output.name + ".partial")
    move = Move(way, fitted, model, faces, partial)
    shards = list(enumerate(faces.shards(rows_per_file)))
    files = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in faces.files.paths]
    settings = {"map": digest_of(way), "model": model, "rows_per_file": rows_per_file, "input": files}
    with locked(partial.with_name(f".{partial.name}.lock")):
        resumed = _begin(partial, settings)
        todo = [(number, shard) for number, shard in shards if f"part-{number:06d}.parquet" not in resumed]
        rows = len(faces) - sum(shard.rows for _, shard in todo)
        before = rows
        with (partial / MANIFEST).open("a", encoding="utf-8") as journal:
            for line in (engine or LocalEngine()).map(move, todo):
                journal.write(json.dumps(line) + "\n")
                journal.flush()
                os.fsync(journal.fileno())
                rows += line["rows"]
                progress("mapping", rows, len(faces))
        lines = sorted((partial / MANIFEST).read_text(encoding="utf-8").splitlines())
        with atomic_write(partial / MANIFEST) as temporary:  # the same whatever was interrupted
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        (partial / _SETTINGS).unlink()
        partial.rename(output)
    return EmbeddingSet.open(output), before


def sample_of(faces: AnySet, rows: int) -> Floats:
    """About `rows` vectors from all over a set; of a stored one from the beginnings of row groups."""
    if isinstance(faces, EmbeddingSet):
        return faces.vectors[np.unique(np.linspace(0, len(faces) - 1, min(len(faces), rows)).astype(np.intp))]
    groups = faces.files.groups
    chosen = np.unique(np.linspace(0, len(groups) - 1, min(_SAMPLE, len(groups))).round().astype(int))
    each = -(-rows // len(chosen))
    parts = [next(faces.batches(groups[number], rows=each)).vectors for number in chosen.tolist()]
    return np.concatenate(parts)


def _begin(partial: Path, settings: dict[str, Any]) -> set[str]:
    """The shards that are there and whole; a folder that was not begun yet is."""
    begun = partial / _SETTINGS
    if not begun.exists():
        shutil.rmtree(partial, ignore_errors=True)
        with atomic_write(begun) as temporary:
            temporary.write_text(json.dumps(settings), encoding="utf-8")
        return set()
    if json.loads(begun.read_text(encoding="utf-8")) != json.loads(json.dumps(settings)):
        raise OutputError(
            f"{partial} was begun with another map, input or --rows-per-file",
            "Give the same ones, or remove it to begin anew.",
        )
    found, lines = set(), []
    for text in (partial / MANIFEST).read_text(encoding="utf-8").splitlines() if (partial / MANIFEST).exists() else ():
        try:
            line = json.loads(text)
            whole = _checksum(partial / line["file"]) == {key: line[key] for key in ("bytes", "blake2b")}
        except (ValueError, KeyError, TypeError, OSError):  # the last line may have been cut off
            continue
        if whole and line["file"] not in found:
            found.add(line["file"])
            lines.append(text)
    with atomic_write(partial / MANIFEST) as temporary:
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return found


def _checksum(path: Path) -> dict[str, Any]:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return {"bytes": path.stat().st_size, "blake2b": digest.hexdigest()}
