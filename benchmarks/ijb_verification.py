"""Claim: IJB-C-size verification is at least 5 times faster than the usual script, with equal TARs, in 6 s and 2.5 GB.

    python benchmarks/ijb_verification.py [--scale 1] [--workers 2] [--folder FOLDER]

On made-up data of IJB-C's size (`facespace.datasets.synthetic_ijb`: 469,375 faces, 23,124 templates, 15,658,489 pairs).
The peer has the stages of insightface's ijb_11.py (validation/oracles/insightface_ijbc.py): its loop over templates, its
gather of both templates of every pair in batches of 100,000 with the sum of their products (in float32, which halves its
memory and seconds: the original's float64 is `--double`), scikit-learn's `roc_curve` over all scores, and the nearest-FAR
reading. Reading files and loading embeddings is not counted on either side (the seconds of our readers are printed).
Intervals are not part of the comparison, because the script has none; their seconds are printed.

Each side runs in a process of its own, so that peak memory (ru_maxrss, embeddings included) is its own; ours also runs one
cross-model evaluation. Equal means: nearest-FAR TARs of facespace's curve and the script's reading of scikit-learn's are
the same on the script's own scores, the TARs of the definition are those of a full sort of facespace's scores, and both
sides' TARs agree to 2e-4 (float32 sums in another order move scores by 1e-7, and with them pairs at the threshold).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "validation"))
FARS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


class Clock:
    """Wall and CPU seconds by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str, work: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.stages[stage] = time.perf_counter() - wall, time.process_time() - cpu
        return result


