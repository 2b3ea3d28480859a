"""insightface's .bin verification sets: a pickle of (list of encoded images, list of bool), two images a pair.

A pickle can run any program when it is read, so these files, which are passed around on the web, are read with an
unpickler that knows only what the format needs: bytes, lists, bools, and the arrays of uint8 (images) and of numbers (same)
that some sets hold instead. Nothing of numpy is called either; arrays are taken apart here. Everything else is refused.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, InputError
from ..io import atomic_write, existing_file
from .protocol import PairProtocol, contiguous_folds

_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"BM": ".bmp"}


@dataclass(frozen=True, eq=False, repr=False)
class InsightfaceBin:
    """The contents of a .bin file.

    Attributes:
        images: 2 n encoded images (nearly always JPEG); pair k compares images 2 k and 2 k + 1.
        same: (n,) bool.
    """

    images: list[bytes]
    same: NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"InsightfaceBin({len(self.images):,} images, {len(self.same):,} pairs)"

    @property
    def ids(self) -> list[str]:
        """The six-digit number of each image, `000000` first."""
        return [f"{number:06d}" for number in range(len(self.images))]

    def protocol(self, name: str) -> PairProtocol:
        """The pairs, in ten folds of neighbours as insightface's verification.py makes them (none below ten pairs)."""
        ids = np.array(self.ids)
        return PairProtocol(name, ids[::2], ids[1::2], self.same, contiguous_folds(len(self.same)))


def read_bin(path: str | Path) -> InsightfaceBin:
    """Read a .bin file without running anything in it; pickles of Python 2 too.

    Raises FileFormatError when the file is truncated, holds anything but images and bools (its name is given), or has
    not two images a pair.
    """
    path = existing_file(path, "an insightface .bin")
    data = path.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own, on odd backslashes in a text
            _check_memo(data)
            content = _SafeUnpickler(io.BytesIO(data), encoding="bytes", room=len(data)).load()
    except _RefusedError as error:
        raise FileFormatError(
            f"{path} is refused: {error}", "An insightface .bin needs images and bools only; this file may be an attack."
        ) from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise FileFormatError(
            f"{path} can't be read as an insightface .bin: {error or type(error).__name__}",
            "Is it truncated? Copy it again.",
        ) from None
    if not isinstance(content, tuple | list) or len(content) != 2:
        raise FileFormatError(f"{path} holds {type(content).__name__}, not (images, same)")
    images = [_image(value, number, path) for number, value in enumerate(_items(content[0], "images", path))]
    same = [_truth(value, number, path) for number, value in enumerate(_items(content[1], "same", path))]
    if len(images) != 2 * len(same) or not same:
        raise FileFormatError(f"{path} has {len(images):,} images for {len(same):,} pairs", "Two images a pair are needed.")
    return InsightfaceBin(images, np.array(same, dtype=np.bool_))


def write_bin(path: str | Path, images: Sequence[bytes], same: Sequence[bool] | NDArray[np.bool_]) -> Path:
    """Write encoded images (2 n) and bools (n) as insightface's verification.py reads them. Raises InputError."""
    if len(images) != 2 * len(same) or len(same) == 0:
        raise InputError(
            f"{len(images):,} images for {len(same):,} pairs", "Give two images a pair, first, second, first, …"
        )
    for number, image in enumerate(images):
        if not isinstance(image, bytes) or not image:
            raise InputError(f"image {number} is not the bytes of an encoded image", "Give the content of the JPEG file.")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        pickle.dump((list(images), [bool(s) for s in same]), file, protocol=4)
    return Path(path)


def extract_bin(path: str | Path, folder: str | Path) -> PairProtocol:
    """Write the images of a .bin to `folder` as 000000.jpg, 000001.jpg, … for `facespace embed`; gives the protocol.

    The images are written as they are, not decoded. Raises FileFormatError for one that is not JPEG, PNG or BMP.
    """
    content = read_bin(path)
    suffixes = []
    for number, image in enumerate(content.images):
        suffix = next((s for magic, s in _SUFFIXES.items() if image.startswith(magic)), None)
        if suffix is None:
            raise FileFormatError(f"{path}: image {number} is not JPEG, PNG or BMP; it begins with {image[:8]!r}")
        suffixes.append(suffix)
    for name, suffix, image in zip(content.ids, suffixes, content.images, strict=True):
        with atomic_write(Path(folder) / f"{name}{suffix}") as temporary:
            temporary.write_bytes(image)
    return content.protocol(Path(path).stem)


class _RefusedError(Exception):
    pass


