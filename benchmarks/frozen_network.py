"""Claim: the hiding game's network frozen to TorchScript shows crops at least 1.2 × as fast as the PyTorch module does.

    python benchmarks/frozen_network.py [--crops 160] [--rounds 3] [--threads 1]

In one run, by turns, with MobileFaceNet's architecture and random weights: `ExplainableNetwork.maps` of the same crops with
the module itself and with `compiled()`. Medians over the rounds; the maps are compared too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
import torch

from facespace.explain import ExplainableNetwork, layer_map, mobilefacenet
from facespace.models import load_card


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    card = load_card("mobilefacenet-casia")
    module = layer_map(mobilefacenet(), "conv2")
    plain = ExplainableNetwork("mobilefacenet", module, card.shape, card.input)
    frozen = plain.compiled()
    if frozen.runner is None:
        print("the module could not be frozen here")
        return 1
    crops = np.random.default_rng(0).integers(0, 256, (given.crops, *card.shape, 3)).astype(np.uint8)
    first, second = plain.maps(crops[:16]), frozen.maps(crops[:16])
    error = np.abs(first - second).max() / np.abs(first).max()
    seconds: dict[str, list[float]] = {"module": [], "frozen": []}
    for _ in range(given.rounds):
        for name, network in (("module", plain), ("frozen", frozen)):
            start = time.perf_counter()
            network.maps(crops)
            seconds[name].append(time.perf_counter() - start)
    rates = {name: given.crops / statistics.median(values) for name, values in seconds.items()}
    print(f"crops a second, {given.threads} threads: module {rates['module']:.0f}, frozen {rates['frozen']:.0f}")
    ratio = rates["frozen"] / rates["module"]
    print(f"largest difference {error:.1e} of the largest value; ratio {ratio:.2f} (claim: 1.2)")
    return 0 if ratio >= 1.2 and error < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
