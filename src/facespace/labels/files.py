"""What lies behind ids where the images are at hand: whether files are equal, and thumbnails."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Strings
from ..errors import FileFormatError, InputError, shorten
from ..images import ImageSource, Picture, decode_image, open_images
from ..io import one_or_more

SIDE = 112  # pixels of a thumbnail's longer side; about 4 KB as JPEG, so 160 of them are below a megabyte


def file_digests(ids: Strings, images: ImageSource) -> list[str]:
    """The digest of each id's file, "" where there is none, or can't be read."""
    found: dict[str, str] = {}
    for picture in _pictures(set(ids.tolist()), images):
        try:
            found[picture.id] = blake2b(picture.read_bytes(), digest_size=16).hexdigest()
        except FileFormatError:
            continue
    return [found.get(one, "") for one in ids.tolist()]


def thumbnails(ids: Collection[str], images: ImageSource, side: int = SIDE) -> dict[str, NDArray[np.uint8]]:
    """Small pictures (h, w, 3) RGB, at most `side` high and wide, of the ids that the images have."""
    import cv2

    found: dict[str, NDArray[np.uint8]] = {}
    for picture in _pictures(set(one_or_more(ids)), images):
        try:
            whole = decode_image(picture.read_bytes(), str(picture.path))
        except FileFormatError:
            continue
        scale = min(side / max(whole.shape[:2]), 1.0)
        size = max(round(whole.shape[1] * scale), 1), max(round(whole.shape[0] * scale), 1)
        found[picture.id] = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return found


def _pictures(ids: set[str], images: ImageSource) -> Iterator[Picture]:
    """The pictures of these ids. Raises InputError where there is none of them."""
    source = open_images(images)
    wanted = [at for at, one in enumerate(source.ids) if one in ids]
    if ids and not wanted:
        raise InputError(
            f"{source.place} has no image of these ids: {shorten(sorted(ids))} against {shorten(list(source.ids), 2)}",
            "Give the folder that the set was embedded from.",
        )
    return (picture for at in wanted for picture in source.pictures(at, at + 1))
