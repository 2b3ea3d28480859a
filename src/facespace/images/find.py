"""Which images lie in a folder, and what their ids are."""

from __future__ import annotations

import importlib.util
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, shorten
from ..io import one_or_more
from .read import file_bytes

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".avif"),
    *(".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm"),
)


HEIF = (".heic", ".heif")


def readable() -> tuple[str, ...]:
    """The suffixes of images that can be read here: HEIC with the extra heif."""
    return SUFFIXES + (HEIF if importlib.util.find_spec("pi_heif") else ())


class ImageFile(NamedTuple):
    """An image and its id: the path under the folder without the extension, with forward slashes, in Unicode form NFC."""

    id: str
    path: Path

    def read_bytes(self) -> bytes:
        """What is in the file. Raises FileFormatError."""
        return file_bytes(self.path)


def find_images(folder: str | Path) -> list[ImageFile]:
    """All images under `folder`, sorted by id; hidden files and folders are left out.

    Raises InputError when the folder is missing or holds no image, or when two files have the same id (a.jpg, a.png).
    """
    return scan_images(folder)[0]


def scan_images(folder: str | Path) -> tuple[list[ImageFile], dict[str, int]]:
    """As `find_images`, and how many other files there are by their suffix in small letters ("" for none)."""
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"the folder of images {folder} {what}", "Check the path.")
    found: list[ImageFile] = []
    others: Counter[str] = Counter()
    known = readable()
    for place, names in _walk(folder):
        inside = Path(os.path.relpath(place, folder)).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in known:
                found.append(ImageFile(prefix + stem, Path(place, name)))
            else:
                others[suffix.lower()] += 1
    if not found:
        besides = f" ({describe_others(others)})" if others else ""
        raise InputError(f"no images in {folder}{besides}", f"Looked for {shorten(known, 25)}, also in its sub-folders.")
    return _without_repeats(found), dict(sorted(others.items()))


def describe_others(others: Mapping[str, int]) -> str:
    """A sentence on the files that `scan_images` left out.

    >>> describe_others({".mov": 3, "": 1})
    '4 files are no images that can be read: .mov, without suffix'
    """
    count = sum(others.values())
    told = "1 file is no image" if count == 1 else f"{count:,} files are no images"
    heif = '; pip install "facespace[heif]" reads HEIC' if others.keys() & set(HEIF) else ""
    return f"{told} that can be read: {shorten([suffix or 'without suffix' for suffix in others], 20)}{heif}"


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    # Linked folders are followed, as datasets are often put together from links; `seen` ends a circle of them.
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        stat = os.stat(place)
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield place, [name for name in files if not name.startswith(".")]


def name_images(paths: Iterable[str | Path]) -> list[ImageFile]:
    """A given list of image paths with ids: the path as given without its extension, in the given order."""
    return _without_repeats(
        [ImageFile(Path(p).with_suffix("").as_posix(), Path(p)) for p in one_or_more(paths)], ordered=True
    )


def _without_repeats(images: list[ImageFile], ordered: bool = False) -> list[ImageFile]:
    by_id: dict[str, list[str]] = {}
    images = [ImageFile(unicodedata.normalize("NFC", image.id), image.path) for image in images]  # as all ids are
    for image in images:
        by_id.setdefault(image.id, []).append(image.path.name)
    clashes = [f"{name!r} ({', '.join(sorted(names))})" for name, names in sorted(by_id.items()) if len(names) > 1]
    if clashes:
        raise InputError(
            f"ids that several images share: {shorten(clashes, 20)}",
            "The id is the path without the extension, in one Unicode form: rename one of each, or "
            "move those of one kind to a folder of their own. From Python, embed({id: path}) takes ids of your choice.",
        )
    return images if ordered else sorted(images)
