"""The files a set of embeddings lives in: Parquet (ours), .npz, and .npy with ids beside it.

Parquet: columns `id` (string), `vector` (fixed-size list of float32 or float16) and the optional columns of the set;
schema metadata key `facespace` holds {"model", "dim", "metadata", "version"} as JSON. Any Parquet reader can use it.
"""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .._version import __version__
from ..errors import FileFormatError, shorten
from .files import atomic_write, existing_file

SUFFIXES = (".parquet", ".npz", ".npy")
COLUMNS = ("subject", "template", "media", "quality")

#: vectors, ids, and where the file has them model, metadata and columns: what EmbeddingSet takes by these names.
Fields = dict[str, Any]


def read_set(path: Path) -> Fields:
    """What is in a file of embeddings; nothing of it is checked but that it can be read. Raises FileFormatError."""
    reader = {".parquet": _load_parquet, ".npz": _load_npz, ".npy": _load_npy}.get(path.suffix.lower())
    if reader is None:
        raise FileFormatError(f"{path}: unknown kind of embedding file {path.suffix!r}", f"Known: {shorten(SUFFIXES)}.")
    existing_file(path, "an embedding set")
    return reader(path)


def write_set(fields: Fields, path: Path, dtype: Literal["float32", "float16"]) -> Path:
    """Write `fields`, as `read_set` gives them, by the suffix of `path`, whole or not at all."""
    writer = {".parquet": _save_parquet, ".npz": _save_npz, ".npy": _save_npy}.get(path.suffix.lower())
    if writer is None:
        raise FileFormatError(f"{path}: can't write this kind of file", f"End the name in one of {shorten(SUFFIXES)}.")
    writer(fields, path, np.dtype(dtype))
    return path


def _save_parquet(fields: Fields, path: Path, dtype: np.dtype[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    dim = fields["vectors"].shape[1]
    values = pa.array(fields["vectors"].astype(dtype, copy=False).reshape(-1))
    table: dict[str, Any] = {"id": pa.array(fields["ids"].tolist(), pa.string())}
    for name, column in _columns(fields).items():
        table[name] = pa.array(column, pa.float32()) if name == "quality" else _texts(column)
    table["vector"] = pa.FixedSizeListArray.from_arrays(values, dim)
    facts = {"model": fields["model"], "dim": dim, "metadata": fields["metadata"], "version": __version__}
    out = pa.table(table).replace_schema_metadata({"facespace": json.dumps(facts)})
    with atomic_write(path) as temporary:
        # Embeddings are incompressible noise to a dictionary encoder; ids are not.
        pq.write_table(
            out, temporary, compression="zstd", use_dictionary=[c for c in ("subject", "template", "media") if c in table]
        )


def _load_parquet(path: Path) -> Fields:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileFormatError(
            f"{path} can't be read as Parquet: {_first_line(error)}", "Is it truncated? Make or copy it again."
        ) from None
    missing = [name for name in ("id", "vector") if name not in table.column_names]
    if missing:
        raise FileFormatError(
            f"{path} has no column {missing[0]!r}; its columns are {shorten(table.column_names)}",
            "An embedding set has the columns id and vector.",
        )
    vectors = table["vector"].combine_chunks()
    if isinstance(vectors, pa.ChunkedArray):  # an empty table keeps the chunked type
        raise FileFormatError(f"{path} holds no rows")
    for name in ("id", "vector"):
        if table[name].null_count:
            raise FileFormatError(f"{path}: {table[name].null_count} rows have no {name}")
    if pa.types.is_fixed_size_list(vectors.type):
        dim = vectors.type.list_size
    elif pa.types.is_list(vectors.type) or pa.types.is_large_list(vectors.type):
        widths = np.unique(vectors.value_lengths().to_numpy(zero_copy_only=False))
        if len(widths) != 1:
            raise FileFormatError(f"{path}: vectors of different widths ({shorten(widths.tolist())})")
        dim = int(widths[0])
    else:
        raise FileFormatError(f"{path}: column 'vector' is {vectors.type}, not a list of numbers")
    matrix = vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    facts = json.loads((table.schema.metadata or {}).get(b"facespace", b"{}"))
    columns: dict[str, Any] = {
        name: table[name].to_numpy() if name == "quality" else table[name].cast(pa.string()).to_pylist()
        for name in COLUMNS
        if name in table.column_names
    }
    ids, model = table["id"].cast(pa.string()).to_pylist(), facts.get("model", "")
    return {"vectors": matrix, "ids": ids, "model": model, "metadata": facts.get("metadata"), **columns}


def _save_npz(fields: Fields, path: Path, dtype: np.dtype[Any]) -> None:
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            vectors=fields["vectors"].astype(dtype, copy=False),
            ids=fields["ids"],
            model=np.array(fields["model"]),
            metadata=np.array(json.dumps(fields["metadata"])),
            **_columns(fields),
        )


def _load_npz(path: Path) -> Fields:
    try:
        # Opened here, because np.load leaves the file open when the zip is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise FileFormatError(f"{path} can't be read as npz: {_first_line(error)}", "Is it truncated?") from None
    missing = [name for name in ("vectors", "ids") if name not in arrays]
    if missing:
        raise FileFormatError(
            f"{path} has no array {missing[0]!r}; it holds {shorten(sorted(arrays))}",
            "Save it as np.savez(path, vectors=…, ids=…).",
        )
    columns: dict[str, Any] = {name: arrays[name] for name in COLUMNS if name in arrays}
    metadata = json.loads(str(arrays["metadata"])) if "metadata" in arrays else None
    model = str(arrays["model"]) if "model" in arrays else ""
    return {"vectors": arrays["vectors"], "ids": arrays["ids"], "model": model, "metadata": metadata, **columns}


def _save_npy(fields: Fields, path: Path, dtype: np.dtype[Any]) -> None:
    columns = _columns(fields)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, fields["vectors"].astype(dtype, copy=False))
    with atomic_write(path.with_suffix(".ids.csv")) as temporary, temporary.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(["id", *columns])
        writer.writerows(zip(fields["ids"].tolist(), *(c.tolist() for c in columns.values()), strict=True))


def _load_npy(path: Path) -> Fields:
    try:
        matrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileFormatError(f"{path} can't be read as npy: {_first_line(error)}", "Is it truncated?") from None
    columns: dict[str, Any] = {}
    if (table := path.with_suffix(".ids.csv")).exists():
        with table.open(newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        if rows and "id" not in rows[0]:
            raise FileFormatError(f"{table} has no column 'id'; its columns are {shorten(list(rows[0]))}")
        ids = [row["id"] for row in rows]
        columns = {name: [row[name] for row in rows] for name in COLUMNS if rows and name in rows[0]}
    elif (plain := path.with_suffix(".ids.txt")).exists():
        ids = plain.read_text(encoding="utf-8").split("\n")
        ids = ids[:-1] if ids and not ids[-1] else ids
    else:
        raise FileFormatError(
            f"{path} has no ids beside it",
            f"Put {table.name} (a csv with the column id) or {plain.name} (one id a line) into the same folder.",
        )
    return {"vectors": matrix, "ids": ids, **columns}


def _texts(column: Any) -> Any:
    import pyarrow as pa

    return pa.array([value or None for value in column.tolist()], pa.string())  # "" is what is not known


def _columns(fields: Fields) -> Fields:
    return {name: fields[name] for name in COLUMNS if fields.get(name) is not None}


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
