"""What an unfinished embed run has done so far: a folder `SET.partial` beside the output, from which it resumes.

It holds settings.json and numbered shards, each whole or not there; a shard with other settings would be another set, so
resuming with other settings is refused.
"""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import check_vectors
from ..errors import InputError
from ..io import (
    Artefact,
    KeyRing,
    Seal,
    atomic_write,
    begin_folder,
    check_cipher,
    opened,
    partial_of,
    read_npz_artefact,
    sealed,
    texts,
)
from .faces import Noted, Skipped

_SKIPPED, _NOTED = ({each.name for each in fields(kind)} for kind in (Skipped, Noted))
_RECORDS = (("skipped", Skipped, _SKIPPED), ("noted", Noted, _NOTED))
NO_SCORE = -1.0  # in a shard, which holds no NaN: no detector looked
FLUSH_SECONDS = 5.0  # at most this much work is lost when the process is killed


@dataclass
class Batch:
    """Some images' outcome, a row a face: its id, its image's, vector, the detector's score, faces in the image; and those
    skipped, and noted."""

    ids: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)  # one (d,) each
    scores: list[float] = field(default_factory=list)  # NaN where no detector looked
    faces: list[int] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    count: int = 0  # images

    def __len__(self) -> int:
        return self.count

    def extend(self, other: Batch) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def ordered(self, rows: Sequence[int]) -> Batch:
        """The batch with these of its rows, in that order."""
        names = ("ids", "images", "vectors", "scores", "faces")
        moved: dict[str, Any] = {name: [getattr(self, name)[i] for i in rows] for name in names}
        return replace(self, **moved)

    @property
    def several(self) -> set[str]:
        """The images with more than one face."""
        return {image for image, count in zip(self.images, self.faces, strict=True) if count > 1}


class PartialSet:
    """The shards of one output file. Made anew unless `resume`."""

    def __init__(self, output: Path, settings: dict[str, Any], dim: int, resume: bool, seal: Seal | None = None) -> None:
        if seal is not None:
            check_cipher()
        self._seal = seal
        self.folder = partial_of(output)
        self.done, self._dim = Batch(), dim
        self._pending, self._flushed = Batch(), time.monotonic()
        self._shards = 0
        if resume and (self.folder / "settings.json").exists():  # before it is written there is nothing to go on with
            self._load(settings)
        else:
            begin_folder(self.folder, r"settings\.json|\d+\.npz")
            with atomic_write(self.folder / "settings.json") as temporary:
                temporary.write_text(json.dumps(settings, indent=2), encoding="utf-8")

    def _load(self, settings: dict[str, Any]) -> None:
        try:
            before = json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            before = {}
        before = before if isinstance(before, dict) else {}
        changed = [key for key in sorted({*before, *settings}) if before.get(key) != settings.get(key)]
        if changed:
            told = "; ".join(f"{key}: {before.get(key)} then, {settings.get(key)} now" for key in changed[:3])
            raise InputError(
                f"{self.folder} was begun with other settings ({told})",
                "Resume with the same settings, or run without --resume to begin anew.",
            )
        for path in sorted(self.folder.glob("[0-9]*.npz")):
            self._shards = int(path.stem) + 1
            try:
                self.done.extend(_read(path, self._dim, self._seal))
            except InputError:
                path.unlink()  # a damaged shard: its images are done again

    def add(self, batch: Batch) -> None:
        self._pending.extend(batch)
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what has come since the last shard."""
        if len(self._pending):
            path, data = self.folder / f"{self._shards:06d}.npz", io.BytesIO()
            with atomic_write(path) as temporary, temporary.open("wb") as file:
                np.savez(
                    data,
                    ids=np.array(self._pending.ids, dtype=np.str_),
                    images=np.array(self._pending.images, dtype=np.str_),
                    scores=np.nan_to_num(np.array(self._pending.scores, dtype=np.float64), nan=NO_SCORE),
                    vectors=np.array(self._pending.vectors, dtype=np.float32).reshape(-1, self._dim),
                    faces=np.array(self._pending.faces, dtype=np.int64),
                    facts=np.array(
                        json.dumps(
                            {name: [asdict(one) for one in getattr(self._pending, name)] for name in ("skipped", "noted")}
                        )
                    ),
                )
                file.write(data.getvalue() if self._seal is None else sealed(data.getvalue(), path, self._seal))
            self._shards += 1
        self._pending, self._flushed = Batch(), time.monotonic()

    def close(self) -> None:
        """Write what is left; a folder without any finished batch is removed."""
        self.flush()
        if not self._shards:
            self.remove()

    def remove(self) -> None:
        """The output is written; the shards are not needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(path: Path, dim: int, seal: Seal | None) -> Batch:
    """Raises InputError for what is no shard of a run of a network of width `dim`, encrypted by the key of `seal`."""
    data = None if seal is None else opened(path.read_bytes(), path, KeyRing((seal.key,)))
    arrays = ("ids", "images", "vectors", "scores", "faces")
    file = read_npz_artefact(path, "a part of an unfinished run", arrays, "facts", data)
    ids, images = (texts(file.arrays.get(name, np.empty(0)), "id").tolist() for name in ("ids", "images"))
    vectors, faces = file.array("vectors", (len(ids), dim)), file.array("faces", (len(ids),), np.int64)
    scores = file.array("scores", (len(ids),), np.float64)
    scores = np.where(scores == NO_SCORE, np.nan, scores)
    check_vectors(vectors)
    skipped, noted = (_records(file, name, kind, keys) for name, kind, keys in _RECORDS)
    if len(images) != len(ids):
        raise file.error("names other images than it has ids")
    count = len({*images, *(one.id for one in skipped)})
    return Batch(ids, images, list(vectors), scores.tolist(), faces.tolist(), skipped, noted, count)


def _records(file: Artefact, name: str, kind: type[Any], keys: set[str]) -> list[Any]:
    given = file.fact(name, list)
    kinds: dict[str, Any] = {"str": str, "int": int, "float": (int, float)}
    wanted = {each.name: kinds[str(each.type)] for each in fields(kind)}
    for one in given:
        if not isinstance(one, dict) or one.keys() != keys or not all(isinstance(one[k], t) for k, t in wanted.items()):
            raise file.error(f"lists what is no {name} image")
    return [kind(**one) for one in given]
