"""Every face of a folder's photos as an embedding, kept in a set that a later search takes them from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..images import ImageFile
from ..models import ModelCard, Skipped, every_face
from .network import Comparer, Finding

_BATCH = 64


@dataclass(frozen=True, eq=False)
class FolderFaces:
    """Faces of photos.

    Attributes:
        vectors: (n, d) unit vectors. files: (n,) which of the photos. faces: (n,) which face on it, from 1.
        skipped: photos that gave none. kept: how many faces came out of the set.
    """

    vectors: NDArray[np.float64]
    files: NDArray[np.intp]
    faces: NDArray[np.intp]
    skipped: tuple[Skipped, ...]
    kept: int

    def __len__(self) -> int:
        return len(self.files)


def folder_faces(
    files: Sequence[ImageFile],
    by: Comparer,
    how: Finding,
    path: Path | None,
    progress: Callable[[int, int], None] | None,
) -> FolderFaces:
    """The faces of `files`; those that the set at `path` has are taken out of it, and all are written to it.

    A photo that is newer than the set is looked at again.
    """
    stored = None if path is None or not path.exists() else _stored(path, by.network.card)
    old, faces_of = ([], {}) if stored is None or path is None else _known(stored, files, path.stat().st_mtime)
    new = [at for at in range(len(files)) if at not in faces_of]
    rows = [(at, face) for at, own in faces_of.items() for face in own]
    parts: list[NDArray[Any]] = [] if stored is None or not old else [stored.vectors[old]]
    skipped: list[Skipped] = []
    waiting: list[NDArray[np.uint8]] = []

    def work() -> None:
        if waiting:
            parts.append(by.network(np.stack(waiting)))
            waiting.clear()

    found: Iterator[Any] = every_face([files[at] for at in new], by.network.card, **vars(how)) if new else iter(())
    for done, (at, faces) in enumerate(zip(new, found, strict=True), 1):
        if isinstance(faces, Skipped):
            skipped.append(faces)
        else:
            rows += [(at, number) for number in range(1, len(faces) + 1)]
            waiting += [face.crop for face in faces]
        if len(waiting) >= _BATCH:
            work()
        if progress is not None:
            progress(done, len(new))
    work()
    if not rows:
        raise InputError(
            f"none of the {len(files):,} photos gave a face; {skipped[0].file}: {skipped[0].reason} ({skipped[0].detail})",
            "Face crops need --aligned; other images landmarks or a detector.",
        )
    photo, face = np.array(rows, dtype=np.intp).T
    made = EmbeddingSet(
        np.concatenate(parts), _ids(files, rows), model=by.network.card.name, metadata=_facts(by.network.card)
    )  # what a network gives that is no embedding is told here
    if path is not None and (new or stored is None or len(old) < len(stored)):
        made.save(path)
    return FolderFaces(made.normalized().astype(np.float64), photo, face, tuple(skipped), len(old))


def _facts(card: ModelCard) -> dict[str, Any]:
    weights = {file.name: file.sha256 for file in card.files if file.sha256}
    about = {"alignment": card.alignment(), "preprocessing": card.input.describe(), "faces": "every face"}
    return {**about, **({"weights": weights} if weights else {})}


def _stored(path: Path, card: ModelCard) -> EmbeddingSet:
    """The set. Raises InputError for one of another network, or of other weights."""
    stored = EmbeddingSet.load(path)
    weights = stored.metadata.get("weights") or {}
    others = [f.name for f in card.files if f.sha256 and f.name in weights and weights[f.name] != f.sha256]
    if stored.space != card.name or stored.mapped is not None or others:
        what = f"other weights of {card.name}" if stored.space == card.name else f"by {stored.space or 'an unknown network'}"
        raise InputError(
            f"the set {path} is {what}, and the photo is compared by {card.name}",
            "Name that network with --model, or another file with --set: one that isn't there yet is made.",
        )
    return stored


def _known(stored: EmbeddingSet, files: Sequence[ImageFile], written: float) -> tuple[list[int], dict[int, list[int]]]:
    """Rows of the set that are faces of these photos, and of each photo its faces in the order of the rows."""
    place = {file.id: at for at, file in enumerate(files) if file.path.stat().st_mtime <= written}
    faces: dict[int, list[tuple[int, int]]] = {}
    for row, name in enumerate(stored.ids.tolist()):
        told = re.fullmatch(r"(.*?)#+(\d+)", name, re.DOTALL)
        if name in place:
            faces.setdefault(place[name], []).append((1, row))
        elif told and told[1] in place:
            faces.setdefault(place[told[1]], []).append((int(told[2]), row))
    rows = [row for own in faces.values() for _, row in own]
    return rows, {at: [face for face, _ in own] for at, own in faces.items()}


def _ids(files: Sequence[ImageFile], rows: Sequence[tuple[int, int]]) -> list[str]:
    """That of the photo for its first face, with #2, #3, … for others; more # where another photo is named so."""
    taken = {file.id for file in files}
    names = []
    for at, face in rows:
        name, mark = files[at].id, "#"
        if face > 1:
            while f"{name}{mark}{face}" in taken:
                mark += "#"
            name = f"{name}{mark}{face}"
        names.append(name)
    return names
