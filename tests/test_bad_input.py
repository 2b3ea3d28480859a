"""Every kind of bad input through the command line: exit code 2, one clear message with the values at fault, no traceback,
no half-written file; with --json the error is the one document on standard output."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.cli import main
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


def _cut(path: Path, source: Path, share: float = 0.6) -> None:
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


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good and bad files; nothing in it is written by the tests."""
    folder = tmp_path_factory.mktemp("bad")
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

    _cut(folder / "cut.parquet", folder / "a.parquet")
    _cut(folder / "cut.npz", folder / "a.npz")
    _cut(folder / "cut.npy", folder / "a.npy")
    (folder / "cut.ids.csv").write_bytes((folder / "a.ids.csv").read_bytes())
    _cut(folder / "cut.safetensors", folder / "map.safetensors")
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
        _cut(folder / "broken" / f"{i}.jpg", folder / "faces" / f"{i}.jpg")
        cv2.imwrite(str(folder / "same" / ("0.jpg" if i else "0.png")), image)
    for name in ("tiny", "cut", "other"):
        (folder / name).mkdir()
        (folder / name / "tiny.toml").write_text(CARD)
    _write_network(folder / "tiny" / "tiny.onnx")
    _cut(folder / "cut" / "tiny.onnx", folder / "tiny" / "tiny.onnx")
    (folder / "typo.toml").write_text(CARD.replace("runtime", "runtme"))
    (folder / "broken.toml").write_text("name = ")
    (folder / "width").mkdir()
    (folder / "width" / "tiny.toml").write_text(CARD.replace("dim = 6", "dim = 7"))
    (folder / "width" / "tiny.onnx").write_bytes((folder / "tiny" / "tiny.onnx").read_bytes())
    return folder


def _write_pairs(path: Path, header: str, rows: list[tuple[object, ...]]) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FACESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)


