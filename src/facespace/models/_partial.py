"""What an unfinished embed run has done so far: a folder `SET.partial` beside the output, from which it resumes.

It holds settings.json and numbered shards, each whole or not there; a shard with other settings would be another set, so
resuming with other settings is refused.
"""

from __future__ import annotations

import io
import json
import shutil
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import check_vectors
from ..errors import InputError
from ..io import KeyRing, Seal, atomic_write, check_cipher, opened, read_npz_artefact, sealed, texts
from ._crops import Skipped

_SKIPPED = {each.name for each in fields(Skipped)}
FLUSH_SECONDS = 5.0  # at most this much work is lost when the process is killed


@dataclass
class Batch:
    """Some images' outcome: ids with their vectors and count of faces, and those skipped."""

    ids: list[str] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)  # one (d,) each
    faces: list[int] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids) + len(self.skipped)

    def extend(self, other: Batch) -> None:
        self.ids += other.ids
        self.vectors += other.vectors
        self.faces += other.faces
        self.skipped += other.skipped


class PartialSet:
    """The shards of one output file. Made anew unless `resume`."""

    def __init__(self, output: Path, settings: dict[str, Any], dim: int, resume: bool, seal: Seal | None = None) -> None:
        if seal is not None:
            check_cipher()
        self._seal = seal
        self.folder = output.with_name(output.name + ".partial")
        self.done, self._dim = Batch(), dim
        self._pending, self._flushed = Batch(), time.monotonic()
        self._shards = 0
        if resume and (self.folder / "settings.json").exists():  # before it is written there is nothing to go on with
            self._load(settings)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
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
                    vectors=np.array(self._pending.vectors, dtype=np.float32).reshape(-1, self._dim),
                    faces=np.array(self._pending.faces, dtype=np.int64),
                    facts=np.array(json.dumps({"skipped": [asdict(s) for s in self._pending.skipped]})),
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
    file = read_npz_artefact(path, "a part of an unfinished run", ("ids", "vectors", "faces"), "facts", data)
    ids = texts(file.arrays.get("ids", np.empty(0)), "id").tolist()
    vectors, faces = file.array("vectors", (len(ids), dim)), file.array("faces", (len(ids),), np.int64)
    check_vectors(vectors)
    skipped = file.fact("skipped", list)
    if not all(
        isinstance(s, dict) and s.keys() == _SKIPPED and all(isinstance(v, str) for v in s.values()) for s in skipped
    ):
        raise file.error("lists what is no skipped image")
    return Batch(ids, list(vectors), faces.tolist(), [Skipped(**each) for each in skipped])
