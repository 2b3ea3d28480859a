from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from map_command import Run

from facespace.capacity import estimate
from facespace.embeddings import EmbeddingSet


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(estimate, "_STEPS", 20)
    monkeypatch.setattr(estimate, "_FEW_STEPS", 5)
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 4)
    vectors = rng.normal(size=(60, 6))[person] + 0.4 * rng.normal(size=(240, 6))
    ids = [f"p{p}/{i}" for i, p in enumerate(person)]
    return EmbeddingSet(vectors, ids, model="made").save(tmp_path / "made.parquet")


def test_the_document_and_the_report(run, made, tmp_path):
    folder = tmp_path / "out"
    document = run.json("capacity", made, "--q", "0.1,0.01", "--validate", "--class", "median", "-o", folder)
    assert [p["q"] for p in document["points"][:2]] == [0.1, 0.01]
    assert document["class"] == "median"
    assert document["validation"]
    assert json.loads((folder / "results.json").read_text())["points"] == document["points"]
    assert (folder / "figures" / "limits.png").stat().st_size > 0


def test_a_person_reads_the_answer_the_table_and_the_warnings(run, made):
    code = run("capacity", made, "--q", "0.01", "--dim", 3)
    text = " ".join(run.out.split())
    assert code == 0
    assert text.startswith("The gallery may hold")
    assert "At most" in text
    assert "What the number hangs on" in text
    assert "capacity|model:made" in text.replace(" ", "")


def test_what_is_to_be_left_out_is_a_file_of_ids(run, made, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("p0/0\np0/1\n\np1/4\n")
    document = run.json("capacity", made, "--q", "0.1", "--dim", 3, "--exclude", names, "--fpir", "0.05", "--fnir", "0.1")
    assert document["counts"]["excluded"] == 3
    assert document["gallery_size"]["counts"]["excluded"] == 3
    assert (document["gallery_size"]["fpir"], document["gallery_size"]["fnir"]) == (0.05, 0.1)
    names.write_text("p99/0\n")
    assert run("capacity", made, "--exclude", names) == 2
    assert "not in the set: p99/0" in " ".join(run.err.split())
    assert run("capacity", made, "--fpir", "2") == 2
    assert "fpir must be above 0 and below 1, not 2" in run.err


def test_bad_options_are_named(run, made):
    assert run("capacity", made, "--q", "0.1,few") == 2
    assert "'few' is not a number" in run.err
    assert run("capacity", made, "--shape", "cube") == 2
    assert "unknown shape 'cube'" in run.err


def test_without_torch_the_student_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("capacity", "student", "--images", tmp_path, "-o", tmp_path / "s.safetensors") == 2
    assert "facespace[torch]" in run.err
