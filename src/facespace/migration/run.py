"""Making the second place: part by part, each whole or not at all; what the journal tells is not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np

from ..embeddings import Floats
from ..engine import Engine
from ..gallery.stores import Origin, Store, Templates
from .evidence import Direction
from .journal import Journal, Line

ROWS = 65_536  # of a part

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Fill:
    """Brings one part of the current place into the next. `mapped` is what the network of the rows it makes is called."""

    store: Store
    direction: Direction
    mapped: str

    def __call__(self, part: str) -> Line:
        """Read, map and write a part; its line for the journal."""
        start = time.perf_counter()
        read, written, rows = blake2b(digest_size=16), blake2b(digest_size=16), 0

        def made() -> Iterator[Templates]:
            nonlocal rows
            for batch in self.store.read(part):
                found = self.map(batch)
                read.update(np.ascontiguousarray(batch.vectors).data)
                written.update(found.vectors.data)
                rows += len(batch)
                yield found

        self.store.put(part, made())
        return Line(part, rows, read.hexdigest(), written.hexdigest(), time.perf_counter() - start)

    def map(self, batch: Templates) -> Templates:
        """A batch as it lies in the next place: unit vectors, and what they came from."""
        vectors: Floats = np.ascontiguousarray(self.direction.template(batch.vectors))
        return Templates(batch.ids, vectors, [self.mapped] * len(batch), batch.people)


def fill(
    store: Store,
    fill_part: Fill,
    origin: Origin,
    journal: Journal,
    engine: Engine,
    progress: Progress = lambda done, whole: None,
    rows: int | None = None,
) -> int:
    """Make `next` hold every row of the current place, also those that were added since; how many rows this run made."""
    if store.info().places.get("next") is None:
        journal.forget()  # somebody dropped it
    store.begin(origin)
    # Ranges of keys are kept as they were cut at first: in a gallery that lives they would be others after every kill.
    parts = (journal.listed() if store.ranges else []) or store.parts(rows or ROWS)
    journal.keep(parts)
    done = journal.done()
    before = sum(line.rows for line in done.values())
    whole = max(store.info().count, before)
    made = 0
    for line in engine.map(fill_part, [part for part in parts if part not in done]):
        journal.add(line)
        made += line.rows
        progress(before + made, whole)
    late = store.missing()
    if first := next(late, None):

        def rest() -> Iterator[Templates]:
            nonlocal made
            for batch in chain([first], late):
                made += len(batch)
                yield fill_part.map(batch)

        store.put("", rest())
    store.complete()
    return made
