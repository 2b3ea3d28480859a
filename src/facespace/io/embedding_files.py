"""The files a set of embeddings lives in: Parquet (ours), .npz, .npy with ids beside it; and those of others, to be read.

Parquet: columns `id` (string), `vector` (fixed-size list of float32, float16 or, directions alone, int8) and the optional
columns of the set; schema metadata key `facespace` holds {"model", "dim", "metadata", "version", "digest"} as JSON, and
pages have checksums. Any Parquet reader can use it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ..errors import (
    EncryptionError,
    FileFormatError,
    GuessWarning,
    InputError,
    PlainFileWarning,
    shorten,
    unknown_name,
)
from .column_names import ROLES, Fields, Wanted, guessed
from .eight_bits import directions
from .files import existing_file
from .formats import READERS, WRITERS
from .journal import Journal
from .keys import AnyKey, Seal, seal_of
from .limits import guarded
from .parquet import ParquetFiles, identity_of, save_parquet

Numbers: TypeAlias = Literal["float32", "float16", "int8"]  # that a set is written in
READABLE, SUFFIXES = (".parquet", *READERS), (".parquet", *WRITERS)

_REMEDY = "Only Parquet is: name it .parquet, or a folder; or do without the key, and it is plain."

#: How the address of a gallery begins (`gallery.stores`).
_STORE = re.compile(r"(lancedb|postgresql|sqlite|qdrant|milvus|faiss):")

#: Files that run what they hold, and how to get vectors out of them, by who trusts them.
_PICKLES = {
    **dict.fromkeys((".pkl", ".pickle"), ("import pathlib, pickle", "pickle.loads(pathlib.Path({path!r}).read_bytes())")),
    ".joblib": ("import joblib", "joblib.load({path!r})"),
    **dict.fromkeys((".pt", ".pth"), ("import torch", "torch.load({path!r}, weights_only=True)")),
}


def read_set(path: Path, columns: Wanted | None = None, key: AnyKey | None = None) -> Fields:
    """What is in a file of embeddings, or in a folder of Parquet files; nothing of it is checked but that it can be read.

    `columns` are those to take, by role (`column_names`); `bytes` among them says what a column of bytes holds. A guess is
    told by a GuessWarning, and columns that aren't named as ours by `metadata`. `key` is for an encrypted one in Parquet;
    that it was encrypted is told by the field "encrypted". Raises FileFormatError.
    """
    suffix, wanted = ".parquet" if path.is_dir() else path.suffix.lower(), dict(columns or {})
    if unknown := sorted(wanted.keys() - {*ROLES, "bytes"}):
        raise unknown_name("column of a set", unknown[0], ROLES)
    if (store := _STORE.match(str(path))) and not path.exists():
        raise FileFormatError(
            f"{path} is a gallery in {store[1]}, not a file of embeddings",
            "Copy it out first: facespace gallery copy ADDRESS gallery.parquet",
        )
    if suffix in _PICKLES:
        raise _pickle(existing_file(path, "an embedding set"))
    if suffix not in READABLE:
        raise FileFormatError(f"{path}: unknown kind of embedding file {path.suffix!r}", f"Known: {shorten(READABLE, 20)}.")
    if not path.is_dir():
        existing_file(path, "an embedding set")
    if suffix == ".parquet":
        fields: Fields = guarded(path, "Parquet", lambda: _read_parquet(path, wanted, key))
    elif key is not None:
        raise EncryptionError(f"{path} can't be encrypted, though a key is given for it", _REMEDY)
    else:
        kind, reader = READERS[suffix]
        fields = guarded(path, kind, lambda: reader(path, wanted))
    chosen = fields.pop("columns", {})
    if told := guessed(chosen, {}):
        fields["metadata"] = {**(fields.get("metadata") or {}), "columns": told}
    if told := guessed(chosen, wanted):
        warnings.warn(f"{path} was read with {told}", GuessWarning, stacklevel=3)
    return fields


def _read_parquet(path: Path, wanted: Wanted, key: AnyKey | None) -> Fields:
    files = ParquetFiles.open(path, wanted, key=key)
    return {**files.read(), **({"encrypted": True} if files.encrypted else {})}


def check_encryptable(path: Path, key: AnyKey | Seal | None = None) -> Seal | None:
    """How a set is encrypted at `path` by `key` or the keys in use. EncryptionError where that kind of file can't be."""
    seal = seal_of(key)
    if seal is not None and path.suffix.lower() not in ("", ".parquet"):
        raise EncryptionError(f"{path}: a key is given, and this kind of file can't be encrypted", _REMEDY)
    return seal


def output_seal(output: Path, key: AnyKey | Seal | None, inputs: Iterable[ParquetFiles]) -> Seal | None:
    """As `check_encryptable`; a plain output of encrypted `inputs` is told by a PlainFileWarning."""
    seal = check_encryptable(output, key)
    if seal is None and any(files.encrypted for files in inputs):
        told = f"{output} is written unencrypted, of a set that is encrypted: give a key"
        warnings.warn(told, PlainFileWarning, stacklevel=3)
    return seal


def resumed_seal(seal: Seal | None, journal: Journal) -> Seal | None:
    """The same for the set that a killed run began in the journal's folder."""
    there = (line["file"] for line in journal.lines if line["file"] is not None)
    if seal is None or (first := next(there, None)) is None or (told := identity_of(journal.folder / first)) is None:
        return seal
    return replace(seal, set=told.set)


def write_set(fields: Fields, path: Path, dtype: Numbers, key: AnyKey | Seal | None = None) -> Path:
    """Write `fields`, as `read_set` gives them, by the suffix of `path`, whole or not at all; by a `key` encrypted."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileFormatError(f"{path}: can't write this kind of file", f"End the name in one of {shorten(SUFFIXES)}.")
    seal = check_encryptable(path, key)
    if dtype == "int8" and suffix != ".parquet":
        raise FileFormatError(f"{path}: 8 bits a number are for Parquet", "Name it .parquet, or save it as float16.")
    with np.errstate(over="ignore"):
        numbers = directions(fields["vectors"]) if dtype == "int8" else fields["vectors"].astype(dtype, copy=False)
        fields = {**fields, "vectors": numbers}
    if not np.isfinite(fields["vectors"]).all() or not fields["vectors"].any(axis=1).all():
        bad = np.flatnonzero(~np.isfinite(fields["vectors"]).all(axis=1) | ~fields["vectors"].any(axis=1))
        names = shorten([f"row {row} ({fields['ids'][row]})" for row in bad.tolist()])
        raise InputError(
            f"{path}: {len(bad):,} vectors have numbers too large or too small for {dtype}: {names}",
            "Save them as float32, or brought to length one.",
        )
    try:
        if suffix == ".parquet":
            save_parquet(fields, path, seal)
        else:
            WRITERS[suffix](fields, path)
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: {error.object[:60]!a} is no Unicode text", "Rename that image, or its person.") from None
    return path


def _pickle(path: Path) -> FileFormatError:
    module, load = _PICKLES[path.suffix.lower()]
    return FileFormatError(
        f"{path} is a pickle, which runs what its maker wrote into it, and is never read here",
        "If you trust it, convert it in Python; where it holds a dict of vectors by id:\n"
        f"    {module}; import numpy as np; d = {load.format(path=path.name)}\n"
        f"    np.savez({path.stem + '.npz'!r}, ids=np.array(list(d), str), vectors=np.array(list(d.values()), 'f4'))",
    )