class _Array:
    """Stands in for numpy.ndarray: keeps the state a pickled array brings, interprets it only as numbers or bytes."""

    dtype: Any = None
    raw: Any = None

    def __setstate__(self, state: Any) -> None:
        _, _, self.dtype, _, self.raw = state

    @cached_property
    def numbers(self) -> NDArray[Any]:
        code = self.dtype.code if isinstance(self.dtype, _Dtype) else ""
        if code.startswith("O"):
            raise _RefusedError("it is an array of objects; save a list: list(images), list(same)")
        if code[:1] not in ("b", "i", "u", "f") or not code[1:].isdigit():
            raise _RefusedError(f"it is an array of {code or 'nothing known'}, not of numbers")
        # Python-3 pickles of old protocols carry the bytes as latin-1 text.
        raw = self.raw.encode("latin-1") if isinstance(self.raw, str) else self.raw
        return np.frombuffer(raw, np.dtype(self.dtype.order + code))

    @cached_property
    def image(self) -> bytes:
        if self.numbers.dtype != np.uint8:
            raise _RefusedError(f"it is an array of {self.numbers.dtype}, not of uint8")
        return self.numbers.tobytes()


class _Dtype:
    """Stands in for numpy.dtype."""

    order = "<"

    def __init__(self, code: str) -> None:
        self.code = {"?": "b1", "B": "u1"}.get(code.lstrip("|<>="), code.lstrip("|<>="))

    def __setstate__(self, state: Any) -> None:
        self.order = ">" if state[1] in (">", b">") else "<"


def _check_memo(data: bytes) -> None:
    """Refuse memo places far beyond what is stored: nine bytes could so make the unpickler take gigabytes."""
    for number, (code, place, _) in enumerate(pickletools.genops(data)):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and (place is None or not 0 <= place <= number + 256):
            raise _RefusedError(f"it stores its object {number:,} at place {place:,}")


class _SafeUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, *, encoding: str, room: int) -> None:
        super().__init__(file, encoding=encoding)
        self.room = room  # bytes that may yet be made of text: all text is in the file once

    def find_class(self, module: str, name: str) -> Any:
        # Functions are made anew for every file: BUILD may set attributes on what it is given, and must find nothing
        # that outlives this load. The type numpy.ndarray is only ever an argument, so a plain name will do for it.
        def reconstruct(*_: Any) -> _Array:
            return _Array()

        def dtype(code: str | bytes, *_: Any) -> _Dtype:
            return _Dtype(code.decode("ascii") if isinstance(code, bytes) else str(code))

        def scalar(kind: Any, raw: Any) -> _Array:
            array = _Array()
            array.dtype, array.raw = kind, raw
            return array

        def frombuffer(raw: Any, kind: Any, *_: Any) -> _Array:
            return scalar(kind, raw)

        def encode(text: str, encoding: str | bytes = "latin1") -> bytes:
            if encoding not in ("latin1", b"latin1"):
                raise _RefusedError(f"it encodes text as {encoding!r}")
            self.room -= len(text)
            if self.room < 0:
                raise _RefusedError("it makes more bytes than it holds")
            return text.encode("latin-1")

        def empty_bytes() -> bytes:
            return b""

        known: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("numpy", "ndarray"): "ndarray",
            ("numpy", "dtype"): dtype,
            ("_codecs", "encode"): encode,
            ("__builtin__", "bytes"): empty_bytes,
            ("builtins", "bytes"): empty_bytes,
        }
        for core in ("numpy.core", "numpy._core"):
            known[core + ".multiarray", "_reconstruct"] = reconstruct
            known[core + ".multiarray", "scalar"] = scalar
            known[core + ".numeric", "_frombuffer"] = frombuffer
        if (module, name) not in known:
            raise _RefusedError(f"it wants to call {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise _RefusedError("it refers to objects outside the file")


def _items(value: Any, what: str, path: Path) -> Sequence[Any]:
    if isinstance(value, _Array):  # one array instead of a list of bools
        numbers: list[Any] = _plain(lambda: value.numbers.tolist(), f"{path}: {what} can't be read")
        return numbers
    if not isinstance(value, list | tuple):
        raise FileFormatError(f"{path}: {what} is {type(value).__name__}, not a list")
    return value


def _image(value: Any, number: int, path: Path) -> bytes:
    image = (
        _plain(lambda: value.image, f"{path}: image {number} is no encoded image") if isinstance(value, _Array) else value
    )
    if not isinstance(image, bytes) or not image:
        raise FileFormatError(f"{path}: image {number} is {type(value).__name__}, not the bytes of an encoded image")
    return image


def _truth(value: Any, number: int, path: Path) -> bool:
    what = f"{path}: same of pair {number}"
    plain = _plain(lambda: value.numbers.item(), f"{what} is no bool") if isinstance(value, _Array) else value
    if not isinstance(plain, int | float) or plain not in (0, 1):
        raise FileFormatError(f"{what} is {plain!r}, not a bool")
    return bool(plain)


def _plain(read: Callable[[], Any], what: str) -> Any:
    """What an array holds; its state is the file's, so anything may be wrong with it."""
    try:
        return read()
    except (_RefusedError, TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(f"{what}: {error}") from None
