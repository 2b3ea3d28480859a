"""The kinds of file that a set is read from, but for Parquet: one a module, each a function of (path, wanted columns)."""

from .delimited import load_delimited
from .faiss import load_faiss
from .hdf5 import load_hdf5
from .kept import read_npz_artefact
from .matlab import read_matlab
from .npy import load_npy, save_npy
from .npz import load_npz, save_npz
from .postgres import load_copy, load_sql
from .records import load_json, load_json_lines
from .tensors import load_tensors

#: What they are called in messages, and what reads them.
READERS = {
    ".npz": ("npz", load_npz),
    ".npy": ("npy", load_npy),
    ".csv": ("csv", load_delimited),
    ".tsv": ("tsv", load_delimited),
    ".json": ("JSON", load_json),
    ".jsonl": ("JSON lines", load_json_lines),
    ".ndjson": ("JSON lines", load_json_lines),
    ".safetensors": ("safetensors", load_tensors),
    ".h5": ("HDF5", load_hdf5),
    ".hdf5": ("HDF5", load_hdf5),
    ".sql": ("a dump of PostgreSQL", load_sql),
    ".copy": ("what COPY wrote", load_copy),
    ".faiss": ("a FAISS index", load_faiss),
    ".index": ("a FAISS index", load_faiss),
}
WRITERS = {".npz": save_npz, ".npy": save_npy}

__all__ = ["READERS", "WRITERS", "read_matlab", "read_npz_artefact"]
