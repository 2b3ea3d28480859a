from __future__ import annotations

import json

import numpy as np
import pytest
from map_command import Run, write_sets

from facespace.embeddings import EmbeddingSet
from facespace.mapping import PairStatistics, fit_map, pair_statistics


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_sets(tmp_path_factory.mktemp("sets"))


def test_set_is_described_by_its_numbers(run, made):
    document = run.json("info", made / "b.parquet")
    unit = EmbeddingSet.load(made / "b.parquet").normalized()
    assert document["mean_length"] == pytest.approx(float(np.linalg.norm(unit.mean(axis=0))), abs=1e-6)
    assert document["bytes"] == (made / "b.parquet").stat().st_size
    for key, value in {
        "kind": "set",
        "rows": 116,
        "dim": 10,
        "model": "net-b",
        "columns": {"subject": {"distinct": 40}},
        "metadata": {"licence": "MIT"},
    }.items():
        assert document[key] == value


def test_set_on_the_terminal(run, made):
    assert run("info", made / "b.parquet") == 0
    for part in ("116 embeddings", "10 numbers", "net-b", "kB", "column subject: 40 distinct", "licence: MIT"):
        assert part in " ".join(run.out.split())


def test_map_is_described_by_its_facts(run, made, tmp_path):
    a, b = EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet")
    path = fit_map(a, b, "reduced-rank", rank=4).save(tmp_path / "m.safetensors")
    document = run.json("info", path)
    assert (document["kind"], document["rank"], document["pairs"]) == ("map", 4, 116)
    assert run("info", path) == 0
    assert "reduced-rank" in run.out
    assert "rank 4" in run.out


def test_undetermined_directions_of_a_map_are_shown(run, made, tmp_path):
    a, b = EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet")
    path = fit_map(a.select(b.ids[:5]), b, "ols").save(tmp_path / "m.safetensors")
    assert run("info", path) == 0
    assert "8 source directions are in no pair" in run.out


def test_statistics_are_described(run, made, tmp_path):
    total = pair_statistics(EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet"))
    document = run.json("info", total.save(tmp_path / "s.safetensors"))
    assert (document["kind"], document["pairs"], document["source_rank"]) == ("statistics", 116, 12)
    assert document["source_mean_length"] == pytest.approx(float(np.linalg.norm(total.source.mean)))
    assert run("info", tmp_path / "s.safetensors") == 0
    assert "statistics of 116 pairs" in run.out


def test_empty_statistics_are_described(run, tmp_path):
    path = PairStatistics.empty(3, 2).save(tmp_path / "s.safetensors")
    assert run.json("info", path)["source_rank"] == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jpg", b"\xff\xd8", "unknown ending '.jpg'"),
        ("x", b"", "unknown ending ''"),
        ("x.parquet", b"PAR1", "can't be read as Parquet"),
        ("x.npz", b"PK", "can't be read as npz"),
        ("x.npy", b"", "can't be read as npy"),
        ("x.safetensors", b"\x08", "can't be read as safetensors"),
        ("x.onnx", b"\x08\x07", "can't be read as ONNX"),
    ],
)
def test_other_and_broken_files_are_one_friendly_error(run, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    error = run.error("info", tmp_path / name)
    assert error["type"] == "FileFormatError"
    assert message in error["message"]
    assert error["hint"]


def test_networks_with_names_that_are_no_text_are_one_friendly_error(run, made, tmp_path):
    """onnxruntime by itself prints to standard output of these."""
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    path = tmp_path / "m.onnx"
    a, b = EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet")
    fit_map(a, b, "ols").to_onnx(path)
    whole = path.read_bytes()
    for name in (b"embedding", b"mapped", b"net-a", b"batch"):
        assert name in whole
        path.write_bytes(whole.replace(name, b"\xff" * len(name)))
        assert "can't be read as ONNX" in run.error("info", path)["message"]


def test_nothing_and_folders_are_friendly_errors(run, tmp_path):
    assert "no such file" in run.error("info", tmp_path / "none.parquet")["message"]
    assert "holds no Parquet files" in run.error("info", tmp_path)["message"]


def test_copies_are_counted_and_named(run, tmp_path):
    x = np.random.default_rng(0).normal(size=(12, 8))
    x[1], x[9] = x[0] * (1 + 1e-5), x[5]
    EmbeddingSet(x, [f"p{i // 3}/{i}" for i in range(12)]).save(tmp_path / "s.parquet")
    assert run.json("info", tmp_path / "s.parquet")["copies"] == {"images": 2, "of_two_people": 2}
    assert run("info", tmp_path / "s.parquet") == 0
    assert "! 2 images are copies of others: p0/1 = p0/0, p3/9 = p1/5" in run.out
    assert "! 2 images have the vector of another person's: p3/9 = p1/5" in run.out


def test_a_guessed_set_is_told_in_one_line_and_columns_can_be_said(run, tmp_path):
    (tmp_path / "s.jsonl").write_text('{"face_id": "a/1", "emb": [1, 2], "person": "x"}\n')
    assert run("info", tmp_path / "s.jsonl", "--json") == 0
    assert json.loads(run.out)["metadata"] == {"columns": "face_id as id, emb as vector, person as subject"}
    assert run.err == f"! {tmp_path}/s.jsonl was read with face_id as id, emb as vector, person as subject\n"
    assert run("info", tmp_path / "s.jsonl") == 0
    assert "face_id as id" in run.err  # said every time
    said = run.json("info", f"{tmp_path}/s.jsonl:id=face_id,vector=emb,subject=")
    assert (run.err, said["columns"], said["first_ids"]) == ("", {}, ["a/1"])
    assert run.error("info", f"{tmp_path}/s.jsonl:id=faceid")["message"].startswith(
        f"{tmp_path}/s.jsonl has no column 'faceid'"
    )
    assert "did you mean 'vector'" in run.error("info", f"{tmp_path}/s.jsonl:vectr=emb")["message"]
    (tmp_path / "s.jsonl:id=1.npy").write_bytes(b"")
    assert "can't be read as npy" in run.error("info", tmp_path / "s.jsonl:id=1.npy")["message"]  # a file's own name


def test_safetensors_of_others_are_sets(run, tmp_path):
    from safetensors.numpy import save_file

    save_file({"vectors": np.eye(2, dtype=np.float32)}, tmp_path / "s.safetensors", {"ids": '["a", "b"]'})
    assert run.json("info", tmp_path / "s.safetensors")["rows"] == 2
