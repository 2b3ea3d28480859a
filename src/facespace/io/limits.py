"""What a file says of itself is held against what it has, and what libraries raise over it becomes a message."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FacespaceError, FileFormatError

#: it is gone, may not be read, or not now
_NOT_ITS_FAULT = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE)
_SMALL, _TIMES = 1 << 26, 100  # bytes that any file may unpack to, and how often its own size a file may


def check_size(what: str, unpacked: int, size: int) -> None:
    """Raise FileFormatError where a file of `size` bytes says that it unpacks to far more than embeddings ever do."""
    if unpacked > max(_SMALL, _TIMES * size):
        raise FileFormatError(
            f"{what} unpacks to {unpacked / 1e6:,.0f} MB from a file of {size:,} bytes, more than {_TIMES} times its size",
            "It is damaged, or made to fill the memory.",
        )


def guarded(path: Path, kind: str, read: Callable[[], Any]) -> Any:
    """What `read` gives; anything that the libraries below it stumble over is a FileFormatError."""
    try:
        return read()
    except FacespaceError:
        raise
    except Exception as error:  # damaged files make zlib, tokenize, struct, Arrow … raise whatever is theirs
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        hint = "Is it truncated or damaged? Make or copy it again."
        raise (no_fault_of(path, error) or FileFormatError(f"{path} can't be read as {kind}: {reason}", hint)) from None


def no_fault_of(path: Path, error: Exception) -> FileFormatError | None:
    """What is told where a file can't be read though nothing speaks against the file; None where something does."""
    if isinstance(error, MemoryError):
        return FileFormatError(
            f"{path} can't be read: there is not the memory for it ({str(error) or 'out of memory'})",
            "Is it that large? Sets in Parquet are read in parts by info, map, identify and others. Else it is damaged.",
        )
    if isinstance(error, OSError) and error.errno in _NOT_ITS_FAULT:
        hint = "May you read it, is its disk there, and are not too many files open?"
        return FileFormatError(f"{path} can't be read: {os.strerror(error.errno)}", hint)
    return None
