"""Parquet, the file a set lives in; and such as other programs write."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..errors import FileFormatError, shorten
from ._parquet_columns import parquet_columns
from .column_names import COLUMNS, Fields, Wanted
from .files import atomic_write
from .limits import check_size
from .set_facts import digest_of, read_facts
from .vectors import vectors_of_bytes, vectors_of_texts

_LONGEST = 4096  # bytes of a text


def save_parquet(fields: Fields, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    dim = fields["vectors"].shape[1]
    values = pa.array(fields["vectors"].reshape(-1))
    table: dict[str, Any] = {"id": pa.array(fields["ids"].tolist(), pa.string())}
    for name, column in ((name, fields[name]) for name in COLUMNS if name in fields):
        table[name] = pa.array(column, pa.float32()) if name == "quality" else _nullable(column)
    table["vector"] = pa.FixedSizeListArray.from_arrays(values, dim)
    facts = {"model": fields["model"], "dim": dim, "metadata": fields["metadata"], "version": __version__}
    facts["digest"] = digest_of(json.dumps(facts))
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


def load_parquet(path: Path, wanted: Wanted) -> Fields:
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = pq.read_metadata(path)
    schema = about.schema.to_arrow_schema()
    columns = dict(wanted)
    packed = columns.pop("bytes", "")
    chosen = parquet_columns(schema, columns, str(path))
    texts = [name for role, name in chosen.items() if role != "vector" and not pa.types.is_nested(schema.field(name).type)]
    with pq.ParquetFile(path, metadata=about, read_dictionary=texts, page_checksum_verification=True) as file:
        # Not by column: pyarrow ends the process where a column's own metadata are damaged.
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        width = getattr(schema.field(chosen["vector"]).type, "list_size", 0)
        if not width:  # coded by a dictionary, long lists of equal numbers take no room: the first tells how long they are
            first = itertools.islice(file.iter_batches(1, columns=[chosen["vector"]]), 1)
            width = sum(batch.nbytes // 4 for batch in first)
        least = 4 * about.num_rows * width
        check_size(str(path), max(unpacked, least), path.stat().st_size)
        table = file.read(columns=list(chosen.values()))
        facts = read_facts(
            f"{path}: its metadata key 'facespace'", (file.schema_arrow.metadata or {}).get(b"facespace", b"{}")
        )
    if {about.num_rows, sum(group.num_rows for group in groups)} != {table.num_rows}:
        raise FileFormatError(f"{path} promises {about.num_rows:,} rows and holds {table.num_rows:,}", "Is it damaged?")
    if table.num_rows == 0:
        raise FileFormatError(f"{path} holds no rows: an embedding set needs a vector; this one is empty")
    for role in ("id", "vector"):
        if table[chosen[role]].null_count:
            raise FileFormatError(f"{path}: {table[chosen[role]].null_count} rows have no {chosen[role]}")
    vectors = _matrix(f"{path}: column {chosen['vector']!r}", table[chosen["vector"]].combine_chunks(), packed)
    found = {role: _column(path, role, name, table[name]) for role, name in chosen.items() if role != "vector"}
    return {"vectors": vectors, "ids": found.pop("id"), **facts, **found, "columns": chosen}


def _matrix(what: str, column: Any, packed: str) -> Any:
    """(n, d) of a column of lists, of bytes as `packed` says (float32 if it doesn't), or of texts such as "[0.1, 0.2]"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return vectors_of_texts(column.to_pylist(), what)
    if pa.types.is_fixed_size_list(column.type):
        dim = column.type.list_size
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        dim = _one_width(what, column.value_lengths())
    elif any(fits(column.type) for fits in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)):
        return vectors_of_bytes(b"".join(column.to_pylist()), _one_width(what, pc.binary_length(column)), packed, what)
    else:
        raise FileFormatError(f"{what} is {column.type}, not a list of numbers")
    if dim == 0:
        raise FileFormatError(f"{what}: the lists are empty", "Leave rows without an embedding out.")
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)


def _one_width(what: str, lengths: Any) -> int:
    widths = np.unique(lengths.to_numpy(zero_copy_only=False))
    if len(widths) != 1:
        raise FileFormatError(f"{what} has vectors of different widths ({shorten(widths.tolist())})")
    return int(widths[0])


def _column(path: Path, role: str, name: str, column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = "numbers" if role == "quality" else "text"
    try:
        if role == "quality":
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


def _nullable(column: Any) -> Any:
    import pyarrow as pa

    return pa.array([value or None for value in column.tolist()], pa.string())  # "" is what is not known
