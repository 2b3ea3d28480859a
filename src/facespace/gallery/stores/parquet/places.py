"""Where the places of a gallery of Parquet files lie, and how one becomes the current one in one step.

In a folder they are subfolders of `_facespace`, and its pointer names them (io/parquet/pointer.py). Beside a file they are
hidden files; which is which is seen by what is there, so that a kill between two steps needs no mending.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Protocol

from ....errors import GalleryError, OutputError
from ....io import (
    HIDDEN,
    POINTER,
    KeyRing,
    atomic_write,
    identity_of,
    locked,
    place_in,
    read_pointer,
    unlocking,
)
from ..nearest import check_turn, is_begun
from ..protocol import Origin, Place

KEY = b"facespace_gallery"  # in a file's metadata: who made it, and of which parts


class Places(Protocol):
    """What folder and file have in common."""

    root: Path

    def at(self, place: Place) -> Path | None:
        """The file or folder of a place, None where there is none."""
        ...

    def parts(self) -> Path | None:
        """The folder that parts are written into, while they are."""
        ...

    def origins(self) -> dict[str, Origin]:
        """Who made which place."""
        ...

    def begin(self, origin: Origin) -> None:
        """Make `next`, empty."""
        ...

    def turn(self, to: Place, other: Place) -> None:
        """Make `to` current and what was current `other`."""
        ...

    def drop(self, place: Literal["next", "old"]) -> None:
        """Delete a place."""
        ...


class FolderPlaces:
    """Places in a folder: `_facespace/NAME`, and the folder's own files as the place ""."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pointer = root / HIDDEN / POINTER

    def at(self, place: Place) -> Path | None:
        """See Places."""
        name = read_pointer(self.root).get(place)
        return None if name is None else place_in(self.root, name)

    def parts(self) -> Path | None:
        """See Places."""
        return self.at("next")

    def origins(self) -> dict[str, Origin]:
        """See Places."""
        told = read_pointer(self.root)
        known = told.get("origins", {})
        return {place: Origin(**known[told[place]]) for place in ("current", "next", "old") if told.get(place) in known}

    def begin(self, origin: Origin) -> None:
        """See Places."""
        with self._changed() as told:
            if is_begun(self.origins().get("next") if "next" in told else None, origin):
                return
            digest = blake2b(repr(origin).encode(), digest_size=4).hexdigest()
            used = [told.get("current"), told.get("old")]
            name = next(f"{digest}-{number}" for number in range(1, 9) if f"{digest}-{number}" not in used)
            shutil.rmtree(place_in(self.root, name), ignore_errors=True)
            place_in(self.root, name).mkdir(parents=True)
            told["next"] = name
            told.setdefault("origins", {})[name] = asdict(origin)

    def turn(self, to: Place, other: Place) -> None:
        """See Places."""
        with self._changed() as told:
            check_turn(to in told, to, other in told, other)
            told["current"], told[other] = told.pop(to), told["current"]
            if told[other] == "":  # what drop may delete: a file that another program puts there later is not the gallery's
                told["own"] = {name: list(stamp) for name, stamp in self._own().items()}

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Places."""
        with self._changed() as told:
            if (name := told.get(place)) is None:
                return
            if name:
                told.pop(place)
                told.get("origins", {}).pop(name, None)
                self._write(told)  # first: a folder that is half deleted is nobody's place
                shutil.rmtree(place_in(self.root, name), ignore_errors=True)
            else:
                for file, stamp in self._own().items():
                    if list(stamp) == told.get("own", {}).get(file):
                        (self.root / file).unlink()
                told.pop(place)
                told.pop("own", None)

    def _own(self) -> dict[str, tuple[int, int]]:
        """The folder's own files with size and time."""
        found = {path.relative_to(self.root): path.stat() for path in self.root.rglob("*.parquet")}
        plain = {path: stat for path, stat in found.items() if not any(part[0] in "._" for part in path.parts)}
        return {path.as_posix(): (stat.st_size, stat.st_mtime_ns) for path, stat in plain.items()}

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """What the pointer says; what is changed in it is written at the end."""
        with locked(self.root / HIDDEN / ".lock"):
            told = read_pointer(self.root)
            before = json.dumps(told)
            yield told
            if json.dumps(told) != before:
                self._write(told)

    def _write(self, told: dict[str, Any]) -> None:
        with atomic_write(self._pointer) as temporary:
            temporary.write_text(json.dumps(told, indent=1), encoding="utf-8")


