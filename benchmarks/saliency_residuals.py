"""Claim: an image's residuals by sparse propagation are at least 8 × faster than by batched full decoding; and against an
image whose residuals are kept, a further pair takes less than 50 ms.

    python benchmarks/saliency_residuals.py [--rounds 3] [--channels 512] [--cells 7] [--threads 2]

In one run, by turns, with the same random decoder (four transposed convolutions, 128, 64 and 32 channels between them) and
the same maps of 512 × 7 × 7, for pictures of 112 × 112:

- full: every changed map decoded, in batches of the size that is fastest here (of 8, 32 and 128), as a research script does;
- sparse: `facespace.explain.residuals`, including the picture of every channel;
- a further pair: `decompose` and `saliency` on kept residuals (not counted: one run of the network, the other face's map).

Medians over the rounds. The results are compared too: they agree to 1e-6 of the picture's range.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from facespace.explain import decompose, make_decoder, pool, residuals, saliency

BATCHES = (8, 32, 128)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--cells", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rng = np.random.default_rng(0)
    maps = np.maximum(rng.normal(0.2, 1, (2, given.channels, given.cells, given.cells)), 0).astype(np.float32)
    decoder = make_decoder(given.channels, (128, 64, 32))
    kept = residuals(maps[0], decoder)
    features = pool(maps)

    def pair() -> None:
        saliency(kept, decompose(features[0], features[1]), 0.3)

    runs: dict[str, Callable[[], object]] = {"sparse": lambda: residuals(maps[0], decoder)}
    runs |= {f"full, batches of {b}": lambda b=b: full(maps[0], decoder, b) for b in BATCHES}
    seconds: dict[str, list[float]] = {name: [] for name in [*runs, "further pair"]}
    for _ in range(given.rounds):
        for name, run in runs.items():
            seconds[name].append(timed(run))
        seconds["further pair"] += [timed(pair) for _ in range(5)]
    raw = full(maps[0], decoder, 32)
    error = float(np.abs(kept.maps * raw.sum((1, 2), keepdims=True) - raw).max())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{given.channels} channels, {given.cells} × {given.cells} cells, {given.threads} threads, {given.rounds} rounds")
    for name, value in medians.items():
        print(f"  {name:22} {1000 * value:9.1f} ms ({1000 * min(seconds[name]):.1f} to {1000 * max(seconds[name]):.1f})")
    ratio = min(medians[name] for name in runs if name.startswith("full")) / medians["sparse"]
    print(f"  largest difference {error:.1e} of the picture's range")
    print(f"full / sparse: {ratio:.1f} (claim: at least 8); further pair {1000 * medians['further pair']:.1f} ms (below 50)")
    return 0 if ratio >= 8 and medians["further pair"] < 0.05 and error < 1e-6 else 1


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def full(a: np.ndarray, decoder: torch.nn.Module, size: int) -> np.ndarray:
    """|R(C) − R(C')| averaged over colours, (c, H, W), the straightforward way."""
    whole = torch.from_numpy(a)
    channels = torch.arange(len(a))
    peaks = whole.flatten(1).argmax(1)
    parts = []
    with torch.inference_mode():
        picture = decoder(whole[None])
        for start in range(0, len(a), size):
            k = channels[start : start + size]
            batch = whole.expand(len(k), *whole.shape).clone()
            batch.flatten(2)[torch.arange(len(k)), k, peaks[k]] = 0
            parts.append((decoder(batch) - picture).abs().mean(1).numpy())
    return np.concatenate(parts)


if __name__ == "__main__":
    sys.exit(main())
