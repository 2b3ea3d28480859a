"""Which columns of a Parquet file are a set's: by its schema alone, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .column_names import COLUMNS, choose_columns, named_as


def parquet_columns(schema: Any, wanted: Mapping[str, str] | None = None, what: str = "this Parquet file") -> dict[str, str]:
    """The column of each role: id, vector and, where there are such, subject, template, media, quality.

    `schema` is pyarrow's. `wanted` has columns by role as the user names them, "" for none; the rest is told by names and
    types, in a file of facespace's own by our names alone. A vector is a list of numbers or, by a known name, bytes or text.

    Raises FileFormatError, in which `what` names the file: a column that is missing or there twice, or several that could
    be meant.
    """
    if b"facespace" in (schema.metadata or {}):
        wanted = {name: name if name in schema.names else "" for name in COLUMNS} | dict(wanted or {})
    vectors = [name for name, kind in zip(schema.names, schema.types, strict=True) if _may_be_vector(name, kind)]
    return choose_columns(what, schema.names, vectors, wanted)


def _may_be_vector(name: str, kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
    packed = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_string)
    return named_as("vector", name) and any(fits(kind) for fits in (*packed, pa.types.is_large_string))
