"""Files: whole or not at all, JSON, embedding files, and the one artefact reader and writer."""

from .artefact import SUFFIX, Artefact, artefact_kind, read_artefact, read_tensors, write_artefact
from .column_names import COLUMNS, ROLES, Fields, choose_columns, named_as
from .columns import matrix, numbers, texts
from .embedding_files import READABLE, SUFFIXES, read_set, write_set
from .files import atomic_write, check_folder, existing_file, locked
from .formats import read_matlab, read_npz_artefact
from .journal import MANIFEST, Journal, checksum_line, unfinished
from .json import jsonable, to_json, write_json
from .limits import guarded
from .parquet import (
    GROUP,
    HIDDEN,
    POINTER,
    ParquetFiles,
    Shard,
    facts_text,
    parquet_columns,
    place_in,
    prefetched,
    read_pointer,
    set_table,
    write_tables,
)
from .tables import check_table, write_table
from .text import delimiter_of, nfc, read_text, too_long, unseen_difference, without_suffix
from .vectors import vectors_of_bytes, vectors_of_texts

__all__ = [
    "COLUMNS", "GROUP", "HIDDEN", "MANIFEST", "POINTER", "READABLE", "ROLES", "SUFFIX", "SUFFIXES", "Artefact",
    "Fields", "Journal", "ParquetFiles", "Shard", "artefact_kind", "atomic_write", "check_folder", "check_table",
    "checksum_line", "choose_columns", "delimiter_of", "existing_file", "facts_text", "guarded", "jsonable", "locked",
    "matrix", "named_as", "nfc", "numbers", "parquet_columns", "place_in", "prefetched", "read_artefact", "read_matlab",
    "read_npz_artefact", "read_pointer", "read_set", "read_tensors", "read_text", "set_table", "texts", "to_json",
    "too_long", "unfinished", "unseen_difference", "vectors_of_bytes", "vectors_of_texts", "without_suffix",
    "write_artefact", "write_json", "write_set", "write_table", "write_tables",
]  # fmt: skip
