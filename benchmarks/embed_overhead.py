"""Claim: `facespace embed` runs at no less than 85 % of a bare ONNX Runtime loop over pre-decoded crops.

    python benchmarks/embed_overhead.py [--images 1000] [--rounds 3] [--models mobilefacenet-casia,edgeface-xxs]

In one run, by turns, with the same images in the same batches and as many threads:

- bare: ONNX Runtime alone, its threads sharing each batch (intra_op = threads), over crops that are decoded, aligned and
  normalised beforehand: the loop one would write;
- bare, one batch per thread: the same crops, each thread computing its own batch, as facespace does it: the harder peer,
  which shows what decoding and aligning cost;
- embed: everything, from JPEG files and landmarks to the EmbeddingSet.

Medians over the rounds; the ratio is that of images per second. Needs the real networks and faces (FACESPACE_SHARED,
default ../shared).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from facespace.images import align, find_images, onnx_session, read_image, read_landmarks
from facespace.models import embed, load_card, load_network

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--models", default="mobilefacenet-casia,edgeface-xxs")
    given = parser.parse_args()
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}")
        return 0
    worst = min(compare(name, given.images, given.rounds, given.batch, given.threads) for name in given.models.split(","))
    print(f"worst ratio embed / bare: {worst:.1%} (claim: at least 85 %)")
    return 0 if worst >= 0.85 else 1


def compare(name: str, count: int, rounds: int, size: int, threads: int) -> float:
    """Run the three by turns, print images per second, return embed's ratio to the bare loop."""
    card = load_card(name)
    files = find_images(SHARED / "data/lfw")[:count]
    listed = read_landmarks(SHARED / "data/protocols/lfw/landmarks-176.csv")
    network = load_network(card, SHARED / "models")
    batches = []
    for i in range(0, len(files), size):
        crops = [align(read_image(f.path), listed[f.id], card.template) for f in files[i : i + size]]
        batches.append(network.prepare(np.stack(crops)))
    path = SHARED / "models" / card.files[0].name
    shared_batch, own_batch = onnx_session(path, threads), onnx_session(path, 1)
    feed = shared_batch.get_inputs()[0].name
    vectors: dict[str, np.ndarray] = {}

    def bare() -> None:
        vectors["bare"] = np.concatenate([shared_batch.run(None, {feed: batch})[0] for batch in batches])

    def bare_per_thread() -> None:
        with ThreadPoolExecutor(threads) as pool:
            vectors["own"] = np.concatenate(list(pool.map(lambda b: own_batch.run(None, {feed: b})[0], batches)))

    def whole() -> None:
        result = embed(dict(files), card, landmarks=listed, weights=SHARED / "models", batch_size=size, workers=threads)
        vectors["embed"] = result.embeddings.vectors

    runs: dict[str, Callable[[], None]] = {"bare": bare, "bare, one batch per thread": bare_per_thread, "embed": whole}
    seconds: dict[str, list[float]] = {label: [] for label in runs}
    for run in runs.values():
        run()  # warm: files in the cache of the system, memory arenas grown
    for _ in range(rounds):
        for label, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[label].append(time.perf_counter() - start)
    np.testing.assert_allclose(vectors["embed"], vectors["bare"], rtol=1e-3, atol=1e-3 * np.abs(vectors["bare"]).max())
    rates = {label: len(files) / statistics.median(times) for label, times in seconds.items()}
    print(f"{name}: {len(files):,} images, batches of {size}, {threads} threads, {rounds} rounds")
    for label, rate in rates.items():
        spread = f"{len(files) / max(seconds[label]):.1f} to {len(files) / min(seconds[label]):.1f}"
        print(f"  {label:28} {rate:8.1f} images/s ({spread}), embed at {rates['embed'] / rate:.1%}", flush=True)
    return rates["embed"] / rates["bare"]


if __name__ == "__main__":
    sys.exit(main())
