"""The planted patch on genuine pairs of LFW: which maps find what is a stranger's?

    python scripts/planted_patch.py --shared ../shared --models mobilefacenet-casia,edgeface-xxs --pairs 150 -o planted.json

One pair a person, so that the pairs are independent; the stranger is the next pair's person. `--reconstruction` adds the
paper's map of mobilefacenet-casia (extra torch), `--rise N` RISE with N masks.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from facespace.datasets import read_lfw_pairs
from facespace.explain import Explainer, explain_pair, explainer, load_explainable, planted_patch
from facespace.images import align, read_image, read_landmarks
from facespace.io import to_json, write_json
from facespace.models import load_card, load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--models", default="mobilefacenet-casia,edgeface-xxs,mobilefacenet-ms1m")
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--passes", type=int, default=None)
    parser.add_argument("--rise", type=int, default=0)
    parser.add_argument("--reconstruction", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    lfw = given.shared / "data/protocols/lfw"
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    chosen = genuine_pairs(protocol, given.pairs, given.seed)
    documents = []
    for name in given.models.split(","):
        card, start = load_card(name), time.perf_counter()
        network = load_network(card, given.shared / "models", threads=int(os.environ.get("OMP_NUM_THREADS", "2")))

        def crop(key: str, template: object = card.template) -> np.ndarray:
            return align(read_image(given.shared / f"data/lfw/{key}.jpg"), landmarks[key], template)  # type: ignore[arg-type]

        left, right = (np.stack([crop(pair[k]) for pair in chosen]) for k in (0, 1))
        explainers: dict[str, Explainer] = {"occlusion": explainer(network, passes=given.passes)}
        if given.rise:
            explainers["rise"] = explainer(network, "rise", passes=given.rise, seed=given.seed)
        if given.reconstruction and name == "mobilefacenet-casia":
            opened = load_explainable(name, given.shared / "models")
            explainers["reconstruction"] = lambda a, b: explain_pair(a, b, opened).faces[0].importance  # noqa: B023
        found = planted_patch(left, right, np.roll(left, -1, axis=0), explainers, seed=given.seed)
        documents.append({"network": name, **found.to_dict(), "seconds": time.perf_counter() - start})
        print(f"{name}, {found.pairs} pairs, {found.windows} windows, {documents[-1]['seconds']:.0f} s", flush=True)
        for r in found.ranks:
            above = f"{r.above_centre:+.3f} [{r.above_low:+.3f}, {r.above_high:+.3f}]"
            print(f"  {r.name:40} {r.mean:.3f} [{r.low:.3f}, {r.high:.3f}]   less the centre's {above}", flush=True)
    if given.output:
        write_json(documents, given.output)
    else:
        print(to_json(documents))


def genuine_pairs(protocol: object, count: int, seed: int) -> list[tuple[str, str]]:
    """Genuine pairs, the first of each person, `count` of them drawn."""
    first: dict[str, tuple[str, str]] = {}
    for one, other, same in zip(protocol.left.tolist(), protocol.right.tolist(), protocol.same.tolist(), strict=True):  # type: ignore[attr-defined]
        if same:
            first.setdefault(one.split("/")[0], (one, other))
    people = sorted(first)
    drawn = np.random.default_rng(seed).permutation(len(people))[:count]
    return [first[people[i]] for i in drawn]


if __name__ == "__main__":
    main()
