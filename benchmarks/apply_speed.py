"""Claim: `map apply` from Parquet to Parquet keeps pace with copying the same files through pyarrow.

    python benchmarks/apply_speed.py SET_FOLDER MAP [--rounds 2]

SET_FOLDER is a folder of Parquet files (benchmarks/large_sets.py leaves some). Side by side in one run: `cp`, pyarrow alone
(each file: read, write with the same compression), ours with one and with two threads, and where they are installed Polars,
DuckDB and Daft with the same product as a function of a batch. Prints seconds, and ratios to pyarrow's copy.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facespace import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.mapping import LinearMap, apply_to_files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("map", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    paths, fitted = sorted(given.faces.glob("*.parquet")), LinearMap.load(given.map)
    weight, bias = fitted.weight, fitted.bias

    def product(vectors: np.ndarray) -> np.ndarray:
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)) @ weight + bias

    def lists(made: np.ndarray) -> pa.Array:
        return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(made, np.float32).reshape(-1)), made.shape[1])

    def matrix(column: pa.Array) -> np.ndarray:
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)

    def cp(out: Path) -> None:
        for path in paths:
            shutil.copyfile(path, out / path.name)

    def pyarrow(out: Path) -> None:
        for path in paths:
            with (
                pq.ParquetFile(path) as file,
                pq.ParquetWriter(out / path.name, file.schema_arrow, compression="zstd") as to,
            ):
                for batch in file.iter_batches(16384):
                    to.write_batch(batch)

    def pyarrow_two(out: Path) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda path: one(path, out), paths))

    def one(path: Path, out: Path) -> None:
        with pq.ParquetFile(path) as file, pq.ParquetWriter(out / path.name, file.schema_arrow, compression="zstd") as to:
            for batch in file.iter_batches(16384, use_threads=False):
                to.write_batch(batch)

    def ours(workers: int) -> Callable[[Path], None]:
        def run(out: Path) -> None:
            apply_to_files(fitted, EmbeddingSet.open(given.faces), out / "set", engine=LocalEngine(workers))

        return run

    def polars(out: Path) -> None:
        import polars as pl

        for path in paths:
            frame = pl.scan_parquet(path).with_columns(
                pl.col("vector").map_batches(
                    lambda s: pl.Series(product(s.to_numpy())), return_dtype=pl.Array(pl.Float32, weight.shape[1])
                )
            )
            frame.sink_parquet(out / path.name, compression="zstd")

    def duckdb(out: Path) -> None:
        import duckdb as db

        con = db.connect()
        width = weight.shape[1]
        con.create_function(
            "moved", lambda column: lists(product(matrix(column.combine_chunks()))), [f"FLOAT[{weight.shape[0]}]"],
            f"FLOAT[{width}]", type="arrow",
        )  # fmt: skip
        for path in paths:
            con.execute(
                f"COPY (SELECT id, moved(vector::FLOAT[{weight.shape[0]}]) AS vector FROM '{path}') "
                f"TO '{out / path.name}' (FORMAT parquet, COMPRESSION zstd)"
            )

    def daft(out: Path) -> None:
        import daft

        kind = daft.DataType.fixed_size_list(daft.DataType.float32(), weight.shape[1])

        @daft.udf(return_dtype=kind, batch_size=16384)
        def moved(column: daft.Series) -> pa.Array:
            return lists(product(matrix(column.to_arrow())))

        frame = daft.read_parquet([str(path) for path in paths])
        frame.with_column("vector", moved(frame["vector"])).write_parquet(str(out), compression="zstd")

    ways = {"cp": cp, "pyarrow copy": pyarrow, "pyarrow copy, 2 threads": pyarrow_two}
    ways |= {"facespace, 1 thread": ours(1), "facespace, 2 threads": ours(2)}
    ways |= {name: way for name, way in {"polars": polars, "duckdb": duckdb, "daft": daft}.items()
             if importlib.util.find_spec(name)}  # fmt: skip
    best = dict.fromkeys(ways, np.inf)
    for _ in range(given.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory(dir=given.faces.parent) as folder:
                start = time.perf_counter()
                try:
                    way(Path(folder))
                except Exception as error:
                    print(f"{name}: {type(error).__name__}: {str(error)[:200]}")
                    best[name] = np.nan
                    continue
                best[name] = min(best[name], time.perf_counter() - start)
    rows = len(EmbeddingSet.open(given.faces))
    print(f"{rows:,} × {weight.shape[0]} → {weight.shape[1]}, {len(paths)} files; best of {given.rounds}")
    print(f"{'':<26}{'seconds':>9}{'speed of pyarrow copy':>24}")
    for name, seconds in best.items():
        print(f"{name:<26}{seconds:>9.1f}{best['pyarrow copy'] / seconds:>24.2f}")


if __name__ == "__main__":
    main()
