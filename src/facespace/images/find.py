"""Which images lie in a folder, and what their ids are."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, shorten

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


class ImageFile(NamedTuple):
    """An image and its id: the path under the folder without the extension, with forward slashes, in Unicode form NFC."""

    id: str
    path: Path


def find_images(folder: str | Path) -> list[ImageFile]:
    """All images under `folder`, sorted by id; hidden files and folders are left out.

    Raises InputError when the folder is missing or holds no image, or when two files have the same id (a.jpg, a.png).
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"the folder of images {folder} {what}", "Check the path.")
    found: list[ImageFile] = []
    others = 0
    for place, names in _walk(folder):
        inside = Path(os.path.relpath(place, folder)).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in SUFFIXES:
                found.append(ImageFile(prefix + stem, Path(place, name)))
            else:
                others += 1
    if not found:
        besides = f" ({others:,} other files)" if others else ""
        raise InputError(f"no images in {folder}{besides}", f"Looked for {shorten(SUFFIXES, 20)}, also in its sub-folders.")
    return _without_repeats(found)


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
    return _without_repeats([ImageFile(Path(p).with_suffix("").as_posix(), Path(p)) for p in paths], ordered=True)


def _without_repeats(images: list[ImageFile], ordered: bool = False) -> list[ImageFile]:
    by_id: dict[str, Path] = {}
    images = [ImageFile(unicodedata.normalize("NFC", image.id), image.path) for image in images]  # as all ids are
    for image in images:
        if image.id in by_id:
            same = str(image.path) != str(by_id[image.id]) and image.path.suffix == by_id[image.id].suffix
            forms = " (the same letters in two Unicode forms)" if same else ""
            raise InputError(
                f"two images have the id {image.id!r}: {by_id[image.id]} and {image.path}{forms}",
                "The id is the path without the extension; rename or remove one of them.",
            )
        by_id[image.id] = image.path
    return images if ordered else sorted(images)
