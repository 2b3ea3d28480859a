"""EmbeddingSet: the one data type of facespace, an (n, d) matrix of face embeddings with ids.

>>> import numpy as np
>>> faces = EmbeddingSet(np.eye(3, dtype=np.float32), ["ann/1", "ann/2", "bob/1"], model="demo")
>>> faces
EmbeddingSet(3 × 3, model='demo')
>>> faces.select(["bob/1"]).vectors
array([[0., 0., 1.]], dtype=float32)
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, OutputError, PlainFileWarning, shorten
from ..io import (
    COLUMNS,
    AnyKey,
    Numbers,
    Seal,
    begin_folder,
    check_encryptable,
    matrix,
    nfc,
    numbers,
    partial_of,
    read_set,
    texts,
    unseen_difference,
    without_suffix,
    write_set,
)
from ._indexing import Rows, listed, places
from ._making import Making
from ._shown import set_html
from .origin import Origin
from .stored_set import StoredSet
from .vectors import Floats, Strings, check_vectors, normalize


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingSet(Rows, Making, Origin):
    """Embeddings of one network.

    `faces["ann/1"]` and `faces[0]` are a vector (d,); a list of ids or row numbers, a mask or a slice gives the set of these
    rows. Iterating gives pairs (id, vector), `"ann/1" in faces` asks for an id, and `np.asarray(faces)` is the matrix.

    Attributes:
        vectors: (n, d) float32, as the network gave them (not normalised; use `normalized()`).
        ids: (n,) unique strings; what joins and pair lists refer to. These and all texts are kept in Unicode form NFC.
        model: name of the network, "" when unknown.
        subject, template, media: (n,) strings or None. Who it is, which template and which video it belongs to; "" where
            that is not known (None and NaN are taken for it too). Ask `facespace.people` for people.
        quality: (n,) float32 or None.
        metadata: further facts for the file, plain JSON types.

    Raises:
        InputError: not a matrix, NaN or infinite values, zero vectors, duplicate or empty ids, columns of another length.
    """

    vectors: Floats
    ids: Strings
    model: str = ""
    subject: Strings | None = None
    template: Strings | None = None
    media: Strings | None = None
    quality: Floats | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    _secret = False  # out of an encrypted file

    def __init__(
        self,
        vectors: ArrayLike,
        ids: Sequence[str] | Strings,
        *,
        model: str = "",
        subject: Sequence[str | None] | Strings | None = None,
        template: Sequence[str | None] | Strings | None = None,
        media: Sequence[str | None] | Strings | None = None,
        quality: ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)  # the dataclass is frozen

        put("vectors", matrix(vectors))
        put("ids", texts(ids, "id"))
        put("model", model)
        for name, column in (("subject", subject), ("template", template), ("media", media)):
            put(name, None if column is None else texts(column, name))
        put("quality", None if quality is None else numbers(quality))
        put("metadata", dict(metadata or {}))
        self._validate(ids)

    def _validate(self, given: Any) -> None:
        if self.vectors.ndim != 2:
            raise InputError(f"embeddings must be a matrix (n, d); got shape {self.vectors.shape}")
        if self.ids.shape != (len(self),):
            raise InputError(f"{len(self)} vectors but {self.ids.size} ids", "Give one id per row.")
        for name, column in self.columns().items():
            if column.shape != (len(self),):
                raise InputError(f"{len(self)} vectors but {column.size} values of {name!r}")
        if len(self) == 0:
            raise InputError("an embedding set needs at least one vector; this one is empty")
        check_vectors(self.vectors, self.ids)
        if np.any(self.ids == ""):
            raise InputError(f"empty id in row {int(np.argmax(self.ids == ''))}", "Every vector needs an id.")
        unique, counts = np.unique(self.ids, return_counts=True)
        if len(unique) < len(self):
            twice = unique[counts > 1]
            forms = len(set(np.asarray(given).ravel().tolist())) == len(self)  # as given they were different
            told = " (the same letters in Unicode forms NFC and NFD)" if forms else ""
            raise InputError(
                f"duplicate ids: {shorten(twice.tolist())}{told}", "Ids must be unique; drop or rename the repeats."
            )

    def __len__(self) -> int:
        return int(self.vectors.shape[0])

    @property
    def dim(self) -> int:
        """Width d of the vectors."""
        return int(self.vectors.shape[1])

    def __repr__(self) -> str:
        extra = "".join(f", {name}" for name in self.columns())
        return f"EmbeddingSet({len(self):,} × {self.dim}, model={self.model!r}{extra})"

    def _repr_html_(self) -> str:
        return set_html(self)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The optional columns that are present, by name."""
        return {name: getattr(self, name) for name in COLUMNS if getattr(self, name) is not None}

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.ids, kind="stable")

    def find(self, ids: Iterable[str] | Strings | str) -> NDArray[np.intp]:
        """Row of each of `ids`, -1 where there is none. Shape (len(ids),).

        In a set whose ids are names of image files, as those of other programs, `Ann/1` finds `Ann/1.jpg`.
        """
        wanted = nfc(listed(ids))
        rows = places(self.ids, self._order, wanted)
        names, named = self._bare
        if len(named) and (lost := np.flatnonzero(rows < 0)).size:
            place = places(names, np.arange(len(names)), wanted[lost])
            rows[lost] = np.where(place < 0, -1, named[place])
        return rows

    @cached_property
    def _bare(self) -> tuple[Strings, NDArray[np.intp]]:
        """The names of image files without suffix, sorted, and their rows; without those that several ids share."""
        bare = without_suffix(self.ids)
        if np.array_equal(bare, self.ids):
            return bare[:0], np.empty(0, dtype=np.intp)
        names, first, counts = np.unique(bare, return_index=True, return_counts=True)
        return names[counts == 1], first[counts == 1]

    def unseen(self, missing: Strings) -> str:
        """What its ids look like, and whether `missing` ones differ from them only in what can't be seen."""
        told = unseen_difference(missing.tolist(), self.ids.tolist())
        return f"Its ids look like {shorten(self.ids[:3].tolist())}." + (f" {told}" if told else "")

    def rows(self, ids: Iterable[str] | Strings | str) -> NDArray[np.intp]:
        """Row of each of `ids`; InputError naming the missing ones."""
        wanted = listed(ids)
        found = self.find(wanted)
        if np.any(found < 0):
            missing = np.unique(wanted[found < 0])
            raise InputError(
                f"{len(missing):,} ids are not in the set of {self.model or 'this model'}: {shorten(missing.tolist())}",
                self.unseen(missing),
            )
        return found

    def take(self, rows: NDArray[np.intp]) -> EmbeddingSet:
        """The set of the given rows, in that order."""
        columns: dict[str, Any] = {name: column[rows] for name, column in self.columns().items()}
        vectors, ids = self.vectors[rows], self.ids[rows]
        return self._of_here(EmbeddingSet(vectors, ids, model=self.model, metadata=self.metadata, **columns))

    def select(self, ids: Iterable[str] | Strings | str) -> EmbeddingSet:
        """The set of the given ids (or of the one), in that order; InputError when one is missing."""
        return self.take(self.rows(ids))

    def with_vectors(self, vectors: ArrayLike, model: str, metadata: Mapping[str, Any] | None = None) -> EmbeddingSet:
        """The same ids and columns with other vectors, as after a map."""
        columns: dict[str, Any] = dict(self.columns())
        return self._of_here(EmbeddingSet(vectors, self.ids, model=model, metadata=metadata, **columns))

    def _of_here(self, made: EmbeddingSet) -> EmbeddingSet:
        """`made`, which knows that it comes out of an encrypted file if this one does."""
        object.__setattr__(made, "_secret", self._secret)
        return made

    def normalized(self) -> Floats:
        """(n, d) float32, every row of unit Euclidean length."""
        return normalize(self.vectors)

    def join(self, other: EmbeddingSet) -> Join:
        """Both sets restricted to the ids they share, in this set's order, with what was missing counted.

        Raises InputError when they share none.
        """
        rows = places(other.ids, other._order, self.ids)
        shared = rows >= 0
        if not shared.any():
            told = unseen_difference(self.ids.tolist(), other.ids.tolist())
            raise InputError(
                f"the sets share no id: {shorten(self.ids.tolist(), 2)} against {shorten(other.ids.tolist(), 2)}",
                told or "Ids are compared letter by letter; were both made from the same folder?",
            )
        left_only = self.ids[~shared]
        right_only = other.ids[np.isin(np.arange(len(other)), rows[shared], invert=True)]
        whole = shared.all() and len(other) == len(self) and np.array_equal(rows, np.arange(len(self)))
        left = self if shared.all() else self.take(np.flatnonzero(shared))
        return Join(left, other if whole else other.take(rows[shared]), left_only, right_only)

    @classmethod
    def load(cls, path: str | Path, *, columns: Mapping[str, str] | None = None, key: AnyKey | None = None) -> EmbeddingSet:
        """Read Parquet, .npz, or .npy with its ids beside it (`name.ids.csv` or `name.ids.txt`).

        Of other programs also csv, tsv, JSON, JSON lines, safetensors, HDF5 (extra hdf5), dumps of PostgreSQL with vectors
        of pgvector, and flat FAISS indexes.

        Args:
            path: the file; its suffix says what it is.
            columns: which columns (arrays, datasets) to take, by role: `{"id": "face_id", "vector": "emb", "subject": ""}`;
                the roles are id, vector, subject, template, media, quality, and "" takes none. What is not said is told by
                the names that programs give; a name that isn't ours is reported by a GuessWarning and in `metadata`. Vectors
                in bytes (Parquet) are float32; `"bytes": "float16"` or `"float64"` says otherwise.
            key: of an encrypted set in Parquet: a key file, a folder of them, an AesKey, KmsKey or KeyRing. A plain file is
                refused then. By default the keys of `use_keys`, with which plain files are read too.

        Raises FileFormatError naming the file and what is wrong with it; EncryptionError: no key, the wrong one, a file
        that was changed or moved.
        """
        fields = read_set(Path(path), columns, key)
        secret = fields.pop("encrypted", False)
        try:
            made = cls(**fields)
            object.__setattr__(made, "_secret", secret)
            return made
        except InputError as error:  # say which file the bad rows are in
            raise type(error)(f"{path}: {error.message}", error.hint) from None

    @classmethod
    def open(
        cls, path: str | Path, columns: Mapping[str, str] | None = None, *, key: AnyKey | None = None
    ) -> StoredSet[EmbeddingSet]:
        """Look at a Parquet file, a folder of such files or a pattern, and read nothing but the footers.

        For sets larger than memory. A folder is one set: flat, or in Hive's layout. `columns` names the columns by role,
        as {"id": "face_id", "vector": "emb"}; `key` is as of `load`. Raises FileFormatError, EncryptionError.
        """
        return StoredSet.open(path, cls, columns, key)

    def save(
        self,
        path: str | Path,
        dtype: Numbers = "float32",
        *,
        rows_per_file: int | None = None,
        key: AnyKey | Seal | None = None,
    ) -> Path:
        """Write Parquet, .npz or .npy + .ids.csv by the suffix of `path`, whole or not at all.

        `dtype` "int8" (Parquet) keeps directions alone, each number as a multiple of a 127th of the vector's largest: a
        quarter of the size, each within a cosine of 0.9999 of what it was (docs/maps.md); lengths come back as one.

        With `rows_per_file` `path` is a new folder of Parquet files of so many rows; it takes its name when all are there.
        With a `key` (see `load`), or keys in use, Parquet is encrypted; other kinds are refused (EncryptionError).
        """
        seal = check_encryptable(Path(path), key)
        if seal is None and self._secret:
            told = f"{path} is written unencrypted, of a set that was encrypted: give save a key, or use_keys"
            warnings.warn(told, PlainFileWarning, stacklevel=2)
        if rows_per_file is not None:
            return self._save_folder(Path(path), dtype, rows_per_file, seal)
        columns: dict[str, Any] = dict(self.columns())
        fields = {"vectors": self.vectors, "ids": self.ids, "model": self.model, "metadata": dict(self.metadata), **columns}
        return write_set(fields, Path(path), dtype, seal)

    def _save_folder(self, path: Path, dtype: Numbers, rows: int, seal: Seal | None) -> Path:
        if rows < 1 or path.suffix or path.exists():
            reason = "it is there already" if path.exists() else "a folder's name has no suffix, and its files have rows"
            raise OutputError(f"can't write {path} in files of {rows:,} rows: {reason}", "Name a new folder.")
        partial = partial_of(path)
        begin_folder(partial, r"part-\d{6}\.parquet")
        for number, first in enumerate(range(0, len(self), rows)):
            part = self.take(np.arange(first, min(first + rows, len(self))))
            part.save(partial / f"part-{number:06d}.parquet", dtype, key=seal)
        partial.rename(path)
        return path


@dataclass(frozen=True)
class Join:
    """Two sets row by row: row i of `left` and of `right` have the same id. The rest is listed, not lost."""

    left: EmbeddingSet
    right: EmbeddingSet
    left_only: Strings
    right_only: Strings

    def __len__(self) -> int:
        return len(self.left)
