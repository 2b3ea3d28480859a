"""Whose image is it? The one answer, and the one rule behind it.

    the subject column of the set; without one the first folder of the id (`ann/frontal/1` is Ann's); else nobody knows

A set with the column is taken at its word: a row without a subject there (null, "") is of an unknown person, whatever its id
looks like. Unknown people are left out, and counted, wherever people are needed; they are never one person together.

>>> people_in(["ann/1", "ann/side/2", "bob/1", "loose"]).names.tolist()
['ann', 'ann', 'bob', '']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .embeddings import EmbeddingSet, Strings
from .errors import InputError, shorten

Source = Literal["subject", "folder", "nobody"]


@dataclass(frozen=True, eq=False)
class People:
    """Whose images these are.

    Attributes:
        names: (n,) name of each image's person, "" where it is unknown.
        source: what told: the column "subject", the "folder" in the ids, or "nobody" (all names are then "").
    """

    names: Strings
    source: Source

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,) True where the person is known."""
        return np.asarray(self.names != "", dtype=np.bool_)

    @property
    def codes(self) -> NDArray[np.intp]:
        """(n,) the people as whole numbers from 0, in the order of their names; −1 where unknown."""
        codes = np.full(len(self.names), -1, dtype=np.intp)
        codes[self.known] = np.unique(self.names[self.known], return_inverse=True)[1]
        return codes

    def take(self, rows: NDArray[np.intp]) -> People:
        """The people of the given rows; a row may come twice."""
        return People(self.names[rows], self.source)

    def units(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows whose person is known, and their codes; where nobody is known all rows, each a person of its own."""
        if self.source == "nobody":
            return np.arange(len(self.names)), np.arange(len(self.names))
        rows = np.flatnonzero(self.known)
        return rows, self.codes[rows]

    def needed(self, ids: Strings, what: str) -> People:
        """These people; InputError where `what` needs people and not one is known. `ids` (n,) are for the message."""
        if self.known.any():
            return self
        raise InputError(
            f"nothing says who is in the images of {what}: no subjects, and no folder in ids like "
            f"{shorten(ids.tolist(), 2)}",
            "Give a set with a subject column (facespace embed writes it), or ids such as ann/1.",
        )

    def left_out(self, what: str) -> list[str]:
        """A warning that counts the images of unknown people, or none."""
        return left_out(int(np.count_nonzero(~self.known)), len(self.names), what)


def left_out(unknown: int, whole: int, what: str) -> list[str]:
    """A warning that counts the images of unknown people, or none."""
    return [f"{unknown:,} of {whole:,} images of {what} are of unknown people and were left out"] if unknown else []


def people_of(faces: EmbeddingSet, *others: EmbeddingSet) -> People:
    """The people of a set, by the rule above; of sets with the same ids row by row, by the first that has the column."""
    column = next((one.subject for one in (faces, *others) if one.subject is not None), None)
    return people_in(faces.ids) if column is None else people_named(column)


def people_named(names: Sequence[str] | Strings) -> People:
    """The people that a list of names (n,) tells, "" where one is unknown."""
    return _people(np.asarray(names, dtype=np.str_), "subject")


def people_in(ids: Iterable[str] | Strings) -> People:
    """The people that ids alone tell: each one's first folder."""
    names = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), dtype=np.str_)
    first, slash, _ = np.strings.partition(names, "/")
    return _people(np.where(slash == "", "", first), "folder")


def _people(names: Strings, source: Source) -> People:
    return People(names, source if np.any(names != "") else "nobody")
