"""Which kind of source a place is: by the suffix of its files."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import InputError
from ...io import identity_of
from ..find import SUFFIXES, ImageFile, name_images, scan_images
from .source import Source
from .table import open_tables
from .tar import open_archives

ImageSource = str | Path | Sequence[str | Path] | Mapping[str, str | Path]
_PACKED = (".tar", ".parquet")


def open_images(images: ImageSource, columns: Mapping[str, str] | None = None) -> Source:
    """The images of a folder, of .tar archives or Parquet files (one, several, a folder of them, a pattern), of a list.

    `columns` names the columns of tables by role: image, id, subject. Raises InputError where there is no image.
    """
    if isinstance(images, Mapping):
        given = [ImageFile(unicodedata.normalize("NFC", name), Path(path)) for name, path in images.items()]
        return _files("the files given", given)
    if not isinstance(images, str | Path):
        paths = [path for place in images for path in _packed(place)]
        if not paths or len({path.suffix.lower() for path in paths}) > 1 or paths[0].suffix.lower() not in _PACKED:
            if len(images) == 1 and Path(images[0]).is_dir():
                return open_images(images[0], columns)
            return _files("the files given", name_images(images), grouped=False)
        return _open(str(images[0]), paths, columns)
    paths = _packed(images)
    if paths and paths[0].suffix.lower() in _PACKED:
        return _open(str(images), paths, columns)
    files, others = scan_images(images)
    return _files(str(images), files, others)


def _files(place: str, files: list[ImageFile], others: Mapping[str, int] | None = None, *, grouped: bool = True) -> Source:
    if not files:
        raise InputError("the list of images is empty")
    names = [file.id + file.path.suffix for file in files]
    return Source(place, [file.id for file in files], names, None, files, others or {}, grouped=grouped)


def _open(place: str, paths: list[Path], columns: Mapping[str, str] | None) -> Source:
    if paths[0].suffix.lower() == ".parquet":
        return open_tables(place, paths, columns)
    return open_archives(place, paths)


def _ours(path: Path) -> bool:
    """Did facespace write this Parquet: a set, or a table of faces, that lies among the images it was made of?"""
    import pyarrow.parquet as pq

    try:
        return identity_of(path) is not None or any(
            key.startswith(b"facespace") for key in pq.read_schema(path).metadata or {}
        )
    except Exception:  # whatever Arrow stumbles over: who reads it tells
        return False


def _packed(place: str | Path) -> list[Path]:
    """The archives or tables that a place means, of one kind; a file by itself."""
    path = Path(place)
    if path.is_dir():
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.name[0] not in "._" and entry.is_file())
        if any(os.path.splitext(name)[1].lower() in SUFFIXES for name in names):
            return []
        found = [[path / name for name in names if name.lower().endswith(suffix)] for suffix in _PACKED]
        found[1] = [table for table in found[1] if not _ours(table)]
        return next((paths for paths in found if paths), [])
    if path.exists() or not glob.has_magic(str(place)):
        return [path]
    found_paths = [Path(name) for name in sorted(glob.glob(str(place), recursive=True))]
    if not found_paths:
        raise InputError(f"no files {place}", "Check the pattern; relative paths start at the current folder.")
    return found_paths
