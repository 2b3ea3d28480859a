import cv2
import numpy as np
import pytest

from facespace.errors import FileFormatError
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


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
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


def test_exif_orientation_is_applied(picture):
    tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6: turn right by 90°
    exif = b"Exif\0\0" + tiff
    data = encoded(picture, ".jpg")
    turned = decode_image(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    np.testing.assert_array_equal(turned, np.rot90(decode_image(data), -1))


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"not an image", "can't be decoded")])
def test_what_is_no_image_is_named(tmp_path, content, message):
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"face\.jpg {message}"):
        read_image(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nobody\.jpg"):
        read_image(tmp_path / "nobody.jpg")
