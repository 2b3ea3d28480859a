"""Two sets of random people, as two networks would see them, of any size: for benchmarks of sets larger than memory.

    python scripts/make_large_set.py OUT --rows 4000000 [--dim 512] [--images 4] [--rows-per-file 131072] [--sides ab]

writes OUT/a and OUT/b (folders of Parquet, the same ids in the same order) and OUT/probes.parquet: new images in space a of
1,000 people of the set and of 1,000 strangers. A person is a point of a 64-dimensional latent space, an image that point and
noise; each space is a random linear image of it and noise of its own. It takes about a minute for two million rows on two
cores, and 2.1 kB of disk a row and side.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from facespace import EmbeddingSet
from facespace.io import facts_text, write_tables

LATENT, PROBES, BLOCK = 64, 1000, 16384


def images(person: np.ndarray, seed: int) -> np.ndarray:
    """(n, LATENT) latent points of images of these people: a person's own point is the same wherever it is asked for."""
    distinct, place = np.unique(person, return_inverse=True)
    centres = np.stack([np.random.default_rng([1, p]).standard_normal(LATENT, dtype=np.float32) for p in distinct.tolist()])
    return centres[place] + 0.35 * np.random.default_rng([2, seed]).standard_normal((len(person), LATENT), dtype=np.float32)


def seen(latent: np.ndarray, side: int, dim: int, seed: int) -> np.ndarray:
    """(n, dim) float32: what the network `side` makes of them."""
    weight = np.random.default_rng([3, side]).standard_normal((LATENT, dim), dtype=np.float32)
    return latent @ weight + 2.0 * np.random.default_rng([4, side, seed]).standard_normal(
        (len(latent), dim), dtype=np.float32
    )


def tables(first: int, last: int, side: int, dim: int, each: int) -> Iterator[Any]:
    for at in range(first, last, BLOCK):
        rows = np.arange(at, min(at + BLOCK, last))
        vectors = seen(images(rows // each, at), side, dim, at)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dim)
        yield pa.table({"id": pa.array([f"p{row // each:08d}/{row % each}" for row in rows.tolist()]), "vector": lists})


def write(given: argparse.Namespace, task: tuple[int, int]) -> None:
    side, first = task
    name = given.sides[side]
    path = given.out / name / f"part-{first // given.rows_per_file:05d}.parquet"
    last = min(first + given.rows_per_file, given.rows)
    write_tables(path, tables(first, last, side, given.dim, given.images), partial(facts_text, name, given.dim, {}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--images", type=int, default=4, help="of each person")
    parser.add_argument("--rows-per-file", type=int, default=8 * BLOCK)
    parser.add_argument("--sides", default="ab", help="their names")
    given = parser.parse_args()
    start = time.perf_counter()
    firsts = range(0, given.rows, given.rows_per_file)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(partial(write, given), itertools.product(range(len(given.sides)), firsts)))
    people = np.linspace(0, given.rows // given.images - 1, PROBES).astype(int)
    latent = np.concatenate([images(people, given.rows), images(given.rows + people, given.rows + 1)])
    ids = [f"p{p:08d}/probe" for p in people.tolist()] + [f"stranger{p}/probe" for p in people.tolist()]
    EmbeddingSet(seen(latent, 0, given.dim, given.rows), ids, model=given.sides[0]).save(given.out / "probes.parquet")
    print(f"{given.rows:,} × {given.dim}, {given.sides}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