# {d} is the folder of files above, {o} an empty folder to write to; then words that the message must have.
CASES = {
    # values
    "nan": ("info {d}/nan.parquet", "nan.parquet", "NaN or infinite", "1 of 60", "row 7 (p03/1)"),
    "inf": ("info {d}/inf.parquet", "row 3 (p01/1)"),
    "nan in npz": ("info {d}/nan.npz", "2 of 2", "row 0 (a), row 1 (b)"),
    "zero": ("verify {d}/zero.parquet --pairs {d}/pairs.csv", "zero vectors in 2 of 60", "row 4 (p02/0), row 9 (p04/1)"),
    "zero applied": ("map apply {d}/map.safetensors {d}/zero.parquet -o {o}/x.parquet", "zero.parquet", "zero vectors"),
    "zero fitted": ("map fit {d}/zero.parquet {d}/b.parquet -o {o}/x.safetensors", "zero.parquet", "row 4"),
    # widths
    "widths": ("verify {d}/a.parquet {d}/b.parquet --pairs {d}/pairs.csv", "8", "12"),
    "apply width": ("map apply {d}/map.safetensors {d}/b.parquet -o {o}/x.parquet", "'anna'", "'berta'"),
    "apply bare width": ("map apply {d}/map.safetensors {d}/noname12.npz -o {o}/x.parquet", "width 8", "(60, 12)"),
    "check width": ("map check {d}/map.safetensors {d}/noname12.npz", "width 8", "(60, 12)"),
    "ragged": ("info {d}/ragged.parquet", "different widths", "1, 2"),
    "card width": ("embed {d}/faces --model {d}/width/tiny.toml --aligned -o {o}/x.parquet", "7", "6"),
    # ids
    "twice": ("info {d}/twice.parquet", "duplicate ids: p00/0"),
    "unnamed": ("info {d}/unnamed.parquet", "empty id in row 5"),
    "short": ("info {d}/short.npz", "60 vectors but 59 ids"),
    "no ids": ("info {d}/noids.npz", "no array 'ids'", "vectors"),
    "npy without ids": ("info {d}/noids.npy", "no ids beside it", "noids.ids.csv"),
    "nothing shared": ("map fit {d}/a.parquet {d}/stranger.parquet -o {o}/x.safetensors", "share no id", "p00/0", "other/0"),
    "no pair embedded": (
        "map fit {d}/a.parquet {d}/stranger.parquet --pairs {d}/pairs.csv -o {o}/x.safetensors",
        "none of the 30 genuine pairs",
    ),
    "unknown ids": ("verify {d}/a.parquet --pairs {d}/unknown.csv", "ghost/0", "1 of 61", "--allow-missing"),
    "missing ids": ("verify {d}/fewer.parquet --pairs {d}/pairs.csv", "10 of", "p25/0", "and 5 more"),
    "study without": (
        "study cross-model {d}/fewer.parquet {d}/b.parquet --pairs {d}/folds.csv",
        "p25/0",
        "anna",
    ),
    "images of one id": ("embed {d}/same --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "the id '0'", "0.png"),
    # maps
    "other network": ("map apply {d}/map.safetensors {d}/c.parquet -o {o}/x.parquet", "source is 'anna'", "'carla'"),
    "verify other": (
        "verify {d}/c.parquet {d}/b.parquet --map {d}/map.safetensors --pairs {d}/pairs.csv",
        "source is 'anna'",
        "'carla'",
    ),
    "exchanged": ("verify {d}/b.parquet {d}/a.parquet --map {d}/map.safetensors --pairs {d}/pairs.csv", "exchanged"),
    "map of one": ("verify {d}/a.parquet --map {d}/map.safetensors --pairs {d}/pairs.csv", "only one is given"),
    "set as map": ("map apply {d}/a.parquet {d}/a.parquet -o {o}/x.parquet", "a.parquet can't be read as safetensors"),
    "map as set": ("verify {d}/map.safetensors --pairs {d}/pairs.csv", "'.safetensors'"),
    # files
    "cut parquet": ("info {d}/cut.parquet", "cut.parquet can't be read as Parquet", "truncated"),
    "cut npz": ("verify {d}/cut.npz --pairs {d}/pairs.csv", "cut.npz can't be read as npz", "truncated"),
    "cut npy": ("info {d}/cut.npy", "cut.npy can't be read as npy", "truncated"),
    "cut map": ("map check {d}/cut.safetensors {d}/a.parquet", "cut.safetensors can't be read", "truncated"),
    "cut onnx": ("info {d}/cut/tiny.onnx", "tiny.onnx can't be read as ONNX", "truncated"),
    "cut network": ("embed {d}/faces --model {d}/cut/tiny.toml --aligned -o {o}/x.parquet", "Is the file whole?"),
    "cut network behind": ("map export {d}/map.safetensors --model {d}/cut/tiny.onnx -o {o}/x.onnx", "tiny.onnx"),
    "wider network": ("map export {d}/map.safetensors --model {d}/tiny/tiny.onnx -o {o}/x.onnx", "6", "8"),
    "cut images": ("embed {d}/broken --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "none of the 3", "truncated"),
    "cut bin": ("verify {d}/a.parquet --pairs {d}/cut.bin", "cut.bin"),
    "text": ("info {d}/text.parquet", "text.parquet can't be read as Parquet"),
    "objects": ("info {d}/objects.npy", "objects.npy can't be read"),
    "empty file": ("info {d}/nothing.parquet", "nothing.parquet"),
    "empty npz": ("info {d}/nothing.npz", "nothing.npz"),
    "empty npy": ("info {d}/nothing.npy", "nothing.npy"),
    "empty map": ("info {d}/nothing.safetensors", "nothing.safetensors"),
    "no rows": ("info {d}/empty.parquet", "empty.parquet", "this one is empty"),
    "columns": ("info {d}/columns.parquet", "no column 'vector'", "id, embedding"),
    "scalars": ("info {d}/scalars.parquet", "'vector' is double"),
    "null": ("info {d}/null.parquet", "1 rows have no vector"),
    "one vector": ("info {d}/vector.npz", "must be a matrix", "(4,)"),
    "words": ("info {d}/words.npz", "words.npz", "numbers"),
    "suffix": ("info {d}/set.txt", "'.txt'", ".parquet"),
    "missing set": ("info {d}/none.parquet", "no such file", "none.parquet"),
    "missing map": ("map apply {d}/none.safetensors {d}/a.parquet -o {o}/x.parquet", "no such file", "none.safetensors"),
    "missing pairs": ("verify {d}/a.parquet --pairs {d}/none.csv", "no such file", "none.csv"),
    "missing images": ("embed {d}/none --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "none", "does not exist"),
    "missing card": ("embed {d}/faces --model {d}/none.toml --aligned -o {o}/x.parquet", "no such file", "none.toml"),
    "missing weights": ("embed {d}/faces --model {d}/other/tiny.toml --aligned -o {o}/x.parquet", "tiny.onnx"),
    "folder as set": ("info {d}/faces", "faces", "folder"),
    "no images": ("embed {d}/empty --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "no images in", "empty"),
    "other files": ("embed {d}/notes --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "no images", "1 other files"),
    "file of images": ("embed {d}/a.npz --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "not a folder"),
    # pairs
    "pairs columns": ("verify {d}/a.parquet --pairs {d}/columns.csv", "no column id1, id2, same", "left,right,genuine"),
    "pairs words": ("verify {d}/a.parquet --pairs {d}/words.csv", "words.csv:4", "'maybe'"),
    "pairs ragged": ("verify {d}/a.parquet --pairs {d}/ragged.csv", "ragged.csv:4", "it is 2"),
    "pairs genuine": ("verify {d}/a.parquet --pairs {d}/genuine.csv", "5 genuine and 0 impostor"),
    "pairs empty": ("verify {d}/a.parquet --pairs {d}/nothing.csv", "nothing.csv"),
    "pairs without folds": ("study cross-model {d}/a.parquet {d}/b.parquet --pairs {d}/pairs.csv", "0 folds", "fold"),
    # names
    "model": ("models show openvino-95", "'openvino-95'", "did you mean 'openvino-0095'"),
    "model to embed": ("embed {d}/faces --model edgefacexs --aligned -o {o}/x.parquet", "did you mean 'edgeface-xs'"),
    "method": ("map fit {d}/a.parquet {d}/b.parquet --method rigde -o {o}/x.safetensors", "did you mean 'ridge'"),
    "methods": (
        "study cross-model {d}/a.parquet {d}/b.parquet --pairs {d}/folds.csv --methods rotate",
        "did you mean 'rotation'",
    ),
    "pairing": (
        "study cross-model {d}/a.parquet {d}/b.parquet --pairs {d}/folds.csv --pairing math",
        "did you mean 'matched'",
    ),
    "detector": ("embed {d}/faces --model {d}/tiny/tiny.toml --detector yunett -o {o}/x.parquet", "did you mean 'yunet'"),
    "card key": ("embed {d}/faces --model {d}/typo.toml --aligned -o {o}/x.parquet", "'runtme'", "did you mean 'runtime'"),
    "card text": ("models add {d}/broken.toml", "broken.toml is not TOML"),
    # numbers
    "alpha": ("map fit {d}/a.parquet {d}/b.parquet --method ridge --alpha much -o {o}/x.safetensors", "--alpha much"),
    "alpha below": ("map fit {d}/a.parquet {d}/b.parquet --method ridge --alpha -1 -o {o}/x.safetensors", "-1"),
    "study alpha": (
        "study cross-model {d}/a.parquet {d}/b.parquet --pairs {d}/folds.csv --methods ridge --alpha -2",
        "-2",
    ),
    "alpha nan": ("map fit {d}/a.parquet {d}/b.parquet --method ridge --alpha nan -o {o}/x.safetensors", "nan"),
    "rank": ("map fit {d}/a.parquet {d}/b.parquet --method reduced-rank --rank 0 -o {o}/x.safetensors", "got 0"),
    "far": ("verify {d}/a.parquet --pairs {d}/pairs.csv --far 1e-2,often", "'often'"),
    # outputs
    "under a file": ("map fit {d}/a.parquet {d}/b.parquet --method ridge -o {d}/a.npz/x.safetensors", "can't write"),
    "apply under a file": ("map apply {d}/map.safetensors {d}/a.parquet -o {d}/a.npz/x.parquet", "can't write", "a.npz"),
    "embed under a file": ("embed {d}/faces --model {d}/tiny/tiny.toml --aligned -o {d}/a.npz/x.npz", "can't write"),
    "export under a file": ("map export {d}/map.safetensors -o {d}/a.npz/x.onnx", "can't write", "a.npz"),
    "report under a file": ("verify {d}/a.parquet --pairs {d}/pairs.csv -o {d}/a.npz/x", "can't write", "a.npz"),
    "report is a file": ("verify {d}/a.parquet --pairs {d}/pairs.csv -o {d}/a.npz", "can't write", "a.npz"),
    "demo under a file": ("demo -o {d}/a.npz/demo", "can't write", "a.npz"),
    "set is a folder": ("map apply {d}/map.safetensors {d}/a.parquet -o {d}/folder.parquet", "it is a folder"),
    "map is a folder": ("map fit {d}/a.parquet {d}/b.parquet --method ols -o {d}/folder.safetensors", "it is a folder"),
    "embed is a folder": ("embed {d}/faces --model {d}/tiny/tiny.toml --aligned -o {d}/folder.parquet", "it is a folder"),
    "set suffix": ("map apply {d}/map.safetensors {d}/a.parquet -o {o}/x.txt", "x.txt", ".parquet"),
    "map suffix": ("map fit {d}/a.parquet {d}/b.parquet -o {o}/x.npz", "x.npz", ".safetensors"),
    "embed suffix": ("embed {d}/faces --model {d}/tiny/tiny.toml --aligned -o {o}/x.txt", "x.txt", ".parquet"),
}  # fmt: skip


def _run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="session", autouse=True)
def _more(bad):
    (bad / "folder.parquet").mkdir()
    (bad / "folder.safetensors").mkdir()
    y = EmbeddingSet.load(bad / "b.parquet").vectors
    np.savez(bad / "noname12.npz", vectors=y, ids=IDS)


def _state(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case, bad, tmp_path, capsys):
    line, *words = [text.format(d=bad, o=tmp_path / "out") for text in CASES[case]]
    out = tmp_path / "out"
    out.mkdir()
    arguments = shlex.split(line)
    before = _state(bad)
    code, printed, said = _run(capsys, *arguments)
    assert (code, printed) == (2, "")
    assert said.startswith("error: ")
    assert "Traceback" not in said
    for word in words:
        assert word in " ".join(said.split())
    code, printed, said = _run(capsys, *arguments, "--json")
    error = json.loads(printed)["error"]
    assert (code, said) == (2, "")
    assert set(error) == {"type", "message", "hint"}
    assert all(isinstance(value, str) for value in error.values())
    assert error["type"].endswith("Error")
    for word in words:
        assert word in f"{error['message']} {error['hint']}"
    assert list(out.iterdir()) == []
    assert _state(bad) == before


COMMANDS = (
    "",
    "demo",
    "embed",
    "info",
    "verify",
    "models",
    "models list",
    "models show",
    "models add",
    "map",
    "map fit",
    "map apply",
    "map export",
    "map check",
    "study",
    "study cross-model",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    code, out, err = _run(capsys, *command.split(), "--help")
    assert (code, err) == (0, "")
    assert f"Usage: facespace{' ' * bool(command)}{command}" in " ".join(out.split())


def test_help_lists_the_commands_in_the_order_of_the_work(capsys):
    text = _run(capsys, "--help")[1]
    names = [word for line in text.splitlines() if (word := line.strip("│ ").split(" ")[0]) in COMMANDS[1:]]
    assert names == ["demo", "models", "embed", "info", "map", "verify", "study"]


def test_every_command_takes_json_and_quiet(capsys):
    for command in COMMANDS:
        if command in ("", "models", "map", "study"):
            continue
        _, out, _ = _run(capsys, *command.split(), "--help")
        for option in ("--json", "--quiet", "-q"):
            assert option in out, command


def test_version(capsys):
    from facespace import __version__

    assert _run(capsys, "--version") == (0, f"facespace {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verfiy"], ["No such command 'verfiy'", "Did you mean 'verify'"]),
        (["map", "aply"], ["No such command 'aply'", "apply"]),
        (["study", "cross-modell"], ["cross-model"]),
        (["verify"], ["Missing argument"]),
        (["verify", "a.parquet", "--pears", "x"], ["--pears", "--pairs"]),
        (["info", "a", "b"], ["unexpected extra argument"]),
        (["embed", "x", "--model", "y", "-o", "z", "--workers", "some"], ["Invalid value for '--workers'"]),
        (["embed", "x", "--model", "y", "-o", "z", "--batch-size", "0"], ["Invalid value for '--batch-size'"]),
        (["map", "check", "only-one"], ["Missing argument"]),
    ],
)
def test_usage_errors_exit_with_two_and_suggest(arguments, words, capsys):
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    for word in words:
        assert word in " ".join(err.split())
    code, out, err = _run(capsys, *arguments, "--json")
    error = json.loads(out)["error"]
    assert (code, err, error["type"]) == (2, "", "UsageError")
    assert words[0] in error["message"]


def test_bad_rows_of_the_second_set_name_its_file(bad, capsys):
    code, _, err = _run(capsys, "verify", bad / "a.parquet", bad / "nan.parquet", "--pairs", bad / "pairs.csv")
    assert code == 2
    assert "nan.parquet" in err
    assert "a.parquet" not in err


def test_single_bad_images_are_listed_and_counted(bad, tmp_path, capsys):
    faces = tmp_path / "faces"
    faces.mkdir()
    for i in range(3):
        (faces / f"{i}.jpg").write_bytes((bad / "faces" / f"{i}.jpg").read_bytes())
    _cut(faces / "9.jpg", bad / "faces" / "0.jpg")
    command = ("embed", faces, "--model", bad / "tiny" / "tiny.toml", "--aligned", "-o", tmp_path / "x.parquet", "--json")
    code, out, _ = _run(capsys, *command)
    told = json.loads(out)
    assert code == 0
    assert (told["images"], told["embedded"]) == (4, 3)
    assert [s["id"] for s in told["skipped"]] == ["9"]
    assert "truncated" in told["skipped"][0]["detail"]
