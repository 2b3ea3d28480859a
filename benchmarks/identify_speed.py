"""Claim: `identify` goes through a stored gallery as fast as FAISS's exhaustive index through one in memory.

    python benchmarks/identify_speed.py SET_FOLDER PROBES [--rows 1000000]

Side by side in one run: FAISS IndexFlatIP (extra: pip install faiss-cpu) with the gallery normalised in memory, best 20
answers of each probe; `gallery.search` in memory, which gives rank and mate exactly; and `identify` from Parquet, reading
twice. Prints seconds, the ratio to FAISS, and whether the best answers are the same.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet
from facespace.gallery import search
from facespace.identification import identify
from facespace.people import people_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("probes", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the set, at most")
    given = parser.parse_args()
    import faiss

    stored, probes = EmbeddingSet.open(given.faces), EmbeddingSet.load(given.probes)
    count = min(given.rows, len(stored))
    y, ids, at = np.empty((count, stored.dim), np.float32), [], 0
    for batch in stored.slice(0, count):
        y[at : at + len(batch)] = batch.normalized()
        ids += batch.ids.tolist()
        at += len(batch)
    x = probes.normalized()
    names, person = np.unique(np.concatenate([people_in(ids).names, people_in(probes.ids).names]), return_inverse=True)

    def timed(name: str, run):
        start = time.perf_counter()
        found = run()
        seconds[name] = time.perf_counter() - start
        return found

    seconds: dict[str, float] = {}
    index = faiss.IndexFlatIP(stored.dim)
    index.add(y)
    best, _ = timed("FAISS IndexFlatIP, 20 best", lambda: index.search(x, 20))
    index.reset()
    ours = timed("gallery.search, in memory", lambda: search(x, person[count:], y, person[:count]))
    again = np.maximum(ours.mate, ours.other)
    print(f"{len(x):,} probes, {count:,} × {stored.dim}, {len(names):,} people")
    print(f"greatest difference of the best scores: {np.abs(best[:, 0] - again).max():.1e}")
    if count == len(stored):
        found = timed("identify, from Parquet", lambda: identify(stored, probes))
        print(f"ranks the same: {np.array_equal(found.ranks, ours.rank[ours.mated])}")
    for name, took in seconds.items():
        print(f"{name:<30}{took:>8.1f} s   {seconds['FAISS IndexFlatIP, 20 best'] / took:.2f} × FAISS's speed")


if __name__ == "__main__":
    main()
