"""Parquet: the files a set lives in, whatever its size, and such as other programs write."""

from .columns import parquet_columns
from .files import ParquetFiles, Shard
from .writing import GROUP, facts_text, prefetched, save_parquet, set_table, write_tables

__all__ = [
    "GROUP", "ParquetFiles", "Shard", "facts_text", "parquet_columns", "prefetched", "save_parquet", "set_table",
    "write_tables",
]  # fmt: skip
