"""The files a set of embeddings lives in: Parquet (ours), .npz, .npy with ids beside it; and those of others, to be read.

Parquet: columns `id` (string), `vector` (fixed-size list of float32 or float16) and the optional columns of the set;
schema metadata key `facespace` holds {"model", "dim", "metadata", "version", "digest"} as JSON, and pages have
checksums. Any Parquet reader can use it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import FileFormatError, GuessWarning, InputError, shorten, unknown_name
from ._parquet import load_parquet, save_parquet
from .column_names import ROLES, Fields, Wanted, guessed
from .files import existing_file
from .formats import READERS, WRITERS
from .limits import guarded

_READERS = {".parquet": ("Parquet", load_parquet), **READERS}
_WRITERS = {".parquet": save_parquet, **WRITERS}
READABLE, SUFFIXES = tuple(_READERS), tuple(_WRITERS)

#: Files that run what they hold, and how to get vectors out of them, by who trusts them.
_PICKLES = {
    **dict.fromkeys((".pkl", ".pickle"), ("import pathlib, pickle", "pickle.loads(pathlib.Path({path!r}).read_bytes())")),
    ".joblib": ("import joblib", "joblib.load({path!r})"),
    **dict.fromkeys((".pt", ".pth"), ("import torch", "torch.load({path!r}, weights_only=True)")),
}


def read_set(path: Path, columns: Wanted | None = None) -> Fields:
    """What is in a file of embeddings; nothing of it is checked but that it can be read.

    `columns` are those to take, by role (`column_names`); `bytes` among them says what a column of bytes holds. A guess is
    told by a GuessWarning, and columns that aren't named as ours by `metadata`. Raises FileFormatError.
    """
    suffix, wanted = path.suffix.lower(), dict(columns or {})
    if unknown := sorted(wanted.keys() - {*ROLES, "bytes"}):
        raise unknown_name("column of a set", unknown[0], ROLES)
    if suffix in _PICKLES:
        raise _pickle(existing_file(path, "an embedding set"))
    if suffix not in _READERS:
        raise FileFormatError(f"{path}: unknown kind of embedding file {path.suffix!r}", f"Known: {shorten(READABLE, 20)}.")
    existing_file(path, "an embedding set")
    kind, reader = _READERS[suffix]
    fields: Fields = guarded(path, kind, lambda: reader(path, wanted))
    chosen = fields.pop("columns", {})
    if told := guessed(chosen, {}):
        fields["metadata"] = {**(fields.get("metadata") or {}), "columns": told}
    if told := guessed(chosen, wanted):
        warnings.warn(f"{path} was read with {told}", GuessWarning, stacklevel=3)
    return fields


def write_set(fields: Fields, path: Path, dtype: Literal["float32", "float16"]) -> Path:
    """Write `fields`, as `read_set` gives them, by the suffix of `path`, whole or not at all."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise FileFormatError(f"{path}: can't write this kind of file", f"End the name in one of {shorten(SUFFIXES)}.")
    with np.errstate(over="ignore"):
        fields = {**fields, "vectors": fields["vectors"].astype(dtype, copy=False)}
    if not np.isfinite(fields["vectors"]).all() or not fields["vectors"].any(axis=1).all():
        bad = np.flatnonzero(~np.isfinite(fields["vectors"]).all(axis=1) | ~fields["vectors"].any(axis=1))
        names = shorten([f"row {row} ({fields['ids'][row]})" for row in bad.tolist()])
        raise InputError(
            f"{path}: {len(bad):,} vectors have numbers too large or too small for {dtype}: {names}",
            "Save them as float32, or brought to length one.",
        )
    try:
        writer(fields, path)
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
