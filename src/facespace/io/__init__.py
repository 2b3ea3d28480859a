"""Files: whole or not at all, JSON, embedding files, and the one artefact reader and writer."""

from .artefact import SUFFIX, Artefact, read_artefact, write_artefact
from .embedding_files import COLUMNS, SUFFIXES, read_set, write_set
from .files import atomic_write, check_folder, existing_file
from .json import jsonable, to_json, write_json

__all__ = [
    "COLUMNS", "SUFFIX", "SUFFIXES", "Artefact", "atomic_write", "check_folder", "existing_file", "jsonable",
    "read_artefact", "read_set", "to_json", "write_artefact", "write_json", "write_set",
]  # fmt: skip
