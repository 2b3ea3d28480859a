"""An index of FAISS as rows of vectors: read of any kind, made anew of those kinds that hold the vectors themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import GalleryError, missing_extra
from ..protocol import ROWS

_TRAINING = 64  # vectors a list of an IVF index is trained on
Take = Callable[[NDArray[np.int64]], NDArray[np.float32]]  #: (n, d) vectors of rows


def faiss() -> Any:
    """The package. Raises MissingExtraError."""
    try:
        import faiss
    except ImportError:
        raise missing_extra("faiss-cpu", "faiss", "a gallery in an index of FAISS") from None
    return faiss


class Index:
    """An index in a file, mapped into memory where FAISS can do that.

    Attributes:
        kind: as FAISS calls it. dim: width. metric: "ip", "l2" or FAISS's number of another.
        exact: it holds the vectors themselves, and can be made anew of others.
        searched: it has a search that is quicker than to compare with every vector.
        own_ids: it keeps numbers as ids. labels: (n,) what its search calls each row.
    Raises: GalleryError: it isn't there, or no index.
    """

    def __init__(self, path: Path, url: str) -> None:
        package = faiss()
        if not path.exists():
            raise GalleryError(
                f"{url}: there is no file {path}", "Check the path; relative paths start at the current folder."
            )
        try:
            self.index = package.read_index(str(path), getattr(package, "IO_FLAG_MMAP_IFC", package.IO_FLAG_MMAP))
        except RuntimeError as error:
            raise GalleryError(f"{url}: {path} is no index that FAISS reads: {error}", "Was it written whole?") from None
        kinds = (package.IndexFlat, package.IndexFlatL2, package.IndexFlatIP)
        self.own_ids = isinstance(self.index, package.IndexIDMap)
        inner = package.downcast_index(self.index.index) if self.own_ids else self.index
        self._inner, self.dim = inner, self.index.d
        self.kind = " of ".join(type(index).__name__ for index in ([self.index, inner] if self.own_ids else [inner]))
        metrics = {package.METRIC_INNER_PRODUCT: "ip", package.METRIC_L2: "l2"}
        self.metric = metrics.get(inner.metric_type, str(inner.metric_type))
        lists = isinstance(inner, package.IndexIVF)
        self.searched = lists or isinstance(inner, package.IndexHNSW)
        self.exact = type(inner) in (*kinds, package.IndexHNSWFlat) or (
            type(inner) is package.IndexIVFFlat and type(package.downcast_index(inner.quantizer)) in kinds
        )
        self._keys = np.arange(inner.ntotal)
        if lists:
            self._keys = np.sort(np.concatenate([_ids(package, inner.invlists, at) for at in range(inner.nlist)]))
        self._ready = not lists
        self.labels = package.vector_to_array(self.index.id_map) if self.own_ids else self._keys

    def notes(self) -> tuple[str, ...]:
        """What it can't do."""
        notes = ["People are not kept in an index."]
        if not self.exact:
            notes.append(f"{self.kind} keeps codes of vectors, or can't be made anew: it is read only.")
        if self.searched:
            notes.append("Search is the index's own, which may miss some; scores are cosines.")
        return tuple(notes)

    def check_exact(self, url: str) -> None:
        """Raise GalleryError unless it can be made anew of other vectors."""
        if not self.exact:
            raise GalleryError(
                f"{url}: another {self.kind} can't be made of mapped vectors: it keeps codes of them, or more than them",
                "Copy it to Parquet (facespace gallery copy), move that, and build an index of your kind of the result.",
            )

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, d) of rows by their place among `labels`; of an index that compresses them, what it makes of its codes."""
        if not self._ready:
            self._inner.set_direct_map_type(faiss().DirectMap.Hashtable)
            self._ready = True
        found: NDArray[np.float32] = self._inner.reconstruct_batch(self._keys[rows])
        return found

    def near(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """(q, k) places of rows that its own search finds, -1 for none."""
        labels = self.index.search(queries, min(count, len(self.labels)))[1]
        order = np.argsort(self.labels, kind="stable")
        at = order[np.minimum(np.searchsorted(self.labels, labels, sorter=order), len(order) - 1)]
        return np.where(labels >= 0, at, -1)

    def made_of(self, dim: int, take: Take, labels: NDArray[np.int64]) -> Any:
        """An index of the same kind, not yet in a file: of rows of width `dim` under `labels`."""
        package, inner = faiss(), self._inner
        if isinstance(inner, package.IndexHNSW):
            made = package.IndexHNSWFlat(dim, inner.hnsw.nb_neighbors(1), inner.metric_type)
            made.hnsw.efConstruction, made.hnsw.efSearch = inner.hnsw.efConstruction, inner.hnsw.efSearch
        elif isinstance(inner, package.IndexIVF):
            lists = min(inner.nlist, max(len(labels), 1))
            made = package.index_factory(dim, f"IVF{lists},Flat", inner.metric_type)
            made.nprobe, made.cp.min_points_per_centroid = inner.nprobe, 1
            step = max(len(labels) // (_TRAINING * lists), 1)
            made.train(take(np.arange(0, len(labels), step)))
        else:
            made = package.IndexFlat(dim, inner.metric_type)
        by_id = isinstance(inner, package.IndexIVF) and not self.own_ids
        if self.own_ids:
            made = type(self.index)(made)
        for start in range(0, len(labels), ROWS):
            at = np.arange(start, min(start + ROWS, len(labels)))
            if self.own_ids or by_id:
                made.add_with_ids(take(at), labels[at])
            else:
                made.add(take(at))
        return made


def _ids(package: Any, lists: Any, at: int) -> NDArray[np.int64]:
    size = lists.list_size(at)
    return package.rev_swig_ptr(lists.get_ids(at), size).astype(np.int64) if size else np.zeros(0, np.int64)
