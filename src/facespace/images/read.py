"""Decoding image files to RGB arrays, with damaged files told apart from good ones."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..errors import FileFormatError, missing_extra
from ._headers import JpegHeader, is_heif, jpeg_header, picture_size, png_fault

Image = NDArray[np.uint8]  # (height, width, 3), RGB
Crops = NDArray[np.uint8]  # (n, height, width, 3), RGB


LARGEST = 1 << 30  # bytes of a file that is still taken for an image
MAX_PIXELS = 200_000_000  # as many as the largest sensor of a phone has
_AGAIN = "Copy it again; --keep-damaged (keep_damaged=True) takes what can be decoded of it."
_ODD_SCAN = "Invalid SOS parameters"  # harmless: some phones write zeros there


def read_image(path: str | Path, *, max_pixels: int = MAX_PIXELS, keep_damaged: bool = False) -> Image:
    """The image as (height, width, 3) uint8 RGB, turned upright by its EXIF orientation.

    Landmarks of such an image are therefore coordinates in the upright picture. Grey images become three equal channels,
    transparency is dropped; bytes behind the end of the picture, such as a phone's video, are none of it.

    Raises FileFormatError when the file is missing, no image, larger than `max_pixels` by its header, truncated, or a JPEG
    or PNG that is damaged. (Image decoders fill the missing part with grey or noise and say nothing; a face half grey
    would become a wrong embedding. The other kinds have no checksums, and damage amid them mostly can't be told.) With
    `keep_damaged` what can be decoded of a JPEG or PNG is taken.
    """
    return decode_image(file_bytes(Path(path)), str(path), max_pixels=max_pixels, keep_damaged=keep_damaged)


def file_bytes(path: Path) -> bytes:
    """What is in the file of an image. Raises FileFormatError."""
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise FileFormatError(f"{path} has {size:,} bytes, more than any image")
            return file.read()
    except OSError as error:
        raise FileFormatError(f"can't read {path}: {error.strerror or error}", "Check the path and permissions.") from None


def decode_image(data: bytes, name: str = "image", *, max_pixels: int = MAX_PIXELS, keep_damaged: bool = False) -> Image:
    """As `read_image`, from the bytes of the file; `name` is used in messages."""
    if not data:
        raise FileFormatError(f"{name} is empty", "Copy it again.")
    header = jpeg_header(data) if data.startswith(b"\xff\xd8") else None
    width, height = (header.width, header.height) if header else picture_size(data) or (0, 0)
    if width * height > max_pixels:
        raise FileFormatError(
            f"{name} has {width:,} × {height:,} pixels, more than the limit of {max_pixels:,}",
            "Shrink it, or raise the limit with --max-pixels (max_pixels=).",
        )
    picture: Image | None = None
    if header:
        picture = _jpeg(data, header, name, keep_damaged)
    elif data.startswith(b"\x89PNG") and not keep_damaged and (fault := png_fault(data)):
        raise FileFormatError(f"{name} {fault}", _AGAIN)
    elif width and is_heif(data):
        picture = _heif(data)
    if picture is None and width:
        with suppress(cv2.error):
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            picture = None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    if picture is None:
        raise FileFormatError(f"{name} can't be decoded as an image", "Is it damaged, or not an image?")
    return picture


def _jpeg(data: bytes, header: JpegHeader, name: str, keep_damaged: bool) -> Image | None:
    # Of libjpeg's warnings OpenCV tells nothing; simplejpeg raises them. None: left to OpenCV (CMYK, rare subsampling).
    # Compressed data never holds a marker, so an end marker after the start of a scan belongs to the picture and not to
    # a thumbnail in its header.
    if not keep_damaged and (header.scan < 0 or data.find(b"\xff\xd9", header.scan) < 0):
        raise FileFormatError(f"{name} is truncated ({len(data):,} bytes, no end marker)", _AGAIN)
    try:
        cmyk = header.channels == 4
        picture = simplejpeg.decode_jpeg(data, "CMYK" if cmyk else "RGB", strict=not keep_damaged)
    except ValueError as error:
        if _ODD_SCAN in str(error):
            end = header.scan + 2 + int.from_bytes(data[header.scan + 2 : header.scan + 4], "big")
            return _jpeg(data[: end - 3] + b"\0\x3f\0" + data[end:], header, name, keep_damaged)
        if keep_damaged or "subsampling" in str(error):
            return None
        raise FileFormatError(f"{name} holds damaged JPEG data ({error})", _AGAIN) from None
    return None if cmyk else _upright(picture, header.orientation)


def _heif(data: bytes) -> Image | None:
    try:
        import pi_heif
    except ImportError:
        raise missing_extra("pi-heif", "heif", "reading HEIC") from None
    try:
        pixels = np.asarray(pi_heif.read_heif(data))
    except Exception:  # libheif's own, of any kind
        return None
    return np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))


def _upright(picture: Image, orientation: int) -> Image:
    if 5 <= orientation <= 8:
        picture = picture.transpose(1, 0, 2)
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return np.ascontiguousarray(picture[:: -1 if down else 1, :: -1 if across else 1])
