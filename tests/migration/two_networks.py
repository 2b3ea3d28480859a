"""Two made-up networks that see the same people, a map between them, and a gallery in SQLite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet
from facespace.gallery.stores import Templates, open_gallery


def world(people: int, images: int = 3, seed: int = 0, noise: float = 0.35) -> tuple[EmbeddingSet, EmbeddingSet]:
    """The same images by the networks `old` (24 numbers) and `new` (32); the new one sees a little more."""
    spaces = np.random.default_rng(0)
    old, new = spaces.normal(size=(16, 24)), spaces.normal(size=(16, 32))
    random = np.random.default_rng(seed + 1)
    faces = np.repeat(random.normal(size=(people, 16)), images, axis=0)
    faces = faces + noise * random.normal(size=faces.shape)
    ids = [f"s{seed}p{i // images:04d}/{i % images}" for i in range(len(faces))]
    who = [name.split("/")[0] for name in ids]
    one = faces @ old + 0.8 * random.normal(size=(len(faces), 24))
    two = faces @ new + 0.5 * random.normal(size=(len(faces), 32))
    return EmbeddingSet(one, ids, model="old", subject=who), EmbeddingSet(two, ids, model="new", subject=who)


@dataclass(frozen=True)
class Scene:
    """Files: map there and back; sets to check with and further ones; and the gallery, the checked people's and more."""

    folder: Path
    url: str
    check: tuple[EmbeddingSet, EmbeddingSet]
    fresh: tuple[EmbeddingSet, EmbeddingSet]
    gallery: tuple[EmbeddingSet, EmbeddingSet]

    @property
    def map(self) -> Path:
        return self.folder / "map.safetensors"

    @property
    def back(self) -> Path:
        return self.folder / "back.safetensors"


def fill(url: str, faces: EmbeddingSet) -> None:
    """Make a gallery of a set."""
    people = faces.subject.tolist() if faces.subject is not None else None
    open_gallery(url).write_all(iter([Templates(faces.ids.tolist(), faces.vectors, ["old"] * len(faces), people)]), "old")
