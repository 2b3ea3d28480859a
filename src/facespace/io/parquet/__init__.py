"""Parquet: the files a set lives in, whatever its size, and such as other programs write."""

from .columns import parquet_columns
from .files import ParquetFiles, Shard
from .pointer import HIDDEN, POINTER, place_in, read_pointer
from .writing import GROUP, facts_text, prefetched, save_parquet, set_table, write_tables

__all__ = [
    "GROUP", "HIDDEN", "POINTER", "ParquetFiles", "Shard", "facts_text", "parquet_columns", "place_in", "prefetched",
    "read_pointer", "save_parquet", "set_table", "write_tables",
]  # fmt: skip
