"""The footers of Parquet files, encrypted or not: what they tell, and what of it is believed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import FacespaceError, FileFormatError, PlainFileWarning, TamperedFileError
from ..keys import AnyKey, Identity, KeyRing, check_one_set, keys_of, tampered
from ..limits import check_size, no_fault_of
from ..set_facts import read_facts
from .columns import parquet_columns
from .pages import check_pages
from .sealed import identity_of, unlocking
from .values import TEXTS, matrix_of


@dataclass(frozen=True)
class Locks:
    """What encrypted files say of themselves, none where they are plain; and the keys there are."""

    told: Mapping[Path, Identity] = field(default_factory=dict)
    keys: KeyRing | None = None

    @classmethod
    def of(cls, paths: Sequence[Path], key: AnyKey | None, called: str = "") -> Locks:
        """Of the files of one set. Raises EncryptionError: of several sets, moved, or plain where a `key` is given."""
        told = {path: identity_of(path) for path in paths}
        check_one_set(told.items())
        found = {path: one for path, one in told.items() if one is not None}
        for path, one in found.items():
            one.check_name(path, called)
        keys = keys_of(key)
        if not found and key is not None:
            raise TamperedFileError(
                f"{paths[0]} is not encrypted, though a key is given for it",
                "Was it replaced? If it is plain on purpose, give no key.",
            )
        if not found and keys is not None:
            warnings.warn(f"{paths[0]} is not encrypted", PlainFileWarning, stacklevel=5)
        return cls(found, keys)

    @property
    def encrypted(self) -> bool:
        """Whether the files are."""
        return bool(self.told)

    def options(self, path: Path) -> dict[str, Any]:
        """What pyarrow's readers are given for a file. Raises NoKeyError, WrongKeyError."""
        return unlocking(path, self.told.get(path), self.keys)


def footer(path: Path, locks: Locks) -> Any:
    """The metadata of a file, as far as they can be believed. Raises FileFormatError, or what Arrow raises."""
    import pyarrow.parquet as pq

    about = pq.read_metadata(path, **locks.options(path))
    # Not by column: pyarrow ends the process where a column's own metadata are damaged.
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    check_size(str(path), sum(group.total_byte_size for group in groups), path.stat().st_size)
    if sum(group.num_rows for group in groups) != about.num_rows:
        raise FileFormatError(f"{path} promises {about.num_rows:,} rows, its row groups others", "Is it damaged?")
    return about


def about_file(path: Path, about: Any, columns: Mapping[str, str], packed: str, locks: Locks) -> dict[str, Any]:
    """What ParquetFiles keeps of a file's metadata, by its names. Raises FileFormatError."""
    import pyarrow as pa

    schema = about.schema.to_arrow_schema().with_metadata(about.metadata)
    names = parquet_columns(schema, columns, str(path))
    facts = read_facts(f"{path}: its metadata key 'facespace'", (about.metadata or {}).get(b"facespace", b"{}"))
    kind = schema.field(names["vector"]).type
    if pa.types.is_fixed_size_list(kind):
        dim = kind.list_size
    else:
        dim = _first_width(path, about, names["vector"], packed, locks) if about.num_rows else 0
    if dim == 0 and about.num_rows:
        raise FileFormatError(f"{path}: the lists in column {names['vector']!r} are empty", "Leave out such rows.")
    check_size(str(path), 4 * dim * about.num_rows, path.stat().st_size)
    coded = [name for role, name in names.items() if role in TEXTS and not pa.types.is_nested(schema.field(name).type)]
    found = {"names": names, "dim": dim, "model": facts["model"], "metadata": facts["metadata"] or {}}
    found["directions"] = b"facespace" in (about.metadata or {}) and getattr(kind, "value_type", None) == pa.int8()
    return {**found, "coded": tuple(coded)}


def _first_width(path: Path, about: Any, name: str, packed: str, locks: Locks) -> int:
    import pyarrow.parquet as pq

    with named(path, locks):
        if not locks.encrypted:
            check_pages(path, [next(group for group in range(about.num_row_groups) if about.row_group(group).num_rows)])
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16, **locks.options(path)) as file:
            for batch in file.iter_batches(1, columns=[name], use_threads=False):
                return int(vectors_of(path, name, batch.column(0), packed).shape[1])
    raise FileFormatError(f"{path} promises {about.num_rows:,} rows and holds none", "Is it damaged?")


def vectors_of(path: Path, name: str, column: Any, packed: str) -> Any:
    """(n, d) of the column of vectors. Raises FileFormatError."""
    if column.null_count:
        raise FileFormatError(f"{path}: {column.null_count} rows have no {name}", "Leave rows without an embedding out.")
    return matrix_of(f"{path}: column {name!r}", column, packed)


@contextmanager
def named(path: Path, locks: Locks) -> Iterator[None]:
    """Whatever Arrow stumbles over is a FileFormatError that names the file; of an encrypted one a TamperedFileError."""
    try:
        yield
    except FacespaceError:
        raise
    except Exception as error:
        if (told := no_fault_of(path, error)) is not None:
            raise told from None
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        if locks.encrypted:
            raise tampered(path, reason) from None
        hint = "Is it truncated or damaged? Make or copy it again."
        raise FileFormatError(f"{path} can't be read as Parquet: {reason}", hint) from None
