"""What a Ray cluster costs beside threads of one process, and what would come of it on 1, 8 and 64 machines.

    python benchmarks/ray_overhead.py [--rows 131072] [--files 8] [--rounds 2] [--width 512]

In one run, by turns, on two sets of made-up people in as many files, in a temporary folder that is removed afterwards:

- statistics of the pairs (`pair_statistics`: ids, then vectors) and `apply_to_files`, each by one thread, by two threads
  (LocalEngine) and by tasks on a Ray cluster of two nodes with one processor each, both on this machine;
- the same files copied by pyarrow, one after the other: read into batches and written, without a product;
- tasks that do nothing, for what Ray itself costs a task.

Medians over the rounds, after one round that starts workers and fills caches. Ratios count, absolute times don't: a machine
that is busy with other work shows so in all of them. The table at the end extrapolates; it says what it assumes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.mapping import PairStatistics, apply_to_files, fit_map, pair_statistics
from facespace.mapping.pairs import Division

PAIRS, TEMPLATES, MACHINES = 10**8, 10**9, (1, 8, 64)
ONE, TWO, RAY, COPY = "one thread", "two threads", "Ray, two nodes", "pyarrow copy"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1 << 17)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--width", type=int, default=512)
    given = parser.parse_args()
    try:
        import ray
        from ray.cluster_utils import Cluster

        from facespace.engine.ray import RayEngine
    except ImportError:
        print('Ray is not installed: pip install "facespace[ray]"')
        return 0
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with tempfile.TemporaryDirectory(prefix="facespace-") as name:
        folder = Path(name)
        sets = make_sets(folder, given.rows, given.files, given.width)
        start = time.perf_counter()
        node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 1 << 30}
        cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        cluster.add_node(**node)
        engines = {ONE: LocalEngine(1), TWO: LocalEngine(2), RAY: RayEngine(cluster.address)}
        up = time.perf_counter() - start
        print(f"{given.rows:,} pairs, widths {given.width}, {given.files} files; two nodes up in {up:.1f} s")
        try:
            measure(folder, sets, engines, given.rounds)
        finally:
            ray.shutdown()
            cluster.shutdown()
    return 0


def make_sets(folder: Path, rows: int, files: int, width: int) -> tuple[Any, Any]:
    """Two networks' embeddings of the same images, five a person."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
    for number, part in enumerate(np.array_split(np.arange(rows), files)):
        person = part // 5
        centre = np.random.default_rng(number).normal(size=(person[-1] - person[0] + 1, width)).astype(np.float32)
        seen = centre[person - person[0]] + 0.7 * rng.standard_normal((len(part), width), np.float32)
        ids = [f"p{p:08d}/{i}" for p, i in zip(person.tolist(), part.tolist(), strict=True)]
        EmbeddingSet(seen, ids, model="old").save(folder / "old" / f"{number:04d}.parquet")
        other = seen @ turn + 0.3 * rng.standard_normal((len(part), width), np.float32)
        EmbeddingSet(other, ids, model="new").save(folder / "new" / f"{number:04d}.parquet")
    return EmbeddingSet.open(folder / "old"), EmbeddingSet.open(folder / "new")


