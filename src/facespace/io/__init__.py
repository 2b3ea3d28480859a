"""Files: whole or not at all, JSON, embedding files, and the one artefact reader and writer."""

from .artefact import SUFFIX, Artefact, artefact_kind, read_artefact, read_tensors, write_artefact
from .column_names import COLUMNS, ROLES, Fields, choose_columns, named_as
from .columns import matrix, numbers, texts
from .eight_bits import blocks, of_blocks
from .embedding_files import READABLE, SUFFIXES, Numbers, check_encryptable, output_seal, read_set, resumed_seal, write_set
from .files import atomic_write, begin_folder, check_folder, existing_file, locked, partial_of
from .formats import read_matlab, read_npz_artefact
from .journal import MANIFEST, Journal, checksum_line, unfinished
from .json import jsonable, to_json, write_json
from .keys import (
    AesKey,
    AnyKey,
    Identity,
    Key,
    KeyRing,
    KmsKey,
    Scratch,
    Seal,
    check_cipher,
    is_sealed,
    key_of,
    keys_of,
    new_key_file,
    opened,
    read_keys,
    seal_of,
    sealed,
    sealed_identity,
    use_keys,
)
from .limits import guarded
from .objects import FACES, LIBRARIES, fields_of_faces, fields_of_frame, fields_of_index, frame_of, is_frame
from .parquet import (
    GROUP,
    HIDDEN,
    POINTER,
    Locks,
    ParquetFiles,
    Shard,
    facts_text,
    identity_of,
    parquet_columns,
    place_in,
    prefetched,
    read_pointer,
    set_table,
    unlocking,
    write_tables,
)
from .rotation import Rotation, adopt, files_of, rotate_keys, show_keys
from .tables import check_table, read_people, write_rows, write_table
from .text import among, delimiter_of, nfc, read_text, too_long, unseen_difference, without_suffix
from .vectors import vectors_of_bytes, vectors_of_texts

__all__ = [
    "COLUMNS", "FACES", "GROUP", "HIDDEN", "LIBRARIES", "MANIFEST", "POINTER", "READABLE", "ROLES", "SUFFIX",
    "SUFFIXES", "AesKey", "AnyKey", "Artefact", "Fields", "Identity", "Journal", "Key", "KeyRing", "KmsKey", "Locks",
    "Numbers", "ParquetFiles", "Rotation", "Scratch", "Seal", "Shard", "adopt", "among", "artefact_kind",
    "atomic_write", "begin_folder", "blocks", "check_cipher", "check_encryptable", "check_folder", "check_table",
    "checksum_line", "choose_columns", "delimiter_of", "existing_file", "facts_text", "fields_of_faces",
    "fields_of_frame", "fields_of_index", "files_of", "frame_of", "guarded", "identity_of", "is_frame", "is_sealed",
    "jsonable", "key_of", "keys_of", "locked", "matrix", "named_as", "new_key_file", "nfc", "numbers", "of_blocks",
    "opened", "output_seal", "parquet_columns", "partial_of", "place_in", "prefetched", "read_artefact", "read_keys",
    "read_matlab", "read_npz_artefact", "read_people", "read_pointer", "read_set", "read_tensors", "read_text",
    "resumed_seal", "rotate_keys", "seal_of", "sealed", "sealed_identity", "set_table", "show_keys", "texts",
    "to_json", "too_long", "unfinished", "unlocking", "unseen_difference", "use_keys", "vectors_of_bytes",
    "vectors_of_texts", "without_suffix", "write_artefact", "write_json", "write_rows", "write_set", "write_table",
    "write_tables",
]  # fmt: skip
