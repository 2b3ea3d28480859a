"""An embed run as parts that can be done on their own: so many images, one file of vectors.

    images → batches → vectors → a file of another name → its own name → a line with its checksum in the journal

A batch is the same images whatever was interrupted and however many workers there are, because a network's last digits hang
on the batch.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..images import Image, Picture, Source
from ..io import Journal, Seal, checksum_line, resumed_seal, unfinished, write_rows
from ..people import people_in
from ._partial import Batch
from ._pipeline import run_batches
from .card import ModelCard
from .faces import Aligner, Noted, Skipped
from .runtimes import Network, load_network

FAILURES, NOTED = "failures.csv", "noted.csv"

Part = tuple[int, int, int]  # number of the file, first image, image after the last
_networks: dict[str, Network] = {}  # the one of this process, which may get many parts of a job
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class Job:
    """How images become rows of a set; can be pickled.

    Attributes:
        paths: the network's files. decode: from bytes and a name to an image. metadata: for the set.
        folder: for the files of parts. every: all faces of an image become rows. seal: how the files are encrypted.
    """

    images: Source
    card: ModelCard
    paths: tuple[Path, ...]
    aligner: Aligner
    decode: Callable[[bytes, str], Image]
    metadata: dict[str, Any]
    batch_size: int
    folder: Path | None = None
    every: bool = False
    seal: Seal | None = None

    @property
    def key_id(self) -> str:
        """The id of the key that the set is encrypted under, "" where it is not."""
        return self.seal.key.id if self.seal else ""

    def results(self, parts: Iterable[Part], network: Network, workers: int) -> Iterator[Batch]:
        """The batches of parts, in order; no batch is of two parts."""

        def batches() -> Iterator[list[Picture]]:
            for _, start, stop in parts:
                pictures = self.images.pictures(start, stop)
                while batch := list(islice(pictures, self.batch_size)):
                    yield batch

        return run_batches(batches(), network, self.aligner, workers, self.decode, self.every)

    def __call__(self, part: Part) -> dict[str, Any]:
        """One part, as a task of an engine, on one thread: its file, and its line for the journal."""
        key = json.dumps([self.card.name, *map(str, self.paths), self.metadata])
        with _loading:
            if key not in _networks:
                _networks.clear()
                _networks[key] = load_network(self.card, paths=self.paths)
            network = _networks[key]
        return next(self.lines([part], network, 1))

    def lines(
        self, parts: Sequence[Part], network: Network, workers: int, tell: Callable[[int], None] = lambda images: None
    ) -> Iterator[dict[str, Any]]:
        """Write the files of parts and give their lines for the journal; `tell` is called with images that are done."""
        results = self.results(parts, network, workers)
        for part in parts:
            total = Batch()
            while len(total) < part[2] - part[1]:
                batch = next(results)
                total.extend(batch)
                tell(len(batch))
            yield self._write(part, total)

    def make_set(self, rows: Batch, start: int, stop: int) -> EmbeddingSet:
        """The set of images that are among `start` … `stop` − 1. Who the further faces of an image are, nobody knows."""
        told, subjects = self.images.subjects, None
        if told is not None:
            known = dict(zip(self.images.ids[start:stop], told[start:stop], strict=True))
            subjects = [known[name] for name in rows.images]
        elif self.images.has_people:
            subjects = people_in(rows.images).names.tolist()
        if subjects is not None:
            subjects = [who if one == image else "" for who, one, image in zip(subjects, rows.ids, rows.images, strict=True)]
        quality = np.array(rows.scores, dtype=np.float32)
        return EmbeddingSet(
            np.stack(rows.vectors),
            rows.ids,
            model=self.card.name,
            subject=subjects,
            quality=None if np.isnan(quality).all() else quality,
            metadata=self.metadata,
        )

    def _write(self, part: Part, total: Batch) -> dict[str, Any]:
        number, start, stop = part
        line: dict[str, Any] = {"file": None}
        if total.ids:
            assert self.folder is not None
            path = self.folder / f"part-{number:06d}.parquet"
            self.make_set(total, start, stop).save(path, key=self.seal)
            line = checksum_line(path)
        return {
            **line,
            "start": start,
            "images": stop - start,
            "rows": len(total.ids),
            "several": len(total.several),
            "skipped": [asdict(one) for one in total.skipped],
            "noted": [asdict(one) for one in total.noted],
        }


def run_to_folder(
    count: int,
    output: Path,
    settings: dict[str, Any],
    rows_per_file: int,
    write: Callable[[Sequence[Part], Callable[[int], None], Seal | None], Iterable[dict[str, Any]]],
    progress: Callable[[int, int], None],
    seal: Seal | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """`output`, a folder of files of `rows_per_file` images each: the journal's lines, and how many images were resumed.

    `write` makes the files of parts, encrypted as it is told, and calls what it gets with images that are done.
    """
    starts = range(0, count, rows_per_file)
    parts = [(number, start, min(start + rows_per_file, count)) for number, start in enumerate(starts)]
    with unfinished(output, settings, "network, alignment, images, --batch-size or --rows-per-file", _finish) as journal:
        there = {line["start"] for line in journal.lines}
        todo = [part for part in parts if part[1] not in there]
        finished = resumed = count - sum(stop - start for _, start, stop in todo)
        progress(finished, count)

        def tell(images: int) -> None:
            nonlocal finished
            finished += images
            progress(finished, count)

        for line in write(todo, tell, resumed_seal(seal, journal)):
            journal.add(line)
    return journal.lines, resumed


def skipped_of(lines: list[dict[str, Any]]) -> list[Skipped]:
    """The images without an embedding that a journal tells."""
    return [Skipped(**one) for line in lines for one in line["skipped"]]


def noted_of(lines: list[dict[str, Any]]) -> list[Noted]:
    """The images that were turned or show several faces."""
    return [Noted(**one) for line in lines for one in line["noted"]]


def nothing_embedded(count: int, skipped: Sequence[Skipped]) -> InputError:
    """The error for a run in which no image gave an embedding."""
    reasons = Counter(s.reason for s in skipped)
    told = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.most_common())
    first = "; ".join(f"{s.file}: {s.reason} ({s.detail})" for s in skipped[:3])
    return InputError(f"none of the {count:,} images gave an embedding ({told})", f"First: {first}")


def _finish(journal: Journal) -> None:
    skipped = skipped_of(journal.lines)
    if not any(line["rows"] for line in journal.lines):
        shutil.rmtree(journal.folder)  # there is nothing in it to go on with
        raise nothing_embedded(sum(line["images"] for line in journal.lines), skipped)
    _table(journal.folder / FAILURES, Skipped, skipped)
    _table(journal.folder / NOTED, Noted, noted_of(journal.lines))


def _table(path: Path, kind: type[Any], rows: Sequence[Any]) -> None:
    write_rows(path, [each.name for each in fields(kind)], map(astuple, rows))
