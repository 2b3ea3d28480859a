"""A stored set brought into another space: shard by shard, so that what is done stays done.

    batches → product → a file of another name → its own name → a line with its checksum in the journal

A run that was killed goes on where it was (see io/journal.py). The input is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet, Floats, StoredSet, check_vectors
from ..engine import Engine, LocalEngine
from ..errors import InputError
from ..io import (
    GROUP,
    AnyKey,
    Fields,
    Seal,
    Shard,
    checksum_line,
    facts_text,
    key_of,
    output_seal,
    partial_of,
    prefetched,
    resumed_seal,
    unfinished,
    write_tables,
)
from ..row_index import AnySet, ids_and_people
from .linear_map import LinearMap, digest_of, map_facts
from .provenance import FittedOn
from .two_sided_map import TwoSidedMap

ROWS_PER_FILE = 8 * GROUP
_SAMPLE = 16  # places of a set from which rows are looked at

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Move:
    """What brings `faces` by `way` into the space `model`.

    Attributes:
        told: what the moved set is to say of its map (`map_facts`), None where nothing.
        fitted: the images and people that the map was fitted on, where these are counted.
        folder: for the shards. seal: how they are encrypted.
    """

    way: LinearMap
    model: str
    faces: StoredSet[EmbeddingSet]
    told: Mapping[str, Any] | None = None
    fitted: FittedOn | None = None
    folder: Path = Path()
    seal: Seal | None = None

    def __call__(self, task: tuple[int, Shard]) -> dict[str, Any]:
        """Write one shard as a file, whole or not at all; its line for the journal."""
        number, shard = task
        path = self.folder / f"part-{number:06d}.parquet"
        self.write(path, [shard])
        return {**checksum_line(path), "start": shard.start, "rows": shard.rows}

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
            metadata = {} if self.told is None else {"mapped": {**self.told, "fitted": seen}}
            return facts_text(self.model, self.way.weight.shape[1], metadata)

        write_tables(path, tables() if len(shards) == 1 else prefetched(tables()), facts, seal=self.seal)

    def _moved(self, fields: Fields) -> tuple[Floats, int]:
        """Mapped vectors, and how many of the images the map was fitted on."""
        try:
            check_vectors(fields["vectors"])
        except InputError as error:
            raise InputError(f"{self.faces.files.place}, near {fields['ids'][0]}: {error.message}", error.hint) from None
        seen = 0
        if self.fitted is not None:
            ids, people = ids_and_people(fields)
            seen = int(np.count_nonzero(self.fitted.has(ids, people.names)))
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
    key: AnyKey | None = None,
) -> tuple[StoredSet[EmbeddingSet], int]:
    """`fitted.apply(faces)` for sets larger than memory: written to `output`, and opened; and the rows that were resumed.

    An `output` that ends in .parquet is one file, any other a folder of files of about `rows_per_file` rows, which a killed
    run resumes and which an `engine` writes in parallel. Other columns of the input are kept. With a `key` (of
    `EmbeddingSet.save`), or keys in use, it is encrypted.

    Raises:
        InputError: another network's set; vectors without a direction.
        OutputError: `output` is there already (a folder), was begun with other settings, or is being written by another.
    """
    way, model = fitted.route(faces, side)
    move = Move(way, model, faces, map_facts(way, fitted), fitted.fitted)
    return move_to_files(move, output, rows_per_file=rows_per_file, engine=engine, progress=progress, key=key)


def move_to_files(
    move: Move,
    output: str | Path,
    *,
    rows_per_file: int = ROWS_PER_FILE,
    engine: Engine | None = None,
    progress: Progress | None = None,
    key: AnyKey | None = None,
) -> tuple[StoredSet[EmbeddingSet], int]:
    """What `apply_to_files` does, of a move that is made already."""
    output, faces = Path(output), move.faces
    progress = progress or (lambda name, done, whole: None)
    seal = output_seal(output, key, [faces.files])
    move = replace(move, seal=seal)
    if output.suffix == ".parquet":
        move.write(output, faces.shards(), lambda rows: progress("mapping", rows, len(faces)))
        return EmbeddingSet.open(output, key=key_of(seal)), 0
    move = replace(move, folder=partial_of(output))
    files = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in faces.files.paths]
    settings = {"map": digest_of(move.way), "model": move.model, "rows_per_file": rows_per_file, "input": files}
    settings |= {"encrypted": seal.key.id} if seal else {}
    with unfinished(output, settings, "map, input or --rows-per-file") as journal:
        resumed = {line["file"] for line in journal.lines}
        shards = enumerate(faces.shards(rows_per_file))
        todo = [(number, shard) for number, shard in shards if f"part-{number:06d}.parquet" not in resumed]
        rows = before = len(faces) - sum(shard.rows for _, shard in todo)
        move = replace(move, seal=resumed_seal(seal, journal))
        for line in (engine or LocalEngine()).map(move, todo):
            journal.add(line)
            rows += line["rows"]
            progress("mapping", rows, len(faces))
    return EmbeddingSet.open(output, key=key_of(seal)), before


def sample_of(faces: AnySet, rows: int) -> Floats:
    """About `rows` vectors from all over a set; of a stored one from the beginnings of row groups."""
    if isinstance(faces, EmbeddingSet):
        return faces.vectors[np.unique(np.linspace(0, len(faces) - 1, min(len(faces), rows)).astype(np.intp))]
    groups = faces.files.groups
    chosen = np.unique(np.linspace(0, len(groups) - 1, min(_SAMPLE, len(groups))).round().astype(int))
    each = -(-rows // len(chosen))
    parts = [next(faces.batches(groups[number], rows=each)).vectors for number in chosen.tolist()]
    return np.concatenate(parts)
