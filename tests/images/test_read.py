import struct
import sys
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg

from facespace.errors import FileFormatError, MissingExtraError
from facespace.images import decode_image, read_image


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    y, x = np.mgrid[:40, :60]
    return np.stack([x * 4, y * 6, x + y], -1).astype(np.uint8)


def encoded(picture: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, picture[..., ::-1])[1].tobytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm"])
def test_lossless_images_come_back_exactly_as_rgb(picture, suffix):
    np.testing.assert_array_equal(decode_image(encoded(picture, suffix)), picture)


def test_jpeg_comes_back_nearly(picture):
    decoded = decode_image(encoded(picture, ".jpg"))
    assert np.abs(decoded.astype(int) - picture).mean() < 3


def test_grey_images_get_three_channels(picture):
    grey = cv2.imencode(".png", picture[..., 0])[1].tobytes()
    decoded = decode_image(grey)
    assert decoded.shape == picture.shape
    assert (decoded[..., 0] == decoded[..., 2]).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".gif", ".jp2", ".avif", ".bmp", ".ppm"])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.99])
def test_truncated_images_are_told_at_any_length(picture, suffix, part):
    data = encoded(picture, suffix)
    with pytest.raises(FileFormatError, match=r"truncated|decoded"):
        decode_image(data[: int(len(data) * part)], "face")


def test_a_thumbnails_end_does_not_hide_a_truncated_jpeg(picture):
    small, whole = encoded(picture[::4, ::4], ".jpg"), encoded(picture, ".jpg")
    exif = b"Exif\0\0" + small
    with_thumbnail = whole[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + whole[2:]
    decode_image(with_thumbnail)
    with pytest.raises(FileFormatError, match="truncated"):
        decode_image(with_thumbnail[:-40])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(10))
def test_exif_orientation_is_applied_as_opencv_does(picture, orientation, order):
    tiff = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    data = encoded(picture, ".jpg")
    turned = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    expected = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decode_image(turned), expected)
    if orientation == 6:
        np.testing.assert_array_equal(decode_image(turned), np.rot90(decode_image(data), -1))


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"not an image", "can't be decoded")])
def test_what_is_no_image_is_named(tmp_path, content, message):
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"face\.jpg {message}"):
        read_image(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nobody\.jpg"):
        read_image(tmp_path / "nobody.jpg")


def noisy(height=160, width=120):
    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (9, 9), 3)


def jpeg(kind):
    flags = {"progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], "restarts": [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]}
    if kind == "cmyk":
        return simplejpeg.encode_jpeg(np.dstack([noisy(), noisy()[..., :1]]), colorspace="CMYK")
    grey = noisy()[..., 0] if kind == "grey" else noisy()
    return cv2.imencode(".jpg", grey, flags.get(kind, []))[1].tobytes()


KINDS = ("plain", "grey", "progressive", "restarts", "cmyk")


@pytest.mark.parametrize("kind", KINDS)
def test_jpegs_decode_as_with_opencv(kind):
    expected = cv2.imdecode(np.frombuffer(jpeg(kind), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decode_image(jpeg(kind)), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_that_a_decoder_papers_over_is_told(kind):
    data = jpeg(kind)
    for part in (0.4, 0.5, 0.6):
        middle = int(len(data) * part)
        for damaged in (data[:middle] + b"\0" * 400 + data[middle + 400 :], data[:middle] + b"\xff\xd9"):
            with pytest.raises(FileFormatError, match="damaged JPEG data") as caught:
                decode_image(damaged)
            assert "keep_damaged" in caught.value.hint
            assert decode_image(damaged, keep_damaged=True).shape == (160, 120, 3)
        if kind != "cmyk":
            assert decode_image(data[:middle], keep_damaged=True).shape == (160, 120, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_behind_the_picture_is_none_of_it(kind):
    """Motion photos: a video behind the JPEG; and a JPEG that was cut before is refused with a video behind it too."""
    data, rng = jpeg(kind), np.random.default_rng(0)
    for _ in range(5):
        video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + rng.bytes(300_000)
        np.testing.assert_array_equal(decode_image(data + video), decode_image(data))
        with pytest.raises(FileFormatError, match=r"JPEG data|truncated"):
            decode_image(data[: len(data) // 2] + video)


def test_a_scan_header_of_zeros_as_some_phones_write_it_is_no_damage():
    data = jpeg("plain")
    at = data.rindex(b"\xff\xda")
    odd = data[: at + 11] + b"\0\0\0" + data[at + 14 :]
    np.testing.assert_array_equal(decode_image(odd), decode_image(data))
    with pytest.raises(FileFormatError, match="damaged JPEG data"):
        decode_image(odd[: len(odd) // 2] + b"\xff\xd9")


def test_a_pngs_chunks_are_checked_up_to_its_end_and_not_behind_it(picture):
    data = cv2.imencode(".png", noisy())[1].tobytes()
    np.testing.assert_array_equal(decode_image(data + b"behind" * 100), decode_image(data))
    for at in (40, len(data) // 2, len(data) - 20):
        damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(FileFormatError, match=r"PNG|truncated"):
            decode_image(damaged)
    with pytest.raises(FileFormatError, match="truncated"):
        decode_image(data[:-12] + b"behind")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif", ".ppm", ".gif", ".avif", ".jp2"])
def test_the_header_tells_the_size_before_anything_is_decoded(suffix):
    try:
        data = encoded(noisy(), suffix)
    except (cv2.error, AttributeError):
        pytest.skip(f"this OpenCV writes no {suffix}")
    assert decode_image(data, max_pixels=160 * 120).shape == (160, 120, 3)
    with pytest.raises(FileFormatError, match="120 × 160 pixels, more than the limit of 19,199") as caught:
        decode_image(data, max_pixels=160 * 120 - 1)
    assert "--max-pixels" in caught.value.hint


def test_lossy_webp_tells_its_size():
    data = cv2.imencode(".webp", noisy(), [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()
    with pytest.raises(FileFormatError, match="120 × 160 pixels"):
        decode_image(data, max_pixels=100)


def test_a_small_file_of_very_many_pixels_is_refused_at_once():
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (3751 * 30_000), 9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    start = time.perf_counter()
    with pytest.raises(FileFormatError, match="30,000 × 30,000 pixels"):
        decode_image(data)
    assert time.perf_counter() - start < 1


HEIC = Path(__file__).with_name("ramp.heic")


def test_heic_is_read_and_its_damage_told():
    pytest.importorskip("pi_heif", reason="the extra heif is not installed")
    y, x = np.mgrid[:48, :64]
    made = np.stack([x * 4, y * 5, 255 - x * 3], -1)
    data = HEIC.read_bytes()
    assert np.abs(decode_image(data).astype(int) - made).mean() < 3
    for size in range(1, len(data), 7):
        with pytest.raises(FileFormatError, match="can't be decoded as an image"):
            decode_image(data[:size])
    with pytest.raises(FileFormatError, match="more than the limit of 100"):
        decode_image(data, max_pixels=100)


def test_heic_without_its_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(MissingExtraError, match="reading HEIC needs pi-heif"):
        read_image(HEIC)


def test_headers_made_to_take_long_or_to_fill_the_memory_are_refused_at_once():
    start = time.perf_counter()
    with pytest.raises(FileFormatError):
        decode_image(b"P6" + b"\n" * 200 + b"*")  # gaps can be cut in 2^199 ways
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    with pytest.raises(FileFormatError, match="can't hold a picture of its size"):
        decode_image(png)
    with pytest.raises(FileFormatError):
        decode_image(png[:8] + png[-12:])  # an end and nothing before it
    assert time.perf_counter() - start < 5
