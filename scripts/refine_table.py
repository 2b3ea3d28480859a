"""Print what refine loses on LFW with few pairs: the table of `facespace.refine_map`.

    python scripts/refine_table.py SETS PAIRS.txt [--pairs 10,25,50] [--repeats 5] [--first 0] [--folds 2] [--models A:B,…]

SETS is a folder of NAME.parquet, embeddings of all LFW images; PAIRS.txt LFW's ten folds. In each run one fold is held
out; of the images of the other folds' people n are the pairs (both networks saw them), the others of each person are
dealt in turn to the source gallery and the target gallery. The start is spectral, U Σ^¼ Vᵀ, uncentred. Repeat r holds out
folds r · FOLDS, r · FOLDS + 1, … (mod 10): with 5 repeats and 2 folds every fold once. Losses are in points against the
target's own accuracy on the same folds; refused runs are counted, and are not in the mean.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from facespace.datasets import PairProtocol, read_lfw_pairs
from facespace.embeddings import EmbeddingSet
from facespace.mapping import LinearMap, PairStatistics, RefineRefused, SpectralMap, refine_map
from facespace.metrics import best_threshold

MODELS = (
    "mobilefacenet-ms1m:mobilefacenet-casia,mobilefacenet-casia:mobilefacenet-ms1m,mobilefacenet-ms1m:insightface-y1,"
    "insightface-y1:mobilefacenet-ms1m,openvino-0095:mobilefacenet-ms1m,insightface-y1:mobilefacenet-casia"
)


def spectral_start(statistics: PairStatistics) -> LinearMap:
    """The uncentred map U Σ^¼ Vᵀ of the pairs."""
    estimator = SpectralMap(center=False).fit_statistics(statistics)
    return LinearMap.from_estimator(estimator, statistics, facts={"method": "spectral"})


def divide(
    faces: EmbeddingSet, protocol: PairProtocol, fold: int, n: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the n start pairs, of the source gallery and of the target gallery; nobody of `fold` is in them."""
    rng = np.random.default_rng([seed, fold, n])
    ids, folds = protocol.fold_of_ids()
    subject = faces.subject
    assert subject is not None
    fold_of = dict(zip(subject[faces.rows(ids)].tolist(), folds.tolist(), strict=True))
    place = np.array([fold_of.get(name, fold) for name in subject.tolist()])
    rows = rng.permutation(np.flatnonzero(place != fold))
    start, rest = rows[:n], rows[n:]
    rest = rest[np.argsort(subject[rest], kind="stable")]
    _, first, person = np.unique(subject[rest], return_index=True, return_inverse=True)
    side = (np.arange(len(rest)) - first[person] + rng.integers(0, 2, len(first))[person]) % 2
    return start, rest[side == 0], rest[side == 1]


def accuracy(x: np.ndarray, y: np.ndarray, same: np.ndarray, held: np.ndarray) -> float:
    """Percent right on the held-out pairs with the best threshold of the others, of cosines of rows of x and y."""
    scores = np.einsum("ij,ij->i", x, y) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    cut = best_threshold(scores[~held], same[~held])[0]
    return 100 * float(np.mean((scores[held] >= cut) == same[held]))


def one_run(source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol, fold: int, n: int, seed: int) -> dict:
    """Accuracies of the target's own, the start's and the refined map on one held-out fold."""
    target = target.select(source.ids)
    start_rows, left, right = divide(source, protocol, fold, n, seed)
    names = {"source_model": source.model, "target_model": target.model}
    pairs = PairStatistics.of(source.normalized()[start_rows], target.normalized()[start_rows], **names)
    start = spectral_start(pairs)
    held = protocol.fold == fold
    a, b = source.rows(protocol.left), target.rows(protocol.right)
    own = target.normalized()
    found = {"native": accuracy(own[target.rows(protocol.left)], own[b], protocol.same, held)}

    def score(fitted: LinearMap) -> float:
        return accuracy(fitted.probe(source.vectors)[a], fitted.reference(target.vectors)[b], protocol.same, held)

    found["start"] = score(start)
    began = time.perf_counter()
    try:
        result = refine_map(start, source.take(left), target.take(right), statistics=pairs, seed=seed)
    except RefineRefused as refused:
        return found | {"refused": refused.message, "seconds": time.perf_counter() - began}
    facts = {"held_out": result.held_out, "by_chance": result.by_chance, "iterations": len(result.record)}
    return found | facts | {"refined": score(result.map), "seconds": time.perf_counter() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("protocol", type=Path)
    parser.add_argument("--pairs", default="10,25,50")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="number of the first repeat, to divide the work")
    parser.add_argument("--folds", type=int, default=2, help="held-out folds per repeat")
    parser.add_argument("--models", default=MODELS)
    options = parser.parse_args()
    protocol = read_lfw_pairs(options.protocol)
    kept: dict[str, EmbeddingSet] = {}
    for n in (int(v) for v in options.pairs.split(",")):
        everything: list[dict] = []
        for pair in options.models.split(","):
            a, b = pair.split(":")
            for name in (a, b):
                kept.setdefault(name, EmbeddingSet.load(options.sets / f"{name}.parquet"))
            runs = [
                one_run(kept[a], kept[b], protocol, (repeat * options.folds + i) % 10, n, repeat)
                for repeat in range(options.first, options.first + options.repeats)
                for i in range(options.folds)
            ]
            everything += runs
            print(f"{n:4d} pairs  {a} → {b}: {summary(runs)}", flush=True)
        print(f"{n:4d} pairs  all: {summary(everything)}\n", flush=True)


def summary(runs: list[dict]) -> str:
    done = [run for run in runs if "refined" in run]
    start = np.mean([run["native"] - run["start"] for run in runs])
    seconds = np.mean([run["seconds"] for run in runs])
    text = f"loss before {start:5.2f}, refused {len(runs) - len(done)} of {len(runs)}"
    if done:
        losses = np.array([run["native"] - run["refined"] for run in done])
        native = np.mean([run["native"] for run in runs])
        confirmed = np.mean([run["held_out"] for run in done]), np.mean([run["by_chance"] for run in done])
        text += f", native {native:.2f}, loss refined mean {losses.mean():.2f} max {losses.max():.2f}, "
        text += f"held out {confirmed[0]:.3f} (by chance {confirmed[1]:.3f})"
    return f"{text}, {seconds:.0f} s a run"


if __name__ == "__main__":
    main()
