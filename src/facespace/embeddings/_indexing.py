"""What one expects of rows with names: one by id or number, several by ids, numbers, mask or slice, iteration, an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, shorten
from .vectors import Floats, Strings

T_co = TypeVar("T_co", covariant=True)


class Indexed(Protocol[T_co]):
    """What has rows with ids."""

    def __len__(self) -> int: ...

    def rows(self, ids: Iterable[str] | Strings) -> NDArray[np.intp]:
        """Row of each id; InputError for missing ones."""
        ...

    def take(self, rows: NDArray[np.intp]) -> T_co:
        """The set of these rows."""
        ...


def listed(ids: Iterable[str] | Strings | str) -> NDArray[np.str_]:
    """Ids as an array (n,); a single text is one id, never its letters.

    >>> listed("ann/1").tolist(), listed(["ann/1", "bob/1"]).tolist()
    (['ann/1'], ['ann/1', 'bob/1'])
    """
    if isinstance(ids, str):
        return np.array([ids], dtype=np.str_)
    found = ids if isinstance(ids, np.ndarray) else list(ids)
    return np.atleast_1d(np.asarray(found, dtype=np.str_))


def row_of(faces: Indexed[Any], key: object) -> int | None:
    """The row that an id or a number names; None where `key` names several."""
    if isinstance(key, str):
        return int(faces.rows([key])[0])
    if isinstance(key, int | np.integer) and not isinstance(key, bool | np.bool_):
        n = len(faces)
        if not -n <= key < n:
            raise InputError(f"there is no row {key} among {n:,}", "Rows count from 0; an id is a text.")
        return int(key) % n
    return None


def rows_of_key(faces: Indexed[Any], key: Any) -> NDArray[np.intp]:
    """The rows that a slice, a mask, ids or numbers name. InputError for anything else, and for none."""
    n = len(faces)
    if isinstance(key, slice):
        rows = np.arange(n)[key]
    else:
        if isinstance(key, tuple | dict) or not isinstance(key, Iterable):
            raise _no_key(key)
        try:
            given = np.asarray(key if isinstance(key, np.ndarray) else list(key))
        except ValueError:  # rows of different lengths
            raise _no_key(key) from None
        if given.dtype.kind == "b" and given.shape == (n,):
            rows = np.flatnonzero(given)
        elif given.dtype.kind == "b":
            raise InputError(f"a mask of shape {given.shape} for {n:,} rows", "It needs one truth value a row.")
        elif given.dtype.kind in "iu" and given.ndim == 1:
            if (wrong := given[(given < -n) | (given >= n)]).size:
                raise InputError(f"there are no rows {shorten(wrong.tolist())} among {n:,}", "Rows count from 0.")
            rows = given.astype(np.intp) % n
        elif given.dtype.kind in "OUT" and given.ndim == 1:
            return faces.rows(listed([str(name) for name in given.tolist()]))
        elif given.size:
            raise _no_key(key)
        else:
            rows = np.empty(0, dtype=np.intp)
    if not len(rows):
        raise InputError("no row is chosen, and a set needs one", "Is the mask all false, or the slice empty?")
    return rows


class Rows:
    """The manners of a set in memory: `faces["ann/1"]`, `faces[3]` are a vector, all other keys give a set."""

    def __getitem__(self: Any, key: Any) -> Any:
        row = row_of(self, key)
        return self.take(rows_of_key(self, key)) if row is None else self.vectors[row]

    def __iter__(self: Any) -> Iterator[tuple[str, Floats]]:
        yield from zip(self.ids.tolist(), self.vectors, strict=True)

    def __contains__(self: Any, name: object) -> bool:
        return isinstance(name, str) and bool(self.find([name])[0] >= 0)

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.vectors, dtype=dtype, copy=copy)


class Stored:
    """The same of a set in files: what is named is read, and iterating reads a batch at a time."""

    def __getitem__(self: Any, key: Any) -> Any:
        row = row_of(self, key)
        return self.take(rows_of_key(self, key)) if row is None else self.take(np.array([row])).vectors[0]

    def __iter__(self: Any) -> Iterator[tuple[str, Floats]]:
        for batch in self.batches():
            yield from batch

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.load(), dtype=dtype)


def _no_key(key: object) -> InputError:
    return InputError(
        f"a set has no rows for {key!r}"[:200],
        "Take one by its id or number, several by a list of ids or numbers, a mask or a slice.",
    )


def places(ids: Strings, order: NDArray[np.intp], wanted: Strings) -> NDArray[np.intp]:
    """Row in `ids` (which `order` sorts) of each of `wanted`, -1 where there is none."""
    if wanted.size == 0:
        return np.empty(0, dtype=np.intp)
    place = np.searchsorted(ids, wanted, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    return np.where(ids[rows] == wanted, rows, -1)
