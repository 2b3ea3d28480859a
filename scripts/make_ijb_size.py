"""Lists in the official formats and embeddings of two networks, of the size of IJB-C: made up, for trials and benchmarks.

    python scripts/make_ijb_size.py OUT [--scale 1] [--dim 512] [--seed 0]

Writes OUT/meta/ijbc_*.txt, and OUT/network-0.npy and OUT/network-1.npy with the ids beside them: 1 GB each at full size.
Then `facespace verify OUT/network-0.npy --ijb OUT --name ijbc`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facespace.datasets.synthetic_ijb import SyntheticIjb, synthetic_ijb


def write_embeddings(made: SyntheticIjb, path: Path, network: int, dim: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(len(made), dim))
    start = 0
    for block in made.embed_blocks(network, dim):
        out[start : start + len(block)] = block
        start += len(block)
    out.flush()
    path.with_suffix(".ids.txt").write_text("".join(f"{i}\n" for i in range(1, len(made) + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = synthetic_ijb(options.scale, options.seed)
    print(*made.write(options.out / "meta"), sep="\n")
    for network in (0, 1):
        path = options.out / f"network-{network}.npy"
        write_embeddings(made, path, network, options.dim)
        print(path)


if __name__ == "__main__":
    main()
