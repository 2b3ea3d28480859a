"""The embeddings that ship with facespace: four networks on the 7,701 images of LFW's pairs.txt, under opaque ids."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from ..embeddings import EmbeddingSet
from .pairs import read_csv_pairs
from .protocol import PairProtocol

FOLDER = Path(__file__).parent.parent / "data" / "demo"


def demo_sets() -> list[EmbeddingSet]:
    """Embeddings of four networks of different families and widths, made by scripts/make_demo_data.py.

    No images and no names: ids and subjects are numbers in random order, values are float16. Each set's metadata has the
    network's licence.
    """
    return [EmbeddingSet.load(path) for path in sorted(FOLDER.glob("*.parquet"))]


@cache
def demo_protocol() -> PairProtocol:
    """LFW's 6,000 pairs in ten folds, by the ids of `demo_sets`; the order of pairs within a fold is random."""
    return replace(read_csv_pairs(FOLDER / "pairs.csv"), name="lfw-10fold-demo")