class FilePlaces:
    """Places beside a file NAME.parquet: `.NAME.next` (a folder of parts) or `.NAME.next.parquet`, and `.NAME.old.parquet`.

    A turn links the current file under its other name, then renames the new one over it. Killed in between, both names are
    one file, and the place of that name is taken as not there.
    """

    def __init__(self, root: Path, keys: KeyRing | None = None) -> None:
        self.root, self._keys = root, keys
        self.whole = {place: root.with_name(f".{root.stem}.{place}.parquet") for place in ("next", "old")}
        self._parts = root.with_name(f".{root.stem}.next")
        self._gone = root.with_name(f".{root.stem}.gone")

    def at(self, place: Place) -> Path | None:
        """See Places."""
        if place == "current":
            return self.root
        if place == "next" and self._parts.exists():
            return self._parts
        return self.whole[place] if self._is_there(place) else None

    def parts(self) -> Path | None:
        """See Places; made anew where all was complete."""
        if self.at("next") is not None and not self._parts.exists():
            self._make(self.origins()["next"])
        return self._parts if self._parts.exists() else None

    def _make(self, origin: Origin) -> None:
        made = self._parts.with_name(self._parts.name + "~")  # with who made it, or not at all
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        (made / "origin.json").write_text(json.dumps(asdict(origin)), encoding="utf-8")
        made.rename(self._parts)

    def _is_there(self, place: str) -> bool:
        path = self.whole[place]
        return path.exists() and not (self.root.exists() and path.samefile(self.root))

    def origins(self) -> dict[str, Origin]:
        """See Places."""
        found = {}
        if self._parts.exists():
            found["next"] = Origin(**json.loads((self._parts / "origin.json").read_text(encoding="utf-8")))
        for place, path in {"current": self.root, **self.whole}.items():
            if place not in found and (self._is_there(place) if place in self.whole else path.exists()):
                found |= {place: Origin(**made["origin"])} if (made := made_of(path, self.root, self._keys)) else {}
        return found

    def begin(self, origin: Origin) -> None:
        """See Places."""
        with self._locked():
            if not is_begun(self.origins().get("next"), origin):
                self._make(origin)

    def completed(self) -> None:
        """The parts are in one file: they are nobody's any more. Their folder goes at once, whenever its files do."""
        shutil.rmtree(self._gone, ignore_errors=True)
        if self._parts.exists():
            self._parts.rename(self._gone)
        shutil.rmtree(self._gone, ignore_errors=True)

    def turn(self, to: Place, other: Place) -> None:
        """See Places."""
        with self._locked():
            check_turn(self.at(to) is not None, to, self.at(other) is not None, other)
            if not self._is_there(to):
                raise OutputError(f"the place {to!r} of {self.root} is not complete", "Write all parts, and complete it.")
            self.whole[other].unlink(missing_ok=True)  # a second name of the current file, at most
            try:
                os.link(self.root, self.whole[other])
            except OSError as error:
                raise GalleryError(
                    f"{self.root}: its file system gives a file no second name ({error.strerror})",
                    "Keep the gallery as a folder of Parquet files, which needs none.",
                ) from None
            os.replace(self.whole[to], self.root)

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Places."""
        with self._locked():
            self.whole[place].unlink(missing_ok=True)
            if place == "next":
                self.completed()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with locked(self.root.with_name(f".{self.root.stem}.lock")):
            yield


def made_of(path: Path, root: Path, keys: KeyRing | None) -> dict[str, Any]:
    """{"origin", "parts"} of a file that a migration of the gallery `root` made, {} of another."""
    import pyarrow.parquet as pq

    told: dict[str, Any] = {}
    about = identity_of(path)
    if about is not None:
        about.check_name(path, root.name)
    with suppress(ValueError):
        told = json.loads((pq.read_metadata(path, **unlocking(path, about, keys)).metadata or {}).get(KEY, b"{}"))
    return told
