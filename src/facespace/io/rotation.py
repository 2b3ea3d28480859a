"""Other keys and names for files that lie there: file by file, each at any moment whole under the old or the new key.

There is no journal: a file tells in plain text which key it is under, so what is done is seen, and a killed run is gone on
with by the same command.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, MovedFileError, TamperedFileError, WrongKeyError
from .artefact import SUFFIX, reseal_artefact, sealed_identity_of
from .files import atomic_write
from .journal import MANIFEST, checksum_line
from .keys import AnyKey, Identity, KeyRing, Seal, keys_of
from .parquet import HIDDEN, identity_of, reseal
from .text import one_or_more

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rotation:
    """What became of files under `key`: `done` anew, `before` already so, `encrypted` those of `done` that were plain."""

    key: str
    done: tuple[str, ...]
    before: tuple[str, ...]
    encrypted: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return {"key": self.key, "done": self.done, "before": self.before, "encrypted": self.encrypted}


def files_of(place: str | Path) -> list[Path]:
    """The Parquet files and artefacts of a set or gallery with all that lies beside it; FileFormatError if none."""
    return [path for path, _, _ in _files(place)]


def _files(place: str | Path) -> list[tuple[Path, str, Path]]:
    """These files, the name that each is bound to, and what it is one set with: the place, or a gallery's place in it."""
    place = Path(place)
    found: list[tuple[Path, str, Path]] = []
    if place.is_dir():
        for path in sorted(path for kind in (".parquet", SUFFIX) for path in place.rglob(f"*{kind}")):
            if path.name.startswith(".") and "~" in path.name:  # a killed run's, or one that is being written
                continue
            inside = path.relative_to(place).parts
            hidden = 2 if inside[0] == HIDDEN and len(inside) > 2 else 0
            found.append((path, "/".join(inside[hidden:]), place.joinpath(*inside[:hidden])))
    elif place.exists() and place.suffix in (".parquet", SUFFIX):
        found.append((place, place.name, place))
        if place.suffix == ".parquet":
            beside = [place.with_name(f".{place.stem}.{name}.parquet") for name in ("next", "old")]
            found += [(path, place.name, path) for path in beside if path.exists() and not path.samefile(place)]
            parts = place.with_name(f".{place.stem}.next")
            found += [(path, path.relative_to(parts).as_posix(), parts) for path in sorted(parts.rglob("*.parquet"))]
    if not found:
        reason = "no such file or folder" if not place.exists() else "neither Parquet nor a map"
        raise FileFormatError(f"{place}: {reason}", "Sets in .parquet, folders of these, and .safetensors are encrypted.")
    return found


def show_keys(places: Sequence[str | Path]) -> dict[str, Any]:
    """Which files are encrypted, and under which keys: told without any key, and not authenticated before it is read."""
    rows = []
    for place in one_or_more(places):
        for path in files_of(place):
            told = _identity(path)
            rows.append({"file": str(path), "encrypted": told is not None,
                         **({} if told is None else {"key": told.key, "set": told.set, "name": told.name})})  # fmt: skip
    keys = Counter(str(row["key"]) for row in rows if row["encrypted"])
    return {"files": rows, "keys": dict(keys), "plain": sum(not row["encrypted"] for row in rows)}


def rotate_keys(
    places: Sequence[str | Path], to: AnyKey, key: AnyKey | None = None, progress: Progress | None = None
) -> Rotation:
    """Bring sets, galleries and artefacts under the key `to`; `key` opens them as they are. Plain ones are encrypted.

    Each of `places` is one set. Every file is written beside itself, read back, compared, and renamed. Raises
    EncryptionError at the first that can't be read; what was done before stays done, and the same call goes on.
    """
    new = keys_of(to)
    assert new is not None
    old = keys_of(key)
    ring = KeyRing((*new.keys, *(old.keys if old else ())))
    done: list[str] = []
    before: list[str] = []
    plain: list[str] = []
    todo = [(path, name, home) for place in one_or_more(places) for path, name, home in _files(place)]
    found = {path: _identity(path) for path, _, _ in todo}
    sets: dict[Path, Seal] = {}  # one set stays one, also where a killed run has encrypted a part of it
    for path, _, home in todo:
        told = found[path]
        if told is not None:
            sets.setdefault(home, Seal(new.writes, told.set))
    for number, (path, name, home) in enumerate(todo):
        told = found[path]
        if told is not None and not _found_as(told, path, name):
            told.check_name(path)
        if told is not None and _is_under(told, new):
            before.append(str(path))
        else:
            seal = replace(sets.setdefault(home, Seal.new(new.writes)), name=name)
            _reseal(path, ring, seal if told is None else Seal(new.writes, told.set, told.name))
            done.append(str(path))
            plain += [str(path)] * (told is None)
        if progress is not None:
            progress(number + 1, len(todo))
    _tell_manifests(places)
    return Rotation(new.writes.id, tuple(done), tuple(before), tuple(plain))


def adopt(places: Sequence[str | Path], key: AnyKey | None = None) -> Rotation:
    """Bind files that were renamed or put together on purpose to the names they have now, and those of a folder to one set.

    A file stays under its key. Raises EncryptionError.
    """
    ring = keys_of(key)
    done: list[str] = []
    before: list[str] = []
    for place in one_or_more(places):
        sets: dict[Path, str] = {}
        for path, name, home in _files(place):
            told = _identity(path)
            if told is None:
                raise TamperedFileError(f"{path} is not encrypted", "facespace key rotate encrypts it, if that is wanted.")
            one = sets.setdefault(home, told.set)
            if told.set == one and _found_as(told, path, name):
                before.append(str(path))
                continue
            own = [key for key in ring.keys if key.id == told.key] if ring else []
            if ring is None or not own:
                raise WrongKeyError(
                    f"{path} is encrypted under the key {told.key!r}, which is not given", "--key-file FILE."
                )
            _reseal(path, ring, Seal(own[0], one, name))
            done.append(str(path))
    _tell_manifests(places)
    return Rotation("", tuple(done), tuple(before), ())


def _found_as(told: Identity, path: Path, name: str) -> bool:
    """Whether a file is where it was written: by its own path, or by the name it has in its set."""
    for called in ("", name):
        with suppress(MovedFileError):
            told.check_name(path, called)
            return True
    return False


def _identity(path: Path) -> Identity | None:
    return sealed_identity_of(path) if path.suffix == SUFFIX else identity_of(path)


def _is_under(told: Identity, new: KeyRing) -> bool:
    """Whether a file is under the key that writes already; one of its name that is another key doesn't count."""
    if told.key != new.writes.id:
        return False
    try:
        new.writes.recover(told.data_key)
    except WrongKeyError:
        return False
    return True


def _reseal(path: Path, ring: KeyRing, seal: Seal) -> None:
    (reseal_artefact if path.suffix == SUFFIX else reseal)(path, ring, seal)


def _tell_manifests(places: Sequence[str | Path]) -> None:
    for folder in {Path(place) for place in one_or_more(places)}:
        if (folder / MANIFEST).exists():
            _tell_manifest(folder, folder / MANIFEST)


def _tell_manifest(folder: Path, path: Path) -> None:
    """The journal of a finished folder has the checksums of its files, which are others now."""
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    told = [{**line, **checksum_line(folder / line["file"])} if line.get("file") else line for line in lines]
    if told != lines:
        with atomic_write(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in told), encoding="utf-8")
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
