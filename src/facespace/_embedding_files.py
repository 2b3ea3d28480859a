"""The files an EmbeddingSet lives in: Parquet (ours), .npz, and .npy with ids beside it.

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

from ._files import atomic_write, existing_file
from ._version import __version__
from .embeddings import COLUMNS, EmbeddingSet
from .errors import FileFormatError, InputError, shorten

SUFFIXES = (".parquet", ".npz", ".npy")


def load(path: Path) -> EmbeddingSet:
    reader = {".parquet": _load_parquet, ".npz": _load_npz, ".npy": _load_npy}.get(path.suffix.lower())
    if reader is None:
        raise FileFormatError(f"{path}: unknown kind of embedding file {path.suffix!r}", f"Known: {shorten(SUFFIXES)}.")
    existing_file(path, "an embedding set")
    try:
        return reader(path)
    except FileFormatError:
        raise
    except InputError as error:  # say which file the bad rows are in
        raise type(error)(f"{path}: {error.message}", error.hint) from None


def save(faces: EmbeddingSet, path: Path, dtype: Literal["float32", "float16"]) -> Path:
    writer = {".parquet": _save_parquet, ".npz": _save_npz, ".npy": _save_npy}.get(path.suffix.lower())
    if writer is None:
        raise FileFormatError(f"{path}: can't write this kind of file", f"End the name in one of {shorten(SUFFIXES)}.")
    writer(faces, path, np.dtype(dtype))
    return path


def _save_parquet(faces: EmbeddingSet, path: Path, dtype: np.dtype[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = pa.array(faces.vectors.astype(dtype, copy=False).reshape(-1))
    table: dict[str, Any] = {"id": pa.array(faces.ids.tolist(), pa.string())}
    for name, column in faces.columns().items():
        table[name] = pa.array(column, pa.float32()) if name == "quality" else pa.array(column.tolist(), pa.string())
    table["vector"] = pa.FixedSizeListArray.from_arrays(values, faces.dim)
    facts = {"model": faces.model, "dim": faces.dim, "metadata": dict(faces.metadata), "version": __version__}
    out = pa.table(table).replace_schema_metadata({"facespace": json.dumps(facts)})
    with atomic_write(path) as temporary:
        # Embeddings are incompressible noise to a dictionary encoder; ids are not.
        pq.write_table(
            out, temporary, compression="zstd", use_dictionary=[c for c in ("subject", "template", "media") if c in table]
        )


def _load_parquet(path: Path) -> EmbeddingSet:
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
    return EmbeddingSet(
        matrix,
        table["id"].cast(pa.string()).to_pylist(),
        model=facts.get("model", ""),
        metadata=facts.get("metadata"),
        **columns,
    )


def _save_npz(faces: EmbeddingSet, path: Path, dtype: np.dtype[Any]) -> None:
    columns: dict[str, Any] = faces.columns()
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            vectors=faces.vectors.astype(dtype, copy=False),
            ids=faces.ids,
            model=np.array(faces.model),
            metadata=np.array(json.dumps(dict(faces.metadata))),
            **columns,
        )


def _load_npz(path: Path) -> EmbeddingSet:
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
    return EmbeddingSet(arrays["vectors"], arrays["ids"], model=model, metadata=metadata, **columns)


def _save_npy(faces: EmbeddingSet, path: Path, dtype: np.dtype[Any]) -> None:
    columns = faces.columns()
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, faces.vectors.astype(dtype, copy=False))
    with atomic_write(path.with_suffix(".ids.csv")) as temporary, temporary.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(["id", *columns])
        writer.writerows(zip(faces.ids.tolist(), *(c.tolist() for c in columns.values()), strict=True))


def _load_npy(path: Path) -> EmbeddingSet:
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
    return EmbeddingSet(matrix, ids, **columns)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
