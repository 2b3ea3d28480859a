"""Every kind of bad input through the command line: exit code 2, one clear message with the values at fault, no traceback,
no half-written file; with --json the error is the one document on standard output."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from bad_files import cut, write_bad_files

from facespace.cli import main


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good and bad files; nothing in it is written by the tests."""
    folder = tmp_path_factory.mktemp("bad")
    write_bad_files(folder)
    return folder


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
    "no ids": ("info {d}/noids.npz", "no array 'id'", "vectors"),
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
    "images of one id": ("embed {d}/same --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "share: '0' (", "0.png"),
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
    "map as set": ("verify {d}/map.safetensors --pairs {d}/pairs.csv", "map.safetensors holds 'map', not a set"),
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
    "other files": ("embed {d}/notes --model {d}/tiny/tiny.toml --aligned -o {o}/x.parquet", "1 file is no image"),
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
    cut(faces / "9.jpg", bad / "faces" / "0.jpg")
    command = ("embed", faces, "--model", bad / "tiny" / "tiny.toml", "--aligned", "-o", tmp_path / "x.parquet", "--json")
    code, out, _ = _run(capsys, *command)
    told = json.loads(out)
    assert code == 0
    assert (told["images"], told["embedded"]) == (4, 3)
    assert [s["id"] for s in told["skipped"]] == ["9"]
    assert "truncated" in told["skipped"][0]["detail"]