def peer(folder: Path, double: bool) -> dict[str, Any]:
    from oracles.insightface_ijbc import nearest_tars, pair_scores, pooled_templates

    arrays = np.load(folder / "lists.npz")
    lists = {name: arrays[name] for name in arrays.files}
    features = np.load(folder / "network-0.npy")
    clock = Clock()
    pooled, names = clock("pooling", lambda: pooled_templates(features, lists["template"], lists["media"]))
    if not double:
        pooled = pooled.astype(np.float32)
    score = clock("scoring", lambda: pair_scores(pooled, names, lists["left"], lists["right"]))
    tars = clock("ROC", lambda: nearest_tars(lists["same"], score, FARS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # before our own curve is made for the comparison
    from facespace.metrics import Roc

    same = lists["same"].astype(bool)
    own = Roc(score[same], score[~same])
    ours = [own.tar_at_nearest_far(far).tar for far in FARS]
    defined = [own.tar_at_far(far).tar for far in FARS]
    return {"stages": clock.stages, "peak": peak, "nearest": tars, "nearest_by_our_curve": ours, "defined": defined}


# --- facespace -----------------------------------------------------------------------------------------------------


def ours(folder: Path, cross: bool, intervals: bool, workers: int) -> dict[str, Any]:
    from facespace.datasets import read_ijb
    from facespace.embeddings import EmbeddingSet
    from facespace.mapping import LinearMap
    from facespace.templates import merge_shards, pool_templates, score_templates

    clock, reading = Clock(), Clock()
    protocol = reading("read lists", lambda: read_ijb(folder / "meta", "ijbc"))

    def load(network: int) -> EmbeddingSet:
        return EmbeddingSet(np.load(folder / f"network-{network}.npy", mmap_mode="r"), protocol.images, model=str(network))

    def pooled(network: int) -> EmbeddingSet:
        faces = reading(f"load {network}", lambda: load(network))
        return clock(f"pooling {network}", lambda: pool_templates(faces, protocol, workers=workers))

    sets = [pooled(network) for network in ((0, 1) if cross else (0,))]
    linear = LinearMap.load(folder / "map.safetensors") if cross else None
    shard = clock(
        "scoring and counting",
        lambda: score_templates(*sets, protocol=protocol, map=linear, fars=FARS, keep_scores=intervals, workers=workers),
    )
    result = clock("ROC", lambda: merge_shards([shard], fars=FARS, nearest=True, intervals=False))
    found = {
        "stages": clock.stages,
        "reading": reading.stages,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "nearest": [row.tar for row in result.nearest],
        "defined": [row.tar for row in result.tar],
    }
    if intervals:
        from facespace.metrics import Roc

        clock("intervals", lambda: merge_shards([shard], fars=FARS))
        full = Roc(shard.scores[shard.same], shard.scores[~shard.same])
        rows = [full.tar_at_far(far) for far in FARS]
        near = [full.tar_at_nearest_far(far).tar for far in FARS]
        found["equal"] = bool(
            [(r.tar, r.threshold, r.false_accepts) for r in rows]
            == [(r.tar, r.threshold, r.false_accepts) for r in result.tar]
            and near == found["nearest"]
        )
        found["intervals"] = clock.stages.pop("intervals")
    return found


def prepare(folder: Path, scale: float) -> None:
    from facespace.datasets.synthetic_ijb import synthetic_ijb
    from facespace.embeddings import EmbeddingSet
    from facespace.mapping import fit_map

    made = synthetic_ijb(scale)
    made.write(folder / "meta")
    np.savez(
        folder / "lists.npz",
        template=made.template.astype(np.int64),
        media=made.media.astype(np.int64),
        left=made.left.astype(np.int64),
        right=made.right.astype(np.int64),
        same=made.same.astype(np.int64),
    )
    # As in the paper: the maps are fitted on the enrolled images.
    enrolled = int(np.searchsorted(made.template, int(made.left.max()) + 1))
    ids = [str(i) for i in range(enrolled)]
    sets = []
    for network in (0, 1):
        vectors = made.embed(network)
        np.save(folder / f"network-{network}.npy", vectors)
        sets.append(EmbeddingSet(vectors[:enrolled], ids, model=str(network)))
        del vectors
    fit_map(*sets, method="ols").save(folder / "map.safetensors")


def run(role: str, folder: Path, workers: int, *more: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--role", role, "--folder", str(folder), "--workers", str(workers), *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(name: str, found: dict[str, Any]) -> float:
    wall = sum(seconds for seconds, _ in found["stages"].values())
    stages = ", ".join(f"{stage} {seconds:.2f} (CPU {cpu:.2f})" for stage, (seconds, cpu) in found["stages"].items())
    print(f"{name:12} {wall:6.1f} s   peak {found['peak'] / 1024**2:.2f} GB   {stages}", flush=True)
    return wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--floor", type=float, default=5.0, help="exit 1 if the ratio is below this")
    parser.add_argument("--folder", type=Path, help="where the data is or will be made; a temporary folder by default")
    parser.add_argument("--double", action="store_true", help="let the script score in float64, as the original does")
    parser.add_argument("--role", choices=("peer", "native", "cross", "checked"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        found = peer(options.folder, options.double) if options.role == "peer" else None
        if found is None:
            found = ours(options.folder, options.role == "cross", options.role == "checked", options.workers)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "map.safetensors").exists():
            start = time.perf_counter()
            folder.mkdir(parents=True, exist_ok=True)
            prepare(folder, options.scale)
            print(f"data made in {time.perf_counter() - start:.0f} s")
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(options.workers))
        native, cross, checked = (run(role, folder, options.workers) for role in ("native", "cross", "checked"))
        plain = run("peer", folder, options.workers, *(["--double"] if options.double else []))
    wall = show("facespace", native)
    across = show("cross-model", cross)
    theirs = show("script", plain)
    ratio = theirs / wall
    print(
        f"ratio        {ratio:6.1f}   (cross-model against twice the script's pooling: "
        f"{(theirs + plain['stages']['pooling'][0]) / across:.1f})"
    )
    reading = ", ".join(f"{stage} {seconds:.1f} s" for stage, (seconds, _) in native["reading"].items())
    print(f"before that: {reading}; intervals over people {checked['intervals'][0]:.1f} s more")
    print("FAR          " + "".join(f"{far:>9g}" for far in FARS))
    for name, rates in (
        ("facespace", native["defined"]),
        ("  nearest", native["nearest"]),
        ("script", plain["nearest"]),
        ("cross-model", cross["defined"]),
    ):
        print(f"{name:13}" + "".join(f"{100 * rate:9.3f}" for rate in rates))
    equal = (
        checked["equal"]
        and checked["defined"] == native["defined"]
        and plain["nearest_by_our_curve"] == plain["nearest"]
        and np.allclose(native["nearest"], plain["nearest"], rtol=0, atol=2e-4)
        and np.allclose(native["defined"], plain["defined"], rtol=0, atol=2e-4)
    )
    print(f"TARs {'equal' if equal else 'DIFFER'}")
    raise SystemExit(0 if equal and ratio >= options.floor else 1)


if __name__ == "__main__":
    main()
