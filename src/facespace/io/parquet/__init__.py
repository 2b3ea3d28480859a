"""Parquet: the files a set lives in, whatever its size, and such as other programs write."""

from .columns import parquet_columns
from .files import ParquetFiles, Shard
from .footers import Locks
from .pointer import HIDDEN, POINTER, place_in, read_pointer
from .resealed import reseal
from .sealed import identity_of, unlocking
from .writing import GROUP, facts_text, prefetched, save_parquet, set_table, write_tables

__all__ = [
    "GROUP", "HIDDEN", "POINTER", "Locks", "ParquetFiles", "Shard", "facts_text", "identity_of", "parquet_columns",
    "place_in", "prefetched", "read_pointer", "reseal", "save_parquet", "set_table", "unlocking", "write_tables",
]  # fmt: skip
