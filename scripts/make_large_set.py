"""Two sets of random people, as two networks would see them, of any size: for benchmarks of sets larger than memory.

    python scripts/make_large_set.py OUT --rows 4000000 [--dim 512] [--images 4] [--rows-per-file 131072]

writes OUT/a and OUT/b (folders of Parquet, the same ids in the same order) and OUT/probes.parquet: new images in space a of
2,000 people, of whom every second one is in the set. A person is a point of a 64-dimensional latent space, an image that
point and noise; each space is a random linear image of it and noise of its own. About 20,000 rows a second on busy cores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from facespace import EmbeddingSet
from facespace.io import facts_text, write_tables

LATENT = 64
PROBES = 2000


def images(person: np.ndarray, image: int) -> np.ndarray:
    """(n, LATENT) latent points of these people's images: a person's is the same wherever it is asked for."""
    distinct, place = np.unique(person, return_inverse=True)
    centres = np.stack([np.random.default_rng([1, p]).standard_normal(LATENT, dtype=np.float32) for p in distinct.tolist()])
    return centres[place] + 0.35 * np.random.default_rng([2, image]).standard_normal((len(person), LATENT), dtype=np.float32)


def seen(latent: np.ndarray, space: int, dim: int, number: int) -> np.ndarray:
    """(n, dim) float32: what network `space` makes of them."""
    weight = np.random.default_rng([3, space]).standard_normal((LATENT, dim), dtype=np.float32)
    noise = np.random.default_rng([4, space, number]).standard_normal((len(latent), dim), dtype=np.float32)
    return latent @ weight + 2.0 * noise


def table(ids: list[str], vectors: np.ndarray) -> Any:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return pa.table({"id": pa.array(ids, pa.string()), "vector": lists})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--images", type=int, default=4, help="of each person")
    parser.add_argument("--rows-per-file", type=int, default=1 << 17)
    parser.add_argument("--sides", default="ab")
    given = parser.parse_args()
    start = time.perf_counter()
    block = 16384
    for side, name in enumerate(given.sides):

        def tables(first: int, last: int, side: int = side) -> Iterator[Any]:
            for at in range(first, last, block):
                rows = np.arange(at, min(at + block, last))
                latent = images(rows // given.images, at)
                ids = [f"p{row // given.images:08d}/{row % given.images}" for row in rows.tolist()]
                yield table(ids, seen(latent, side, given.dim, at))

        for number, first in enumerate(range(0, given.rows, given.rows_per_file)):
            path = given.out / name / f"part-{number:05d}.parquet"
            last = min(first + given.rows_per_file, given.rows)
            write_tables(path, tables(first, last), lambda name=name: facts_text(name, given.dim, {}))
    people = np.linspace(0, given.rows // given.images - 1, PROBES).astype(int)
    latent = images(people, given.rows)
    ids = [f"p{p:08d}/probe" if i % 2 else f"stranger{i}/probe" for i, p in enumerate(people.tolist())]
    latent[::2] = np.random.default_rng(6).standard_normal(latent[::2].shape, dtype=np.float32)
    EmbeddingSet(seen(latent, 0, given.dim, given.rows), ids, model="a").save(given.out / "probes.parquet")
    print(f"{given.rows:,} × {given.dim}, {given.sides}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
