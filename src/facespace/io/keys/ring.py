"""The keys that are in use: one writes, all read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from ...errors import KeyFileError, NoKeyError, WrongKeyError, shorten
from .cipher import check_cipher
from .key import Key
from .key_files import read_keys


@dataclass(frozen=True)
class KeyRing:
    """Keys by their ids; the first writes.

    Attributes:
        keys: the keys. maps: whether maps and other artefacts are encrypted too.
    """

    keys: tuple[Key, ...]
    maps: bool = False

    def __post_init__(self) -> None:
        if not self.keys:
            raise KeyFileError("there is no key", "Make one: facespace key new FILE.")

    @property
    def writes(self) -> Key:
        """The key that is written under."""
        return self.keys[0]

    def recover(self, path: Path, id: str, told: str) -> bytes:
        """The data key of the file `path`, which was encrypted under the key `id`. Raises NoKeyError, WrongKeyError."""
        own = [key for key in self.keys if key.id == id]
        if not own:
            names = shorten([repr(key.id) for key in self.keys])
            raise WrongKeyError(
                f"{path} is encrypted under the key {id!r}; given: {names}",
                "Give that key too, or --key-file FOLDER of all.",
            )
        for key in own:
            try:
                return key.recover(told)
            except WrongKeyError as error:
                refused = error
            except NoKeyError as error:
                raise NoKeyError(f"{path}: {error.message}", error.hint) from error
        raise WrongKeyError(f"{path}: {refused.message}", "Give the key file that it was written with.")


AnyKey = Union[Key, KeyRing, str, Path, Sequence[Union[Key, str, Path]]]  # noqa: UP007  # what `key=` takes
_in_use: list[KeyRing] = []


def keys_of(key: AnyKey | None) -> KeyRing | None:
    """The ring of what somebody gave as `key`: keys, key files, folders of them; None: what `use_keys` says."""
    if key is None:
        return _in_use[-1] if _in_use else None
    if isinstance(key, KeyRing):
        return key
    many = list(key) if isinstance(key, Sequence) and not isinstance(key, str) else [key]
    found: list[Key] = []
    for one in many:
        found += read_keys([one]) if isinstance(one, (str, Path)) else [one]
    return KeyRing(tuple(found))


@contextmanager
def use_keys(key: AnyKey | None, *, maps: bool = False) -> Iterator[KeyRing | None]:
    """Within this block whatever reads or writes a set has these keys, unless it is given others; in all threads.

    `maps` says that maps, statistics and other artefacts are encrypted too (extra crypto); they are read in any case.

    >>> with use_keys(None) as ring:
    ...     ring is None
    True
    """
    ring = None if key is None else keys_of(key)
    if ring is None:
        yield None
        return
    ring = KeyRing(ring.keys, maps or ring.maps)
    if ring.maps:
        check_cipher()
    _in_use.append(ring)
    try:
        yield ring
    finally:
        _in_use.remove(ring)
