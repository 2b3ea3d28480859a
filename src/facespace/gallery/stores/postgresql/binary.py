"""PostgreSQL's binary forms of vectors, read and written by numpy a page at a time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import GalleryError

_HEADER = 19  # bytes before the first row of COPY's binary format, where it has no extensions


@dataclass(frozen=True)
class Form:
    """How a column keeps a vector. Attributes: head: bytes before its numbers. number: one of them."""

    head: int
    number: Any

    def decode(self, values: NDArray[Any], what: str) -> NDArray[np.float32]:
        """(n, d) of n values, each a row of bytes."""
        flat = values[:, :4] == np.array([0, 0, 0, 1], np.uint8)  # how many dimensions an array has
        if self.number.names and values.shape[1] > self.head and not flat.all():
            raise GalleryError(f"{what} holds arrays of several dimensions", "A vector has one: ARRAY[…].")
        if (width := values.shape[1] - self.head) <= 0 or width % self.number.itemsize:
            raise GalleryError(
                f"{what} holds values of {values.shape[1]} bytes, which are no vectors", "Name another column."
            )
        numbers = np.ascontiguousarray(values[:, self.head :]).view(self.number)
        plain: NDArray[np.float32] = (numbers["value"] if self.number.names else numbers).astype(np.float32)
        return plain

    def encode(self, vectors: NDArray[np.float32], oid: int) -> bytes:
        """(n, d) vectors as one array: of n values of the type `oid`, or, where they are arrays, of their n · d numbers."""
        n, dim = vectors.shape
        if self.number.names:
            made = np.empty((n * dim,), self.number)
            made["length"], made["value"] = self.number["value"].itemsize, vectors.reshape(-1)
        else:
            parts = [("length", ">i4"), ("width", ">i2"), ("none", ">i2")] if self.head else [("length", ">i4")]
            made = np.zeros((n,), [*parts, ("value", self.number, (dim,))])
            with np.errstate(over="ignore"):  # too large for halfvec: infinite, which the server refuses
                made["length"], made["value"] = self.head + dim * self.number.itemsize, vectors
            if self.head:
                made["width"] = dim
        return struct.pack(">5i", 1, 0, oid, len(made), 1) + made.tobytes()


def _array(number: str) -> Form:
    return Form(20, np.dtype([("length", ">i4"), ("value", number)]))


#: by the name of the type without its width
FORMS = {
    "vector": Form(4, np.dtype(">f4")), "halfvec": Form(4, np.dtype(">f2")), "bytea": Form(0, np.dtype("<f4")),
    "_float4": _array(">f4"), "_float8": _array(">f8"),
}  # fmt: skip


class Page:
    """Rows as COPY … TO STDOUT (FORMAT binary) gave them in `chunks`, of `count` columns each."""

    def __init__(self, chunks: Sequence[Any], count: int) -> None:
        self._data = b"".join(chunks)
        ends = np.cumsum([len(chunk) for chunk in chunks])
        starts = np.concatenate([[_HEADER], ends[:-2]]) if len(chunks) > 1 else np.empty(0, np.int64)
        if not self._found(starts, len(self._data) - 2, count):
            starts = np.array(list(_walk(self._data, count)), np.int64)
            self._found(starts, len(self._data) - 2, count)

    def __len__(self) -> int:
        return len(self._at)

    def _found(self, starts: NDArray[Any], stop: int, count: int) -> bool:
        """Where each column of each row is: True if the rows follow one another as they begin at `starts`."""
        self._at, self._long = (np.empty((len(starts), count), np.int64) for _ in range(2))
        bytes_, at = np.frombuffer(self._data, np.uint8), starts + 2
        for column in range(count):
            if len(at) and at.max() + 4 > len(bytes_):
                return False
            four = bytes_[at[:, None] + np.arange(4)]
            self._at[:, column], self._long[:, column] = at + 4, np.ascontiguousarray(four).view(">i4")[:, 0]
            at = at + 4 + np.maximum(self._long[:, column], 0)
        return bool((at == np.concatenate([starts[1:], [stop]])).all()) if len(starts) else stop <= _HEADER

    def texts(self, column: int) -> list[str | None]:
        """A column of texts."""
        spans = zip(self._at[:, column].tolist(), self._long[:, column].tolist(), strict=True)
        return [None if long < 0 else self._data[at : at + long].decode() for at, long in spans]

    def vectors(self, column: int, form: Form, what: str) -> NDArray[np.float32]:
        """(n, d) of a column of vectors."""
        long = int(self._long[0, column])
        if long <= 0 or (self._long[:, column] != long).any():
            raise GalleryError(
                f"{what} has vectors of different widths",
                "A gallery is of one network: keep others' rows in a table of their own.",
            )
        windows = np.ndarray((len(self._data) - long + 1,), f"V{long}", self._data, strides=(1,))  # one begins at each byte
        return form.decode(windows[self._at[:, column]].view(np.uint8).reshape(len(self), long), what)


def _walk(data: bytes, count: int) -> Any:
    """Where rows begin, one after the other: for what a proxy has cut otherwise than by rows."""
    (more,) = struct.unpack_from(">i", data, 15)
    at = _HEADER + more
    while struct.unpack_from(">h", data, at)[0] == count:
        yield at
        at += 2
        for _ in range(count):
            (long,) = struct.unpack_from(">i", data, at)
            at += 4 + max(long, 0)
