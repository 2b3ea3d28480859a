"""What an encrypted file says of itself in plain text, and is authenticated with all of its content: key, set, own name.

It is the AAD (additional authenticated data) of every module of the file, so that a piece of one file is nothing in another.
A file knows the name it was written under: its last part, or below a folder of folders the path in there. Whoever finds it
elsewhere has a file that was moved or swapped.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ...errors import MovedFileError, TamperedFileError
from .key import Key
from .ring import AnyKey, keys_of


@dataclass(frozen=True)
class Identity:
    """`key`: id of the key. `data_key`: what recovers the file's own. `set`: random name of the set. `name`: of the file."""

    key: str
    data_key: str
    set: str
    name: str

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        return json.dumps({"facespace": 1, **vars(self)}, sort_keys=True, ensure_ascii=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes, path: Path) -> Identity:
        """Raises TamperedFileError where this is nothing of ours."""
        try:
            told = json.loads(data)
            if told["facespace"] == 1 and all(isinstance(told[name], str) for name in cls.__annotations__):
                return cls(**{name: told[name] for name in cls.__annotations__})
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise TamperedFileError(
            f"{path} is encrypted, but says nothing of its key and name that facespace knows",
            "It was damaged, or encrypted by another program: decrypt it there.",
        )

    def check_name(self, path: Path, called: str = "") -> None:
        """Raise MovedFileError unless `path` (or what it is `called`) ends in the name it was written under."""
        own, found = PurePosixPath(self.name).parts, PurePosixPath(called or path.absolute().as_posix()).parts
        if not own or found[-len(own) :] != own:
            raise MovedFileError(
                f"{path} was written as {self.name}: it was moved, renamed, or swapped for another",
                f"If you renamed it on purpose: facespace key adopt {path}.",
            )


def check_one_set(found: Iterable[tuple[Path, Identity | None]]) -> None:
    """Raise MovedFileError where the parts are of several sets, TamperedFileError where some are not encrypted."""
    (first, one), *rest = found
    for path, other in rest:
        if (other is None) != (one is None):
            plain = path if other is None else first
            raise TamperedFileError(
                f"{plain} is not encrypted as the other files of its set", "Was it put there by somebody?"
            )
        if other is not None and one is not None and other.set != one.set:
            raise MovedFileError(
                f"{path} and {first} are of two sets: one of them was put into this folder",
                f"If you did that on purpose: facespace key adopt {path.parent}.",
            )


@dataclass(frozen=True)
class Seal:
    """How a file is encrypted: under `key`, as one of the set `set`, by the name `name` ("": the one it is written to)."""

    key: Key
    set: str
    name: str = ""

    @classmethod
    def new(cls, key: Key) -> Seal:
        """For a new set."""
        return cls(key, secrets.token_hex(16))

    def at(self, path: Path) -> Seal:
        """The same with a name, that of `path` where it has none."""
        return self if self.name else replace(self, name=path.name)

    def identity(self) -> tuple[bytes, Identity]:
        """A fresh data key, and what the file says of itself."""
        data_key, told = self.key.fresh()
        return data_key, Identity(self.key.id, told, self.set, self.name)


def key_of(seal: Seal | None) -> Key | None:
    """What opens that which is written so."""
    return None if seal is None else seal.key


def seal_of(key: AnyKey | Seal | None) -> Seal | None:
    """How a new set is written, if `key` or the keys in use say that it is encrypted."""
    if isinstance(key, Seal):
        return key
    ring = keys_of(key)
    return None if ring is None else Seal.new(ring.writes)