def measure(folder: Path, sets: tuple[Any, Any], engines: dict[str, Any], rounds: int) -> None:
    """Run everything by turns, print medians, ratios and the table."""
    old, new = sets
    small = old.take(np.arange(min(20_000, len(old)))), new.take(np.arange(min(20_000, len(old))))
    fitted = fit_map(*small, "ridge", judge=False)
    found: dict[str, PairStatistics] = {}

    rows_per_file = max(1, len(old) // len(old.files.paths))

    def alone(name: str) -> Any:
        return threadpool_limits(1) if name == ONE else nullcontext()  # or one thread's products would take two

    def fit(name: str) -> None:
        with alone(name):
            found[name] = pair_statistics(old, new, engine=engines[name])

    def move(name: str) -> None:
        with alone(name):
            apply_to_files(fitted, old, folder / "moved", engine=engines[name], rows_per_file=rows_per_file)

    def copy(name: str) -> None:
        (folder / "moved").mkdir()
        for path in old.files.paths:
            with pq.ParquetFile(path) as file, pq.ParquetWriter(folder / "moved" / path.name, file.schema_arrow) as out:
                for batch in file.iter_batches(16384):
                    out.write_batch(batch)

    work: list[tuple[str, str, Callable[[str], None]]] = []
    work += [("statistics", name, fit) for name in engines] + [("apply", name, move) for name in (*engines,)]
    work += [("apply", COPY, copy), ("nothing", RAY, lambda name: list(engines[name].map(_nothing, range(200))) and None)]
    seconds: dict[tuple[str, str], list[float]] = {(what, name): [] for what, name, _ in work}
    for turn in range(rounds + 1):
        for what, name, run in work:
            start = time.perf_counter()
            run(name)
            if turn:
                seconds[what, name].append(time.perf_counter() - start)
            shutil.rmtree(folder / "moved", ignore_errors=True)
    apart = np.abs(found[RAY].cross - found[ONE].cross).max() / np.abs(found[ONE].cross).max()
    print(f"statistics of Ray and of one thread differ by {apart:.1e} of the largest")
    took = {key: statistics.median(times) for key, times in seconds.items()}
    print(f"  {'':10} {'':15} {'seconds':>8} {'lowest to highest':>20} {'speed of two threads':>21} {'of the copy':>12}")
    for what, name, _ in work[:-1]:
        time_of, spread = took[what, name], f"{min(seconds[what, name]):.2f} to {max(seconds[what, name]):.2f}"
        ratios = took[what, TWO] / time_of, took["apply", COPY] / time_of
        print(f"  {what:10} {name:15} {time_of:8.2f} {spread:>20} {ratios[0]:21.2f} {ratios[1]:12.2f}")
    shards = len(old.shards())
    for what in ("statistics", "apply"):
        extra = 1000 * (took[what, RAY] - took[what, TWO]) / shards
        print(f"Ray's overhead, {what}: {extra:.0f} ms for each of {shards} shards against two threads")
    print(f"Ray's own cost of a task that does nothing: {1000 * took['nothing', RAY] / 200:.1f} ms, two at a time")
    table(len(old), took)


def _nothing(task: int) -> int:
    return task


def index_seconds(pairs: int) -> float:
    """What the machine that asks does alone: joins the hashes of ids and divides people into folds; from 2^20 pairs on."""
    rng, n = np.random.default_rng(0), 1 << 20
    ids, people = rng.integers(1, 1 << 63, n, dtype=np.uint64), rng.integers(1, 1 << 63, n // 5, dtype=np.uint64)
    start = time.perf_counter()
    np.searchsorted(ids, ids, sorter=np.argsort(ids))
    Division.of(ids, people[rng.integers(0, len(people), n)], 0)
    return (time.perf_counter() - start) * pairs * np.log(pairs) / (n * np.log(n))


def table(rows: int, took: dict[tuple[str, str], float]) -> None:
    """Hours on more machines, from the rates of two nodes on this one."""
    alone = index_seconds(PAIRS)
    print(f"\nhours on N machines  {'':16}" + "".join(f"{n:>10}" for n in MACHINES))
    for label, what, count, before in (
        ("fit, 10^8 pairs", "statistics", PAIRS, alone),
        ("apply, 10^9 templates", "apply", TEMPLATES, 0),
    ):
        hours = [(before + took[what, RAY] * count / rows / n) / 3600 for n in MACHINES]
        print(f"{label:37}" + "".join(f"{h:10.2f}" for h in hours))
    print(
        "Measured: pairs and templates a second by Ray's tasks on two nodes of one processor each, on this machine, and\n"
        f"what one machine does alone before a fit, {alone:.0f} s (from 2^20 pairs, as n log n; about 80 bytes a pair).\n"
        "Assumed, not measured: a machine is this one's two processors; the rest takes rows / rate / N, so storage that\n"
        "all share is N times as fast as this machine's (whose page cache held the files); the network carries the sums;\n"
        "and neither starting the cluster nor the last additions count."
    )


if __name__ == "__main__":
    sys.exit(main())
