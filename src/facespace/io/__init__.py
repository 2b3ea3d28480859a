"""Files: whole or not at all, JSON, embedding files, and the one artefact reader and writer."""

from ._npy import guarded
from .artefact import SUFFIX, Artefact, read_artefact, read_npz_artefact, write_artefact
from .columns import matrix, numbers, texts
from .embedding_files import COLUMNS, SUFFIXES, read_set, write_set
from .files import atomic_write, check_folder, existing_file
from .json import jsonable, to_json, write_json
from .matlab import read_matlab
from .text import delimiter_of, nfc, read_text, too_long, unseen_difference, without_suffix

__all__ = [
    "COLUMNS", "SUFFIX", "SUFFIXES", "Artefact", "atomic_write", "check_folder", "delimiter_of", "existing_file",
    "guarded", "jsonable", "matrix", "nfc", "numbers", "read_artefact", "read_matlab", "read_npz_artefact", "read_set",
    "read_text", "texts", "to_json", "too_long", "unseen_difference", "without_suffix", "write_artefact", "write_json",
    "write_set",
]  # fmt: skip
