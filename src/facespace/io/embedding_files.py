"""The files a set of embeddings lives in: Parquet (ours), .npz, and .npy with ids beside it.

Parquet: columns `id` (string), `vector` (fixed-size list of float32 or float16) and the optional columns of the set;
schema metadata key `facespace` holds {"model", "dim", "metadata", "version", "digest"} as JSON, and pages have
checksums. Any Parquet reader can use it. Beside an npy, the column `row_digest` ties each id to its vector.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import unicodedata
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .._version import __version__
from ..errors import FileFormatError, InputError, shorten
from ._npy import check_size, guarded, read_npy, read_npz
from .files import atomic_write, existing_file
from .text import delimiter_of, read_text

SUFFIXES = (".parquet", ".npz", ".npy")
COLUMNS = ("subject", "template", "media", "quality")
_TEXTS = ("id", "subject", "template", "media")
_LONGEST = 4096  # bytes of a text

#: vectors, ids, and where the file has them model, metadata and columns: what EmbeddingSet takes by these names.
Fields = dict[str, Any]


def read_set(path: Path) -> Fields:
    """What is in a file of embeddings; nothing of it is checked but that it can be read. Raises FileFormatError."""
    readers = {".parquet": ("Parquet", _load_parquet), ".npz": ("npz", _load_npz), ".npy": ("npy", _load_npy)}
    if path.suffix.lower() not in readers:
        raise FileFormatError(f"{path}: unknown kind of embedding file {path.suffix!r}", f"Known: {shorten(SUFFIXES)}.")
    existing_file(path, "an embedding set")
    kind, reader = readers[path.suffix.lower()]
    fields: Fields = guarded(path, kind, lambda: reader(path))
    return fields


def write_set(fields: Fields, path: Path, dtype: Literal["float32", "float16"]) -> Path:
    """Write `fields`, as `read_set` gives them, by the suffix of `path`, whole or not at all."""
    writer = {".parquet": _save_parquet, ".npz": _save_npz, ".npy": _save_npy}.get(path.suffix.lower())
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


def _save_parquet(fields: Fields, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    dim = fields["vectors"].shape[1]
    values = pa.array(fields["vectors"].reshape(-1))
    table: dict[str, Any] = {"id": pa.array(fields["ids"].tolist(), pa.string())}
    for name, column in _columns(fields).items():
        table[name] = pa.array(column, pa.float32()) if name == "quality" else _nullable(column)
    table["vector"] = pa.FixedSizeListArray.from_arrays(values, dim)
    facts = {"model": fields["model"], "dim": dim, "metadata": fields["metadata"], "version": __version__}
    facts["digest"] = _digest(json.dumps(facts))
    out = pa.table(table).replace_schema_metadata({"facespace": json.dumps(facts)})
    with atomic_write(path) as temporary:
        # Embeddings are incompressible noise to a dictionary encoder; ids are not.
        pq.write_table(
            out,
            temporary,
            compression="zstd",
            use_dictionary=[c for c in ("subject", "template", "media") if c in table],
            write_page_checksum=True,
        )


def _load_parquet(path: Path) -> Fields:
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = pq.read_metadata(path)
    fields = {field.name: field.type for field in about.schema.to_arrow_schema()}
    texts = [name for name in _TEXTS if name in fields and not pa.types.is_nested(fields[name])]
    with pq.ParquetFile(path, metadata=about, read_dictionary=texts, page_checksum_verification=True) as file:
        names = file.schema_arrow.names
        if missing := [name for name in ("id", "vector") if name not in names]:
            raise FileFormatError(
                f"{path} has no column {missing[0]!r}; its columns are {shorten(names)}",
                "An embedding set has the columns id and vector.",
            )
        wanted = [name for name in ("id", "vector", *COLUMNS) if name in names]
        if twice := [name for name in wanted if names.count(name) > 1]:
            raise FileFormatError(f"{path} has {names.count(twice[0])} columns {twice[0]!r}")
        # Not by column: pyarrow ends the process where a column's own metadata are damaged.
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        width = getattr(file.schema_arrow.field("vector").type, "list_size", 0)
        if not width:  # coded by a dictionary, long lists of equal numbers take no room: the first tells how long they are
            width = sum(batch.nbytes // 4 for batch in itertools.islice(file.iter_batches(1, columns=["vector"]), 1))
        least = 4 * about.num_rows * width
        check_size(str(path), max(unpacked, least), path.stat().st_size)
        table = file.read(columns=wanted)
        facts = _facts(f"{path}: its metadata key 'facespace'", (file.schema_arrow.metadata or {}).get(b"facespace", b"{}"))
    if {about.num_rows, sum(group.num_rows for group in groups)} != {table.num_rows}:
        raise FileFormatError(f"{path} promises {about.num_rows:,} rows and holds {table.num_rows:,}", "Is it damaged?")
    if table.num_rows == 0:
        raise FileFormatError(f"{path} holds no rows: an embedding set needs a vector; this one is empty")
    for name in ("id", "vector"):
        if table[name].null_count:
            raise FileFormatError(f"{path}: {table[name].null_count} rows have no {name}")
    vectors = table["vector"].combine_chunks()
    if pa.types.is_fixed_size_list(vectors.type):
        dim = vectors.type.list_size
    elif pa.types.is_list(vectors.type) or pa.types.is_large_list(vectors.type):
        widths = np.unique(vectors.value_lengths().to_numpy(zero_copy_only=False))
        if len(widths) != 1:
            raise FileFormatError(f"{path}: vectors of different widths ({shorten(widths.tolist())})")
        dim = int(widths[0])
    else:
        raise FileFormatError(f"{path}: column 'vector' is {vectors.type}, not a list of numbers")
    if dim == 0:
        raise FileFormatError(f"{path}: the lists in column 'vector' are empty", "Leave rows without an embedding out.")
    matrix = vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    columns = {name: _parquet_column(path, name, table[name]) for name in wanted if name != "vector"}
    ids = columns.pop("id")
    return {"vectors": matrix, "ids": ids, "model": facts["model"], "metadata": facts["metadata"], **columns}


def _parquet_column(path: Path, name: str, column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = "numbers" if name == "quality" else "text"
    try:
        if name == "quality":
            return column.cast(pa.float64()).to_numpy()
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
            if longest > _LONGEST:
                raise FileFormatError(f"{path}: column {name!r} has a text of {longest:,} bytes; {_LONGEST:,} are allowed")
        return column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        told = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        raise FileFormatError(
            f"{path}: column {name!r} is {told}, which can't be read as {kind}: {reason}", f"Save it as {kind}."
        ) from None


def _save_npz(fields: Fields, path: Path) -> None:
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            vectors=fields["vectors"],
            ids=fields["ids"],
            model=np.array(fields["model"]),
            metadata=np.array(json.dumps(fields["metadata"])),
            **_columns(fields),
        )


def _load_npz(path: Path) -> Fields:
    arrays, held = read_npz(path, ("vectors", "ids", "model", "metadata", *COLUMNS))
    if missing := [name for name in ("vectors", "ids") if name not in arrays]:
        raise FileFormatError(
            f"{path} has no array {missing[0]!r}; it holds {shorten(held)}", "Save it as np.savez(path, vectors=…, ids=…)."
        )

    def word(name: str, default: str) -> str:
        array = arrays.pop(name, np.array(default))
        return str(array.item().decode() if array.dtype.kind == "S" else array)

    facts = _facts(
        f"{path}: its array 'metadata'",
        f'{{"model": {json.dumps(word("model", ""))}, "metadata": {word("metadata", "null")}}}',
    )
    return {**arrays, "model": facts["model"], "metadata": facts["metadata"]}


def _save_npy(fields: Fields, path: Path) -> None:
    columns = _columns(fields)
    cells = {"id": fields["ids"].tolist(), **{name: column.tolist() for name, column in columns.items()}}
    digests = _row_digests(cells, fields["vectors"])
    # Both are whole before either takes its name; the ids are first, and know their vectors.
    with atomic_write(path) as vectors:
        with vectors.open("wb") as file:
            np.save(file, fields["vectors"])
        with atomic_write(path.with_suffix(".ids.csv")) as ids, ids.open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text)
            writer.writerow([*cells, "row_digest"])
            writer.writerows(zip(*cells.values(), digests, strict=True))


def _load_npy(path: Path) -> Fields:
    matrix = read_npy(path)
    table, plain = path.with_suffix(".ids.csv"), path.with_suffix(".ids.txt")
    if not table.exists():
        if not plain.exists():
            raise FileFormatError(
                f"{path} has no ids beside it",
                f"Put {table.name} (a csv with the column id) or {plain.name} (one id a line) into the same folder.",
            )
        return {"vectors": matrix, "ids": read_text(plain, "a list of ids").rstrip().split("\n")}
    text = read_text(table, "a list of ids").lstrip("\n")
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter_of(text.partition("\n")[0])) if any(row)]
    except csv.Error as error:
        raise FileFormatError(f"{table} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    names = [name.strip().lower() for name in (rows or [[]])[0]]
    if "id" not in names:
        raise FileFormatError(f"{table} has no column 'id'; its columns are {shorten(names)}")
    if short := [number for number, row in enumerate(rows[1:], 1) if len(row) != len(names)]:
        raise FileFormatError(f"{table}: rows {shorten(short)} have not {len(names)} fields, as the header has")
    columns = {name: [row[at] for row in rows[1:]] for at, name in enumerate(names)}
    ids = columns["id"]
    if "row_digest" in columns and len(ids) == len(matrix):
        found = _row_digests(columns, matrix)
        if wrong := [n for n, pair in enumerate(zip(found, columns["row_digest"], strict=True)) if pair[0] != pair[1]]:
            raise FileFormatError(
                f"{path}: {len(wrong):,} of {len(ids):,} rows are not those that {table.name} was written for: "
                f"{shorten([f'row {row} ({ids[row]})' for row in wrong])}",
                f"One of the two is damaged or of another save. If you changed them, take the column row_digest out of "
                f"{table.name}.",
            )
    if "quality" in columns:
        columns["quality"] = [value or "nan" for value in columns["quality"]]
    return {"vectors": matrix, "ids": ids, **{name: columns[name] for name in COLUMNS if name in columns}}


def _facts(what: str, text: str | bytes) -> Fields:
    """{"model", "metadata"} from our JSON. Raises FileFormatError where it is none, or not what was written."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{what} can't be read as JSON: {error}", "Is it of another program?") from None
    known = isinstance(facts, dict) and isinstance(facts.get("model", ""), str)
    if not known or not isinstance(facts.get("metadata") or {}, dict):
        raise FileFormatError(f"{what} is not facespace's {{model, metadata}}: {text[:60]!r}", "Is it of another program?")
    told = facts.pop("digest", None)
    if told is not None and told != _digest(json.dumps(facts)):
        raise FileFormatError(f"{what} is damaged: its content is not what was written", "Copy or make the file again.")
    return {"model": facts.get("model", ""), "metadata": facts.get("metadata")}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _row_digests(cells: dict[str, list[str]], vectors: Any) -> list[str]:
    """Of each row one word that hangs on its texts and its numbers; with an x, lest a spreadsheet take it for a number."""
    texts = zip(*([f"{name}={value}" for value in cells[name]] for name in _TEXTS if name in cells), strict=True)
    told = [unicodedata.normalize("NFC", "\0".join(row)).encode() for row in texts]
    rows = zip(told, np.ascontiguousarray(vectors), strict=True)
    return ["x" + hashlib.blake2b(text + row.tobytes(), digest_size=8).hexdigest() for text, row in rows]


def _nullable(column: Any) -> Any:
    import pyarrow as pa

    return pa.array([value or None for value in column.tolist()], pa.string())  # "" is what is not known


def _columns(fields: Fields) -> Fields:
    return {name: fields[name] for name in COLUMNS if fields.get(name) is not None}
