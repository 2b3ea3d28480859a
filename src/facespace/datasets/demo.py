"""The embeddings that ship with facespace: four networks on the 7,701 images of LFW's pairs.txt, under opaque ids."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

from ..embeddings import EmbeddingSet
from ..io import atomic_write
from .pairs import read_csv_pairs
from .protocol import PairProtocol

FOLDER = Path(__file__).parent.parent / "data" / "demo"


def demo_sets() -> list[EmbeddingSet]:
    """Embeddings of four networks of different families and widths, made by scripts/make_demo_data.py.

    No images and no names: ids and subjects are numbers in random order. Directions alone are kept, in 8 bits a number: each
    within a cosine of 0.9999 of what the network gave. Each set's metadata has the network's licence.
    """
    return [EmbeddingSet.load(path) for path in sorted(FOLDER.glob("*.parquet"))]


@cache
def demo_protocol() -> PairProtocol:
    """LFW's 6,000 pairs in ten folds, by the ids of `demo_sets`; the order of pairs within a fold is random."""
    return replace(read_csv_pairs(FOLDER / "pairs.csv"), name="lfw-10fold-demo")


def write_demo(folder: str | Path) -> list[Path]:
    """The demo as files to try commands on: `keys/` and `faces/` with a set of every network, and `pairs.csv`.

    People are in five folds each: the images of the first five are keys, for maps to be fitted on; those of the other five
    are faces, nobody of whom is among the keys, and the 3,000 pairs are theirs.
    """
    folder, protocol = Path(folder), demo_protocol()
    assert protocol.fold is not None
    ids, fold = protocol.fold_of_ids()
    half, written = protocol.n_folds // 2, []
    for faces in demo_sets():
        for name, kept in (("keys", ids[fold < half]), ("faces", ids[fold >= half])):
            (folder / name).mkdir(parents=True, exist_ok=True)
            written.append(faces.select(kept).save(folder / name / f"{faces.model}.parquet", dtype="float16"))
    pairs = protocol.take(protocol.fold >= half)
    assert pairs.fold is not None
    with atomic_write(folder / "pairs.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("id1", "id2", "same", "fold"))
        table.writerows(zip(pairs.left, pairs.right, pairs.same.astype(int), pairs.fold - half, strict=True))
    return [*written, folder / "pairs.csv"]
