"""Files: whole or not at all, JSON, embedding files, and the one artefact reader and writer."""

from ._npy import guarded
from .artefact import SUFFIX, Artefact, read_artefact, write_artefact
from .column_names import choose_columns
from .columns import matrix, numbers, texts
from .embedding_files import COLUMNS, SUFFIXES, Fields, read_set, write_set
from .files import atomic_write, check_folder, existing_file, locked
from .journal import MANIFEST, Journal, checksum_line, unfinished
from .json import jsonable, to_json, write_json
from .parquet_files import GROUP, ParquetFiles, Shard
from .parquet_writing import facts_text, prefetched, write_tables
from .text import delimiter_of, nfc, read_text, too_long, unseen_difference, without_suffix

__all__ = [
    "COLUMNS", "GROUP", "MANIFEST", "SUFFIX", "SUFFIXES", "Artefact", "Fields", "Journal", "ParquetFiles", "Shard",
    "atomic_write", "check_folder", "checksum_line", "choose_columns", "delimiter_of", "existing_file", "facts_text",
    "guarded", "jsonable", "locked", "matrix", "nfc", "numbers", "prefetched", "read_artefact", "read_set", "read_text",
    "texts", "to_json", "too_long", "unfinished", "unseen_difference", "without_suffix", "write_artefact", "write_json",
    "write_set", "write_tables",
]  # fmt: skip
