"""Mapped rows that wait beside a gallery until a second place can be made of all of them at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import FacespaceError, GalleryError
from ...io import atomic_write
from .columns import origin_of, origin_text
from .protocol import ROWS, Origin, Templates

Places = Callable[[Sequence[str]], NDArray[np.int64]]  #: where rows of these ids lie
_ORIGIN, _SUFFIX = "origin.json", ".arrow"


class Staging:
    """A folder with a file for each part. Several processes may write into it.

    Each row goes by its place in the gallery, a number that stays as long as the row does.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def origin(self) -> Origin | None:
        """Who began it; None where it is not there."""
        path = self.folder / _ORIGIN
        return origin_of(path.read_text(encoding="utf-8")) if path.exists() else None

    def begin(self, origin: Origin) -> None:
        """Make it, empty of what another origin left."""
        if self.origin() != origin:
            self.drop()
            with atomic_write(self.folder / _ORIGIN) as path:
                path.write_text(origin_text(origin), encoding="utf-8")

    def write(self, part: str, templates: Iterable[Templates], places: Places, model: str) -> None:
        """All rows of a part or none, in place of those it had.

        Args: places: of ids; a row without, -1, is left out. model: of what has no name of a network.
        """
        with atomic_write(self.folder / f"{part}{_SUFFIX}") as path, pa.OSFile(str(path), "wb") as file:
            writer = None
            with ThreadPoolExecutor(1) as pool:  # the next rows are mapped while these go to the disk
                last: Future[None] | None = None
                for rows in templates:
                    at = places(rows.ids)
                    models = pa.array([model] * len(rows) if rows.models is None else rows.models, pa.string())
                    vectors = vector_array(np.ascontiguousarray(rows.vectors, np.float32))
                    batch = pa.record_batch([pa.array(at), vectors, models], ["place", "vector", "model"])
                    batch = batch if (at >= 0).all() else batch.filter(pa.array(at >= 0))
                    writer = writer or pa.ipc.new_file(file, batch.schema)
                    if last:
                        last.result()
                    last = pool.submit(writer.write_batch, batch)
                if last:
                    last.result()
            if writer:
                writer.close()

    def forget(self, places: NDArray[np.int64], dim: int) -> None:
        """Rows that wait no more, since what they were mapped from has changed: later ones, of no network."""
        self.folder.mkdir(parents=True, exist_ok=True)
        batch = pa.record_batch(
            [pa.array(places), vector_array(np.zeros((len(places), dim), np.float32)), pa.nulls(len(places), pa.string())],
            ["place", "vector", "model"],
        )
        path = self.folder / f"gone-{len(self.parts())}{_SUFFIX}"
        with atomic_write(path) as temporary, pa.ipc.new_file(str(temporary), batch.schema) as writer:
            writer.write_batch(batch)

    def parts(self) -> list[str]:
        """The names of those that are there, in the order they were written."""
        files = [path for path in self.folder.glob(f"*{_SUFFIX}") if not path.name.startswith(".")]
        return [path.stem for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))]

    def read(self, part: str) -> list[pa.RecordBatch]:
        """place, vector, model of a part, mapped into memory."""
        with pa.memory_map(str(self.folder / f"{part}{_SUFFIX}")) as file:
            reader = pa.ipc.open_file(file) if file.size() else None
            return [reader.get_batch(number) for number in range(reader.num_record_batches)] if reader else []

    def clear(self, parts: Iterable[str]) -> None:
        """Remove parts."""
        for part in parts:
            (self.folder / f"{part}{_SUFFIX}").unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove it; the name of its origin goes last, so that what is left of it is never taken for another's."""
        self.clear(self.parts())
        shutil.rmtree(self.folder, ignore_errors=True)


class Staged:
    """What waits in a Staging, by place; of a place that was written twice the later one.

    Attributes: parts: the names it was read from. places: of all rows, in ascending order.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging, self.parts = staging, staging.parts()
        found = [(part, batch) for part in self.parts for batch in staging.read(part)]
        held = [batch["place"].to_numpy().copy() for _, batch in found]
        stays = np.concatenate([np.zeros(0, bool), *(batch["model"].is_valid().to_numpy(False) for _, batch in found)])
        batches = [part for part, _ in found]
        del found
        first = {part: -number for number, part in reversed(list(enumerate(batches)))}
        self._batches = [(part, number + first[part]) for number, part in enumerate(batches)]
        files = np.repeat(np.arange(len(held)), [len(places) for places in held])
        rows = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(places)) for places in held)])
        places = np.concatenate([np.zeros(0, np.int64), *held])
        order = np.argsort(places, kind="stable")
        order = order[np.append(np.diff(places[order]) > 0, True)[: len(order)]]  # the last of a place
        order = order[stays[order]]
        self.places, self._files, self._rows = places[order], files[order], rows[order]
        self._opened: tuple[str, list[pa.RecordBatch]] = ("", [])

    def __len__(self) -> int:
        return len(self.places)

    def chunks(self, low: int, high: int, dim: int, rows: int = ROWS) -> Iterator[tuple[NDArray[Any], NDArray[Any], Any]]:
        """Places from `low` to below `high`, `rows` at a time: vectors (n, dim), models (n,), which are held (n,)."""
        for start in range(low, high, rows):
            yield self.take(np.arange(start, min(start + rows, high)), dim)

    def take(self, places: NDArray[np.int64], dim: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        """Vectors (n, dim), models (n,), and which are held (n,), of n places."""
        at = np.minimum(np.searchsorted(self.places, places), max(len(self) - 1, 0))
        held = self.places[at] == places if len(self) else np.zeros(len(places), bool)
        files, rows = self._files[at[held]], self._rows[at[held]]
        batches = np.unique(files)
        if len(batches) == 1 and held.all():
            return *self._take(batches[0], rows), held
        vectors, models = np.zeros((len(places), dim), np.float32), np.full(len(places), None, object)
        for number in batches:
            to = np.flatnonzero(held)[files == number]
            vectors[to], models[to] = self._take(number, rows[files == number])
        return vectors, models, held

    def _take(self, number: int, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Vectors and models of some rows of a batch. One file is open at a time: what is mapped counts as memory."""
        part, batch = self._batches[number]
        if self._opened[0] != part:
            self._opened = part, self._staging.read(part)
        found = self._opened[1][batch]
        at: Any = slice(rows[0], rows[-1] + 1) if (np.diff(rows) == 1).all() else rows
        return vectors_of(found["vector"])[at], found["model"].to_numpy(zero_copy_only=False)[at]


def vector_array(vectors: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> pa.FixedSizeListArray:
    """(n, d) numbers as a column, without a copy; null where not `valid`."""
    mask = None if valid is None or valid.all() else pa.array(~valid)
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1], mask=mask)


def vectors_of(column: pa.Array | pa.ChunkedArray) -> NDArray[np.float32]:
    """(n, d) of a column of fixed-size lists, without a copy where it is float32; what null rows hold has no meaning."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    width = column.type.list_size
    flat = column.values.slice(column.offset * width, len(column) * width).to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, width)


def texts_of(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Keys of any type as one array of text."""
    column = column if column.type == pa.string() else column.cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


@contextmanager
def errors_told(url: str, *kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds, which a store's library raises over its files, as GalleryErrors; ours stay."""
    try:
        yield
    except FacespaceError:
        raise
    except kinds as error:
        hint = "Is its disk there, and not full? Run the same again: what is done stays."
        raise GalleryError(f"{url}: {error}", hint) from error
