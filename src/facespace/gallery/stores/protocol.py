"""What a gallery is: a place where templates lie, and a second place beside it in which its successor is made.

Places by name: `current` is what readers of the gallery see. `next` lies beside it and is made part by part; `switch` makes
it current and what was current `old`; `back` undoes that. Nothing but `drop` deletes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...results import fields

Place = Literal["current", "next", "old"]
ROWS = 8192  # rows of a batch


@dataclass(frozen=True, eq=False)
class Templates:
    """Some rows of a gallery.

    Attributes:
        ids: n keys as text, each unique in its gallery.
        vectors: (n, d) float32 as they are stored, of any length.
        models: n names of the networks whose space each vector is in, or came from ("" where nothing tells). A mapped one is
            called SOURCE→TARGET. None: the gallery records none.
        people: n texts, or None where the gallery has no column for it; None in it for a row without a person.
    """

    ids: Sequence[str]
    vectors: NDArray[np.float32]
    models: Sequence[str] | None = None
    people: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Origin:
    """Who made a second place: kept with it, so that two migrations never share one.

    Attributes: plan: the plan's digest. model: the space it is in. dim: width of its vectors. mapped: what a set says that a
    map has moved (`EmbeddingSet.mapped`), and its `model`; empty where no map did.
    """

    plan: str
    model: str
    dim: int
    mapped: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class GalleryInfo:
    """What a gallery says of itself.

    Attributes:
        url: the gallery. store: the kind of it.
        count: templates in the current place. dim: their width. type: of their numbers, as the store names it.
        metric: what the store compares them by, "" where it has none. model: the network, "" where nothing tells.
        columns: other columns. indexes: the store's search indexes on the vectors, as the store writes them.
        places: those beside the current one, and who made each.
        mapped: what a set says that a map has moved (`EmbeddingSet.mapped`); empty for a network's own templates.
        notes: what this store can't do, and the way around it, each a sentence.
    """

    url: str
    store: str
    count: int
    dim: int
    type: str
    metric: str = ""
    model: str = ""
    columns: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    places: Mapping[str, Origin] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mapped: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        told = fields(self, "url", "store", "count", "dim", "type", "metric", "model", "columns", "indexes", "notes")
        told["mapped"] = dict(self.mapped)
        return {**told, "places": {name: fields(origin, "plan", "model", "dim") for name, origin in self.places.items()}}


@dataclass(frozen=True, eq=False)
class Found:
    """Answers to q searches, best first: ids, cosines and models of each; fewer than asked where the gallery is small."""

    ids: tuple[tuple[str, ...], ...]
    scores: tuple[NDArray[np.float32], ...]
    models: tuple[tuple[str, ...], ...]


@runtime_checkable
class Store(Protocol):
    """A gallery in one kind of store. Made by `open_gallery`; can be pickled, connections are made in each process.

    Rows may be added to and deleted from the current place by others at any time. Every method leaves the gallery whole if
    the process ends in it, and can then be called again. Errors: GalleryError, with the store's own words, for a server that
    is gone, a full disk, a column that is not there.
    """

    url: str
    #: whether parts are ranges of keys: their names shift when rows come and go, but an earlier name stays good. Else parts
    #: are files or rows, and are named anew when these change.
    ranges: ClassVar[bool]
    #: whether one part at a time can be written.
    alone: ClassVar[bool]

    def info(self) -> GalleryInfo:
        """Count, width, type, other columns, and which places there are."""
        ...

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """Every row of a place once, at most `rows` at a time, as of one moment where the store can do that."""
        ...

    def parts(self, rows: int) -> list[str]:
        """The current place cut into parts of about `rows` rows, each named by a text that `read` takes, now or later.

        Together they hold every row once. A part whose rows have changed since gets another name, or is open to them: what
        the store can't name so is found by `missing`.
        """
        ...

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """The rows that a part of the current place has now."""
        ...

    def begin(self, origin: Origin) -> None:
        """Make `next`, empty; nothing happens if it is there with the same origin. OutputError if it is another plan's."""
        ...

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """Write the rows of a part, mapped, into `next`: all or none, and again is the same as once.

        The part "" is what `missing` gave: rows of no part that is known.
        """
        ...

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """Rows of the current place that `next` has not got: added since their part was read."""
        ...

    def replace(self, templates: Templates, place: Place) -> int:
        """Give rows of a place other vectors and models, by id; how many of the ids there are. Others are left out."""
        ...

    def complete(self) -> None:
        """After the last `put`: drop what was deleted meanwhile, commit, build in `next` the indexes that current has."""
        ...

    def switch(self) -> None:
        """Make `next` current and current `old`, in one step for every reader. OutputError if there is no `next`."""
        ...

    def back(self) -> None:
        """Make `old` current and current `next`, in one step for every reader. OutputError if there is no `old`."""
        ...

    def drop(self, place: Literal["next", "old"]) -> None:
        """Delete a place beside the current one; nothing happens if it isn't there."""
        ...

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """The `count` nearest by cosine to each of (q, d) queries, by the store's own search where it has one."""
        ...

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """Make the gallery anew from rows, where there is none: what `gallery copy` does; the rows written.

        `model` and `mapped` as of GalleryInfo.

        OutputError if there is one already.
        """
        ...
