"""Decoding image files to RGB arrays, with damaged files told apart from good ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError

Image = NDArray[np.uint8]  # (height, width, 3), RGB
Crops = NDArray[np.uint8]  # (n, height, width, 3), RGB


def read_image(path: str | Path) -> Image:
    """The image as (height, width, 3) uint8 RGB, turned upright by its EXIF orientation.

    Landmarks of such an image are therefore coordinates in the upright picture. Grey images become three equal channels,
    transparency is dropped.

    Raises FileFormatError when the file is missing, not an image, or a truncated JPEG or PNG. (Image decoders fill the
    missing part of a truncated file with grey and say nothing; a face half grey would become a wrong embedding.)
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"can't read {path}: {error.strerror or error}", "Check the path and permissions.") from None
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str = "image") -> Image:
    """As `read_image`, from the bytes of the file; `name` is used in messages."""
    if not data:
        raise FileFormatError(f"{name} is empty", "Copy it again.")
    if _truncated(data):
        raise FileFormatError(f"{name} is truncated ({len(data):,} bytes, no end marker)", "Copy it again.")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise FileFormatError(f"{name} can't be decoded as an image", "Is it damaged, or not an image?")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _truncated(data: bytes) -> bool:
    if data.startswith(b"\xff\xd8"):
        # Compressed data never holds a marker, so an end marker after the last start of a scan belongs to that scan;
        # the end marker of a thumbnail in the EXIF header comes before it.
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]
