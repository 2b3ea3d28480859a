"""Claim: `audit_labels` of 13,233 images by four networks takes seconds: one product of all pairs, in blocks.

    python benchmarks/label_audit.py [--images 13233] [--networks 4]

Made-up embeddings of 512 numbers, two images a person on average. Prints seconds, and those of the product of all pairs
alone.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from facespace import EmbeddingSet, audit_labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=13_233)
    parser.add_argument("--networks", type=int, default=4)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    person = np.sort(rng.integers(0, given.images // 2, given.images))
    centres = rng.normal(size=(given.images // 2, 512))[person]
    ids = [f"{one}/{row}" for row, one in enumerate(person)]
    sets = [
        EmbeddingSet((centres + 0.8 * rng.normal(size=centres.shape)).astype(np.float32), ids, model=f"net{network}")
        for network in range(given.networks)
    ]
    found = audit_labels(sets)
    wide = np.concatenate([faces.normalized() for faces in sets], axis=1)
    begun = time.perf_counter()
    for start in range(0, len(wide), 1024):
        wide[start : start + 1024] @ wide[start:].T
    product = time.perf_counter() - begun
    print(f"{given.images:,} images, {given.networks} networks: {found.seconds:.1f} s; the product alone {product:.1f} s")


if __name__ == "__main__":
    main()
