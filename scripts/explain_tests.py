"""All ways to explain a pair against each other, on pairs of LFW: the table of docs/explain.md.

    python scripts/explain_tests.py --shared ../shared --model edgeface-xxs --tests margin,partner -o out/edgeface.json
    python scripts/explain_tests.py --table out/*.json

Pairs of the View 2 list, each of other people: 250 genuine and 250 impostor for the margin game, the first --few genuine
ones for the other tests. With mobilefacenet-casia the white-box methods (extra torch) and the paper's take part: `--methods
occlusion,reconstruction,gradient-input,smoothgrad,integrated-gradients,fggb`. Seconds are of processor time.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facespace.datasets import read_lfw_pairs
from facespace.explain.fair import (
    Method,
    black_box_method,
    fair_values,
    independent_pairs,
    pair_faces,
    randomise_onnx,
)
from facespace.images import align, read_image, read_landmarks
from facespace.models import find_weights, load_card, load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--model", default="edgeface-xxs")
    parser.add_argument("--runtime", help="onnx or openvino: which of them computes an ONNX file")
    parser.add_argument("--methods", default="occlusion,minplus,rise,shap")
    parser.add_argument("--tests", default="margin,partner,planted,regions,sanity")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--few", type=int, default=150)
    parser.add_argument("--limits", default="", help="method=pairs, comma-separated: fewer pairs for slow methods")
    parser.add_argument("--passes", default="rise=128", help="method=passes, where not the default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="0/1", help="k/n: the margin game on every n-th pair, from the k-th")
    parser.add_argument("-o", "--output", type=Path, help=".pickle of what every pair gave; --table joins them")
    parser.add_argument("--table", type=Path, nargs="+", help="print the table of these results, and run nothing")
    given = parser.parse_args()
    if given.table:
        from explain_table import table

        print(table(given.table))
        return
    start = time.perf_counter()
    card = load_card(given.model)
    pairs, strangers, same = faces(given.shared, card.template, given.pairs, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        networks = load(given, Path(folder))
        passes = numbers(given.passes)
        made = [
            {m: method(n, m, passes.get(m), given, shuffled=i > 0) for m in given.methods.split(",")}
            for i, n in enumerate(networks)
        ]
        print(f"{given.model}: {len(pairs)} pairs, {time.perf_counter() - start:.0f} s to begin", flush=True)
        found = fair_values(
            pairs,
            strangers,
            same,
            networks[0],
            made[0],
            landmarks=card.template,
            randomised=made[1] if len(made) > 1 else None,
            tests=given.tests.split(","),
            limits=numbers(given.limits),
            few=given.few,
            part=tuple(int(k) for k in given.part.split("/")),  # type: ignore[arg-type]
            seed=given.seed,
            progress=lambda done, of: (
                print(f"  {done}/{of}, {time.perf_counter() - start:.0f} s", flush=True) if done % 25 == 0 else None
            ),
        )
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s, {time.process_time():.0f} s of processor time", flush=True)
    if given.output:
        found.facts["processor"] = int(time.process_time())
        given.output.write_bytes(pickle.dumps((given.model, found)))


def numbers(text: str) -> dict[str, int]:
    """a=1,b=2."""
    return {key: int(value) for key, _, value in (part.partition("=") for part in text.split(",") if part)}


def load(given: argparse.Namespace, folder: Path) -> list[Any]:
    """The network, and one of random weights where it can be made and is asked for."""
    card, weights = load_card(given.model), given.shared / "models"
    path = find_weights(card, weights)[0]
    network = load_network(replace(card, runtime=given.runtime or card.runtime), paths=[path])
    if path.suffix != ".onnx" or "sanity" not in given.tests:
        return [network]
    other = randomise_onnx(path, folder / path.name)
    return [network, load_network(replace(card, runtime=given.runtime or card.runtime), paths=[other])]


def method(network: Any, name: str, passes: int | None, given: argparse.Namespace, shuffled: bool) -> Method:
    """By its name: the paper's, a white-box one, or a black-box one; of a network whose weights are `shuffled`, or not."""
    from facespace.explain import BLACK_BOX, load_explainable
    from facespace.explain.fair import paper_method, randomise_module, white_box_method
    from facespace.explain.white_box import open_network

    if name in BLACK_BOX:
        return black_box_method(network, name, passes=passes, seed=given.seed)
    if name == "reconstruction":
        opened = load_explainable(given.model, given.shared / "models")
        module = randomise_module(opened.module) if shuffled else opened.module  # the decoder stays what it is
        return paper_method(replace(opened, module=module).compiled())
    whole = open_network(given.model, given.shared / "models")
    whole = replace(whole, module=randomise_module(whole.module)) if shuffled else whole
    return white_box_method(whole, name, passes=passes, seed=given.seed)


def faces(shared: Path, template: Any, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(pairs, strangers, same) of LFW, aligned by the given landmarks."""
    lfw = shared / "data/protocols/lfw"
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    rows = independent_pairs(protocol, count, seed)
    ids = sorted({*protocol.left[rows].tolist(), *protocol.right[rows].tolist()})
    crops = np.stack([align(read_image(shared / f"data/lfw/{key}.jpg"), landmarks[key], template) for key in ids])
    return pair_faces(crops, ids, protocol, rows)


if __name__ == "__main__":
    main()
