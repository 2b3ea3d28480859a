"""All ways to explain a pair against each other, on pairs of LFW: the table of docs/explain.md.

    python scripts/explain_tests.py --shared ../shared --model edgeface-xxs --tests margin,partner -o tests/edgeface-margin.json
    python scripts/explain_tests.py --table tests/*.json

Pairs of the View 2 list, each of other people: 250 genuine and 250 impostor for the margin game, the first --few genuine ones
for the other tests. For mobilefacenet-casia the network runs as a PyTorch module (extra torch), which gives the ONNX file's
vectors to 1e-4 and is faster; there the white-box methods and the paper's take part. Seconds are of processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from facespace.datasets import read_lfw_pairs
from facespace.explain.fair import Method, black_box_method, fair_tests, randomise_onnx
from facespace.images import align, read_image, read_landmarks
from facespace.io import write_json
from facespace.models import find_weights, load_card, load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--model", default="edgeface-xxs")
    parser.add_argument("--methods", default="occlusion,minplus,rise,shap")
    parser.add_argument("--tests", default="margin,partner,planted,regions,sanity")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--few", type=int, default=150)
    parser.add_argument("--limits", default="", help="method=pairs, comma-separated: fewer pairs for slow methods")
    parser.add_argument("--passes", default="rise=128", help="method=passes, where not the default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path)
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
        networks = load(given.model, given.shared / "models", Path(folder))
        passes = numbers(given.passes)
        made = [{m: method(n, m, passes.get(m), given) for m in given.methods.split(",")} for n in networks]
        if given.model != "mobilefacenet-casia" or "reconstruction" not in made[0]:
            reference = None
        else:
            reference = "reconstruction"
        print(f"{given.model}: {len(pairs)} pairs, {time.perf_counter() - start:.0f} s to begin", flush=True)
        found = fair_tests(
            pairs,
            strangers,
            same,
            networks[0],
            made[0],
            name=given.model,
            landmarks=card.template,
            randomised=made[1] if len(made) > 1 else None,
            tests=given.tests.split(","),
            limits=numbers(given.limits),
            few=given.few,
            reference=reference,
            seed=given.seed,
            progress=lambda done, of: print(f"  {done}/{of}, {time.perf_counter() - start:.0f} s", flush=True)
            if done % 25 == 0
            else None,
        )
    for s in found.scores:
        better = ", ".join(f"{d.other} {d.difference:+.3f} [{d.low:+.3f}, {d.high:+.3f}]" for d in s.differences)
        print(f"{s.test} | {s.variant} | {s.method}: {s.mean:.3f} [{s.low:.3f}, {s.high:.3f}] {s.pairs} pairs; less {better}")
    for c in found.costs:
        print(f"{c.method}: {c.passes} passes, {c.seconds:.3f} s of {c.faces} faces")
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s, {time.process_time():.0f} s of processor time", flush=True)
    if given.output:
        write_json({**found.to_dict(), "seconds": seconds, "processor": time.process_time()}, given.output)


def numbers(text: str) -> dict[str, int]:
    """a=1,b=2."""
    return {key: int(value) for key, _, value in (part.partition("=") for part in text.split(",") if part)}


def load(name: str, weights: Path, folder: Path) -> list[Any]:
    """The network, and one of random weights where it can be made."""
    card = load_card(name)
    if name == "mobilefacenet-casia":
        from facespace.explain.fair import randomise_module
        from facespace.explain.white_box import TorchNetwork, open_network

        opened = open_network(name, weights)
        other = TorchNetwork(opened.name, randomise_module(opened.module), opened.preprocess, opened.card)
        return [opened.compiled(), other.compiled()]
    network = load_network(card, weights)
    path = find_weights(card, weights)[0]
    if path.suffix != ".onnx":
        return [network]
    return [network, load_network(card, paths=[randomise_onnx(path, folder / path.name)])]


def method(network: Any, name: str, passes: int | None, given: argparse.Namespace) -> Method:
    """By its name: the paper's, a white-box one, or a black-box one."""
    from facespace.explain import BLACK_BOX

    if name in BLACK_BOX:
        return black_box_method(network, name, passes=passes, seed=given.seed)
    if name == "reconstruction":
        from facespace.explain import load_explainable
        from facespace.explain.fair import paper_method

        return paper_method(load_explainable(given.model, given.shared / "models").compiled())
    from facespace.explain.fair import white_box_method

    return white_box_method(network, name, passes=passes, seed=given.seed)


def faces(shared: Path, template: Any, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(pairs, strangers, same): half genuine; nobody is in two pairs. Strangers are people of other pairs."""
    lfw = shared / "data/protocols/lfw"
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    rows = np.random.default_rng(seed).permutation(len(protocol))
    seen: set[str] = set()
    chosen: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    # The fewer people of the list are in genuine pairs, so these choose first.
    for kind in (True, False):
        for row in rows[protocol.same[rows] == kind].tolist():
            one, other = str(protocol.left[row]), str(protocol.right[row])
            people = {one.split("/")[0], other.split("/")[0]}
            if people & seen or len(chosen[kind]) == (count + (1 if kind else 0)) // 2:
                continue
            seen |= people
            chosen[kind].append((one, other))
    listed = [*chosen[True], *chosen[False]]

    def crop(key: str) -> np.ndarray:
        return align(read_image(shared / f"data/lfw/{key}.jpg"), landmarks[key], template)

    pairs = np.stack([[crop(one), crop(other)] for one, other in listed])
    # Two people of two other pairs; the paper's partner of a wrong map is yet another, see fair_tests.
    strangers = np.stack([np.roll(pairs[:, 0], 5, axis=0), np.roll(pairs[:, 1], 11, axis=0)], axis=1)
    return pairs, strangers, np.repeat([True, False], [len(chosen[True]), len(chosen[False])])


if __name__ == "__main__":
    main()
