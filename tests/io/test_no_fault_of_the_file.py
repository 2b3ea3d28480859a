"""A file that can't be read for lack of memory, of permission or of a disk is not called damaged, nor tampered with."""

from __future__ import annotations

import errno
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet
from facespace.errors import EncryptionError, FileFormatError
from facespace.io import AesKey, guarded

TROUBLE = {
    "memory": (MemoryError("Unable to allocate 1.8 TiB"), r"not the memory for it \(Unable to allocate 1.8 TiB\)"),
    "memory in Arrow": (pa.ArrowMemoryError("malloc of size 9 failed"), "not the memory for it"),
    "permission": (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "Permission denied"),
    "disk": (OSError(errno.EIO, os.strerror(errno.EIO)), "Input/output error"),
    "open files": (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "Too many open files"),
}


def _raise(error):
    raise error


@pytest.mark.parametrize(("error", "told"), TROUBLE.values(), ids=TROUBLE)
def test_any_reader_tells_what_is_no_fault_of_the_file(tmp_path, error, told):
    with pytest.raises(FileFormatError, match=told) as caught:
        guarded(tmp_path / "a.npz", "npz", lambda: _raise(error))
    assert "truncated" not in caught.value.hint
    with pytest.raises(FileFormatError) as caught:
        guarded(tmp_path / "a.npz", "npz", lambda: _raise(OSError("Corrupt snappy compressed data.")))
    assert "truncated or damaged" in caught.value.hint


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize(("error", "told"), TROUBLE.values(), ids=TROUBLE)
def test_parquet_too_and_an_encrypted_one_is_not_called_tampered_with(tmp_path, monkeypatch, error, told, secret):
    key = AesKey.random("house") if secret else None
    path = EmbeddingSet(np.eye(3), list("abc")).save(tmp_path / "a.parquet", key=key)
    stored = EmbeddingSet.open(path, key=key)
    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", lambda *_, **__: _raise(error))
    with pytest.raises(FileFormatError, match=told) as caught:
        stored.load()
    assert not isinstance(caught.value, EncryptionError)


def test_the_command_line_tells_that_memory_does_not_suffice(tmp_path, monkeypatch, capsys):
    EmbeddingSet(np.eye(3), list("abc")).save(tmp_path / "a.parquet")
    monkeypatch.setattr("facespace.overview.Overview.of", lambda *_, **__: _raise(MemoryError("Unable to allocate 1.8 TiB")))
    assert main(["info", str(tmp_path / "a.parquet")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: there is not the memory for it: Unable to allocate 1.8 TiB\n")
    assert told.out == ""
