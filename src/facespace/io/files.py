"""Writing files whole or not at all."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from ..errors import FileFormatError, OutputError

try:
    import fcntl
except ImportError:  # Windows, where a file in use can't be removed anyway
    fcntl = None  # type: ignore[assignment]

_UMASK = threading.Lock()  # it can only be read by setting it, for all threads


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name in the folder of `path`; on success it is renamed to `path`, on failure removed.

    A killed run so leaves no half file under the final name, and its temporary file is removed by the next one that writes
    the same. The temporary name keeps the suffix, because several writers choose their format by it. Parent folders are
    made. A link stays one, and what it points to is replaced; the new file has the permissions of the one it replaces.
    Raises OutputError when the place can't be written, and for what is no file (a pipe, a device).
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"can't write {path}: it is a folder", "Name a file in it.")
    if path.exists() and not path.is_file():  # a file would take the place of /dev/null, for everybody
        raise OutputError(f"can't write {path}: it is no file, but a pipe or a device", "Name a file.")
    suffix = path.suffix
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path, suffix)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}~", suffix=suffix, dir=path.parent)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}", "Choose a folder you may write to.") from None
    temporary = Path(name)
    if fcntl is None:
        os.close(handle)
    else:
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield temporary
        with suppress(OSError):  # file systems without permissions refuse
            temporary.chmod(_permissions(path))
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}", "Is the disk full?") from error
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; OutputError where another run holds it. It is removed at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.open("w")
    except OSError as error:
        raise OutputError(
            f"can't write into {path.parent}: {error.strerror or error}", "Choose a folder you may write to."
        ) from None
    with held as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputError(f"another run is writing {path.name}", "Wait for it, or name another place.") from None
            except OSError:  # not every file system has locks
                pass
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _permissions(path: Path) -> int:
    """Those that a plain open() would give a file at `path`: its own if it is there, since mkstemp makes a private one."""
    with suppress(OSError):
        return path.stat().st_mode & 0o777
    with _UMASK:
        umask = os.umask(0)
        os.umask(umask)
    return 0o666 & ~umask


def _remove_stale(path: Path, suffix: str) -> None:
    """Remove what killed runs left of their attempts to write `path`. What a running one writes is locked, and stays."""
    for left in path.parent.glob(f".{glob.escape(path.stem)}~????????{glob.escape(suffix)}"):
        with suppress(OSError), left.open("rb") if fcntl is not None else nullcontext() as file:
            if fcntl is not None and file is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def existing_file(path: str | Path, what: str) -> Path:
    """`path` as a Path if a file is there; else FileFormatError saying which `what` is missing."""
    path = Path(path)
    if path.is_dir():
        raise FileFormatError(f"{path} is a folder, but {what} is a file", "Name the file itself.")
    if not path.exists():
        raise FileFormatError(
            f"no such file: {path} ({what})", "Check the path; relative paths start at the current folder."
        )
    return path


def check_folder(path: str | Path) -> None:
    """Raise OutputError unless `path` is, or could be made, a folder to write to; known before hours of work, not after."""
    path = Path(path)
    nearest = next(place for place in (path, *path.absolute().parents) if place.exists() or place.is_symlink())
    if not nearest.is_dir():
        raise OutputError(f"can't write into {path}: {nearest} is not a folder", "Choose a folder you may write to.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"can't write into {path}: no permission for {nearest}", "Choose a folder you may write to.")


def partial_of(output: Path) -> Path:
    """OUT.partial, where `output` is made before it has its name. OutputError for a path that has none, as `.` and `/`."""
    if output.name in ("", ".."):
        raise OutputError(f"can't write {output}: it is a folder that is there", "Name a new one in it.")
    return output.with_name(output.name + ".partial")


def begin_folder(partial: Path, own: str = "") -> None:
    """Remove what a killed run left at `partial`: hidden files, and those whose names match `own`.

    OutputError where anything else is in it, which then is somebody's, and stays.
    """
    found = [path for path in partial.rglob("*") if not path.is_dir()] if partial.is_dir() else []
    foreign = [path for path in found if not path.name.startswith(".") and not re.fullmatch(own, path.name)]
    if foreign or (partial.exists() and not partial.is_dir()):
        named = foreign[0].relative_to(partial).as_posix() if foreign else "no folder"
        raise OutputError(f"{partial} is needed to write, and is not of a run that was killed: {named}", "Rename it.")
    shutil.rmtree(partial, ignore_errors=True)
