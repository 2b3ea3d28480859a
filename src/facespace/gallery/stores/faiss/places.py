"""What is known of an index beyond its file: places beside it, who made each, the networks of its rows.

A folder beside the index holds it: `state.json`, and for each place its index and its rows. Before another file becomes
the index itself, this is written down: whether it has happened is told by whether that file is still beside. So a process
may end anywhere, and readers need to put nothing right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ....io import atomic_write
from ..protocol import Origin, Place

_STATE = "state.json"


@dataclass(frozen=True)
class Held:
    """A place: who made it, the name of its index ("" for the current one, or where none is made yet) and of its rows."""

    origin: Origin
    index: str = ""
    rows: str = ""


Places = dict[Place, Held]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of an index in its order: ids, networks or None, and which have a vector (the others are zeros)."""

    ids: list[str]
    models: list[str | None]
    held: NDArray[np.bool_]

    def named(self, ids: Sequence[str]) -> Rows:
        """What is known of these ids: no network, and a vector, where nothing is."""
        if ids == self.ids:
            return self
        told = dict(zip(self.ids, zip(self.models, self.held.tolist(), strict=True), strict=True))
        found = [told.get(id_, (None, True)) for id_ in ids]
        return Rows(list(ids), [model for model, _ in found], np.array([held for _, held in found], bool))


class Beside:
    """The folder beside an index."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self.folder = index.with_name(f"{index.name}.facespace")

    def places(self) -> Places:
        """As they are, also where a process ended amid a turn."""
        path = self.folder / _STATE
        if not path.exists():
            return {}
        told = json.loads(path.read_text(encoding="utf-8"))
        turn = told["turn"]
        now = turn["places"] if turn and not (self.folder / turn["comes"]).exists() else told["places"]
        return {name: Held(Origin(**held.pop("origin")), **held) for name, held in now.items()}

    def keep(self, places: Places) -> None:
        """Write them down, and remove the files that no place has any more."""
        self._write(places)
        used = {_STATE, *(name for held in places.values() for name in (held.index, held.rows))}
        for path in self.folder.iterdir():
            if path.name not in used and path.is_file():
                path.unlink(missing_ok=True)

    def turn(self, comes: str, goes: str, then: Places) -> None:
        """Make the index `comes` the current one, and the current one `goes` ("": it is taken away); `then` is so after."""
        self._write(self.places(), {"comes": comes, "places": _plain(then)})
        if goes:
            (self.folder / goes).unlink(missing_ok=True)
            os.link(self._index, self.folder / goes)
        os.replace(self.folder / comes, self._index)
        self.keep(then)

    def new_name(self, place: Place, kind: str) -> str:
        """A name that no file there has."""
        taken = {path.name for path in self.folder.glob(f"*.{kind}")}
        return next(name for n in range(len(taken) + 1) if (name := f"{place}-{n}.{kind}") not in taken)

    def write_rows(self, place: Place, rows: Rows) -> str:
        """The name of the new file."""
        name = self.new_name(place, "rows")
        columns = [pa.array(rows.ids, pa.string()), pa.array(rows.models, pa.string()), pa.array(rows.held)]
        table = pa.table(columns, ["id", "model", "held"])
        with atomic_write(self.folder / name) as path, pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
        return name

    def rows(self, held: Held | None) -> Rows:
        """Of a place; none where nothing is kept of them."""
        if held is None or not held.rows:
            return Rows([], [], np.zeros(0, bool))
        with pa.OSFile(str(self.folder / held.rows)) as file:
            table = pa.ipc.open_file(file).read_all()
        return Rows(table["id"].to_pylist(), table["model"].to_pylist(), table["held"].to_numpy())

    def _write(self, places: Places, turn: object = None) -> None:
        with atomic_write(self.folder / _STATE) as path:
            path.write_text(json.dumps({"places": _plain(places), "turn": turn}), encoding="utf-8")


def _plain(places: Places) -> dict[str, object]:
    return {name: asdict(held) for name, held in places.items()}
