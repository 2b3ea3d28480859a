"""What an image file says of itself before it is decoded: how many pixels, which way up, and whether it is whole."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)")  # \s+ in there would try all ways to cut a gap
_DEFLATE = 1032  # bytes that a byte of it unpacks to, at most
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # markers between those of frames that are none


class JpegHeader(NamedTuple):
    """Size, colours and EXIF orientation (1: upright); `scan` is where the first scan begins, -1 if there is none."""

    height: int
    width: int
    channels: int
    orientation: int
    scan: int


def jpeg_header(data: bytes) -> JpegHeader:
    """The header of a JPEG, by walking its markers up to the first scan; a size of 0 when there is no frame."""
    frame, orientation, at = b"", 1, 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0x00, 0xFF):  # what stands between segments is passed over, as libjpeg does
            at += 1
            continue
        end = at + 2 + _big(data, at + 2, 2)
        inside = data[at + 4 : end]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME and not frame:
            frame = inside
        elif marker == 0xE1 and inside.startswith(b"Exif\0\0"):
            orientation = _tiff_tag(inside[6:], 0x112) or orientation
        elif marker == 0xDA:
            return JpegHeader(_big(frame, 1, 2), _big(frame, 3, 2), _big(frame, 5, 1), orientation, at)
        at = max(end, at + 2)
    return JpegHeader(_big(frame, 1, 2), _big(frame, 3, 2), _big(frame, 5, 1), orientation, -1)


def png_fault(data: bytes) -> str:
    """What is wrong with the chunks of a PNG: their end or a checksum; "" when nothing is."""
    at, view, packed = 8, memoryview(data), 0
    while (end := at + 12 + _big(data, at, 4)) <= len(data):
        kind = data[at + 4 : at + 8]
        if kind[:1].isupper() and zlib.crc32(view[at + 4 : end - 4]) != _big(data, end - 4, 4):
            return f"holds damaged PNG data (checksum of {kind.decode('latin-1')})"
        packed += end - at - 12 if kind == b"IDAT" else 0
        if kind == b"IEND":  # whatever stands behind it
            least = _big(data, 16, 4) * _big(data, 20, 4) * _big(data, 24, 1) // 8  # width, height, bits
            return "" if least <= _DEFLATE * packed else f"is damaged: {packed:,} bytes can't hold a picture of its size"
        at = end
    return f"is truncated ({len(data):,} bytes, no end marker)"


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the header declares them; None when it is no image of a kind that is read."""
    if data.startswith(b"\xff\xd8"):
        header = jpeg_header(data)
        return header.width, header.height
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _big(data, 16, 4), _big(data, 20, 4)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _little(data, 6, 2), _little(data, 8, 2)
    if data.startswith(b"BM"):
        if _little(data, 14, 4) == 12:
            return _little(data, 18, 2), _little(data, 20, 2)
        height = _little(data, 22, 4)
        return _little(data, 18, 4), min(height, 2**32 - height)  # negative: from top to bottom
    if data.startswith((b"II", b"MM")) and 42 in data[2:4]:
        return _tiff_tag(data, 256), _tiff_tag(data, 257)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_size(data)
    if (is_heif(data) or (data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"))) and b"ispe" in data:
        extents = [match.end() + 4 for match in re.finditer(b"ispe", data)]
        return max((_big(data, at, 4), _big(data, at + 4, 4)) for at in extents)
    if data.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")) and b"\xff\x4f\xff\x51" in data:
        at = data.index(b"\xff\x4f\xff\x51")
        return _big(data, at + 8, 4), _big(data, at + 12, 4)
    match = _PNM.match(data)
    return (int(match[1][:12]), int(match[2][:12])) if match else None


def is_heif(data: bytes) -> bool:
    """Whether these bytes begin as a HEIC of a phone does."""
    return data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    if kind == b"VP8L":
        bits = _little(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF


def _tiff_tag(data: bytes, tag: int) -> int:
    """A number in the first directory of a TIFF file (EXIF is one); 0 when it isn't there."""
    number = _little if data.startswith(b"II") else _big
    first = number(data, 4, 4)
    for at in range(first + 2, min(first + 2 + 12 * number(data, first, 2), len(data)), 12):
        if number(data, at, 2) == tag:
            return number(data, at + 8, 4 if number(data, at + 2, 2) == 4 else 2)
    return 0


def _big(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")
