"""Which of the places in a folder of Parquet files is the one that is read: a gallery can have its successor beside it.

They lie in a subfolder that other programs pass over, because its name begins with _. The file `current` in it says which
is which; it is replaced whole, so that a reader sees the one or the other.
"""

from __future__ import annotations

import glob
import json
from pathlib import Path
from typing import Any

from ...errors import FileFormatError

HIDDEN, POINTER = "_facespace", "current"


def read_pointer(folder: Path) -> dict[str, Any]:
    """{"current": name of a place, …}, where the folder's own files are the place ""; that alone for a plain folder."""
    path = folder / HIDDEN / POINTER
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"current": ""}
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} can't be read: {error}", "Copy or make the gallery again.") from None
    if not isinstance(told, dict) or not isinstance(told.get("current"), str):
        raise FileFormatError(f"{path} does not say which place is the current one", "Copy or make the gallery again.")
    return told


def place_in(folder: Path, name: str) -> Path:
    """Where a place of this name lies."""
    return folder / HIDDEN / Path(name).name if name else folder


def paths_of(place: str, follow: bool) -> list[Path]:
    """The Parquet files of a file, a folder or a pattern, in order; FileFormatError if there are none."""
    path = Path(place)
    if path.is_dir():
        path = path if not follow else place_in(path, read_pointer(path)["current"])
        found = [p for p in path.rglob("*.parquet") if not any(one[0] in "._" for one in p.relative_to(path).parts)]
        if not found:
            raise FileFormatError(f"{place} holds no Parquet files", "A set is one Parquet file, or a folder of them.")
    elif path.exists():
        found = [path]
    else:
        found = [Path(name) for name in glob.glob(place, recursive=True) if name.endswith(".parquet")]
        if not found:
            raise FileFormatError(
                f"no such file: {place} (an embedding set)", "Check the path; relative paths start at the current folder."
            )
    return sorted(found)


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of a file: another one at its path has others."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns
