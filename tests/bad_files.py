"""A folder of good and bad files of every kind that the command line reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.mapping import fit_map

N = 60
IDS = [f"p{i // 2:02d}/{i % 2}" for i in range(N)]
CARD = """
name = "tiny"
runtime = "onnx"
dim = 6
files = [{ name = "tiny.onnx" }]
input = { mean = 127.5, std = 127.5 }
alignment = { template = "arcface" }
"""


def _write_parquet(path: Path, vectors: np.ndarray, ids: list[str]) -> None:
    """Past EmbeddingSet, which would refuse to make such a set."""
    values = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    table = {"id": pa.array(ids), "vector": pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])}
    pq.write_table(pa.table(table), path)


def cut(path: Path, source: Path, share: float = 0.6) -> None:
    data = source.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def _write_network(path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[56, 56], strides=[56, 56]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    ends = [("input", [None, 3, 112, 112]), ("embedding", [None, 6])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    matrix = np.random.default_rng(0).normal(size=(12, 6)).astype(np.float32)
    graph = helper.make_graph(nodes, "tiny", values[:1], values[1:], [numpy_helper.from_array(matrix, "matrix")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def _write_pairs(path: Path, header: str, rows: list[tuple[object, ...]]) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def write_bad_files(folder: Path) -> None:
    """Writes them all."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(N // 2, 8)), 2, axis=0) + 0.2 * rng.normal(size=(N, 8))
    y = x @ rng.normal(size=(8, 12))
    a, b = EmbeddingSet(x, IDS, model="anna"), EmbeddingSet(y, IDS, model="berta")
    a.save(folder / "a.parquet")
    b.save(folder / "b.parquet")
    EmbeddingSet(x, IDS, model="carla").save(folder / "c.parquet")
    EmbeddingSet(y, [f"other/{i}" for i in range(N)], model="berta").save(folder / "stranger.parquet")
    a.take(np.arange(50)).save(folder / "fewer.parquet")
    a.save(folder / "a.npz")
    a.save(folder / "a.npy")
    fitted = fit_map(a, b, "ridge")
    fitted.save(folder / "map.safetensors")

    for name, row, value in (("nan", 7, np.nan), ("inf", 3, -np.inf)):
        spoiled = x.copy()
        spoiled[row, 2] = value
        _write_parquet(folder / f"{name}.parquet", spoiled, IDS)
    zero = x.copy()
    zero[[4, 9]] = 0
    _write_parquet(folder / "zero.parquet", zero, IDS)
    _write_parquet(folder / "twice.parquet", x, [*IDS[:-1], IDS[0]])
    _write_parquet(folder / "unnamed.parquet", x, [*IDS[:5], "", *IDS[6:]])
    np.savez(folder / "nan.npz", vectors=np.full((2, 3), np.nan), ids=["a", "b"])
    np.savez(folder / "short.npz", vectors=x, ids=IDS[:-1])
    np.savez(folder / "noids.npz", vectors=x)
    np.savez(folder / "vector.npz", vectors=np.ones(4), ids=["a", "b", "c", "d"])
    np.savez(folder / "words.npz", vectors=np.array([["one", "two"]]), ids=["a"])
    np.save(folder / "noids.npy", x)
    np.save(folder / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    pq.write_table(pa.table({"id": IDS, "embedding": [0.0] * N}), folder / "columns.parquet")
    pq.write_table(pa.table({"id": IDS, "vector": [0.5] * N}), folder / "scalars.parquet")
    pq.write_table(pa.table({"id": ["a", "b"], "vector": [[1.0, 2.0], [1.0]]}), folder / "ragged.parquet")
    pq.write_table(pa.table({"id": ["a", "b"], "vector": [[1.0, 2.0], None]}), folder / "null.parquet")
    schema = pa.schema([("id", pa.string()), ("vector", pa.list_(pa.float32(), 3))])
    pq.write_table(schema.empty_table(), folder / "empty.parquet")

    cut(folder / "cut.parquet", folder / "a.parquet")
    cut(folder / "cut.npz", folder / "a.npz")
    cut(folder / "cut.npy", folder / "a.npy")
    (folder / "cut.ids.csv").write_bytes((folder / "a.ids.csv").read_bytes())
    cut(folder / "cut.safetensors", folder / "map.safetensors")
    (folder / "text.parquet").write_text("id,vector\n")
    (folder / "nothing.parquet").write_bytes(b"")
    (folder / "nothing.npz").write_bytes(b"")
    (folder / "nothing.npy").write_bytes(b"")
    (folder / "nothing.safetensors").write_bytes(b"")
    (folder / "set.txt").write_text("a")

    pairs = [(f"p{i:02d}/0", f"p{i:02d}/1", 1) for i in range(30)]
    pairs += [(f"p{i:02d}/0", f"p{(i + 1) % 30:02d}/1", 0) for i in range(30)]
    # No image in two folds: impostor partners are taken from the same ten people.
    closed = [(a, b if s else f"p{int(a[1:3]) // 10 * 10 + (int(a[1:3]) + 1) % 10:02d}/1", s) for a, b, s in pairs]
    _write_pairs(folder / "pairs.csv", "id1,id2,same", pairs)
    _write_pairs(folder / "columns.csv", "left,right,genuine", pairs)
    _write_pairs(folder / "unknown.csv", "id1,id2,same", [*pairs, ("ghost/0", "p00/0", 0)])
    _write_pairs(folder / "words.csv", "id1,id2,same", [*pairs[:2], ("p00/0", "p00/1", "maybe")])
    _write_pairs(folder / "genuine.csv", "id1,id2,same", pairs[:5])
    _write_pairs(folder / "ragged.csv", "id1,id2,same", [*pairs[:2], ("p00/0", "p00/1")])
    _write_pairs(folder / "folds.csv", "id1,id2,same,fold", [(*p, int(p[0][1:3]) // 10) for p in closed])
    (folder / "nothing.csv").write_text("")
    (folder / "cut.bin").write_bytes(b"\x80\x04\x95\xff")

    (folder / "empty").mkdir()
    (folder / "notes").mkdir()
    (folder / "notes" / "readme.txt").write_text("no image")
    (folder / "faces").mkdir()
    (folder / "broken").mkdir()
    (folder / "same").mkdir()
    for i in range(3):
        image = rng.integers(0, 256, (112, 112, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "faces" / f"{i}.jpg"), image)
        cut(folder / "broken" / f"{i}.jpg", folder / "faces" / f"{i}.jpg")
        cv2.imwrite(str(folder / "same" / ("0.jpg" if i else "0.png")), image)
    for name in ("tiny", "cut", "other"):
        (folder / name).mkdir()
        (folder / name / "tiny.toml").write_text(CARD)
    _write_network(folder / "tiny" / "tiny.onnx")
    cut(folder / "cut" / "tiny.onnx", folder / "tiny" / "tiny.onnx")
    (folder / "typo.toml").write_text(CARD.replace("runtime", "runtme"))
    (folder / "broken.toml").write_text("name = ")
    (folder / "width").mkdir()
    (folder / "width" / "tiny.toml").write_text(CARD.replace("dim = 6", "dim = 7"))
    (folder / "width" / "tiny.onnx").write_bytes((folder / "tiny" / "tiny.onnx").read_bytes())
    (folder / "folder.parquet").mkdir()
    (folder / "folder.safetensors").mkdir()
    np.savez(folder / "noname12.npz", vectors=y, ids=IDS)
