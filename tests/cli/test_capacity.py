from __future__ import annotations

import csv
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


def test_whom_the_system_confuses_is_a_table_of_all_people(run, made, tmp_path):
    file = tmp_path / "confused.csv"
    document = run.json("capacity", made, "--q", "0.1", "--dim", 3, "--fnir", "0.1", "--confused", file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 60
    assert [row["id"] for row in rows[:20]] == [one["id"] for one in document["gallery_size"]["confused"]]
    assert int(rows[0]["others"]) == len(rows[0]["matches"].split()) > 0
    assert run("capacity", made, "--confused", tmp_path / "confused.txt") == 2
    assert "is a .csv file" in run.err


def test_networks_are_compared_by_the_flag_or_the_command(run, made, tmp_path):
    faces = EmbeddingSet.load(made)
    noisy = faces.vectors + 0.4 * np.random.default_rng(1).normal(size=faces.vectors.shape)
    other = EmbeddingSet(noisy, faces.ids, model="noisy").save(tmp_path / "noisy.parquet")
    document = run.json("capacity", "--compare", other, made, "--fnir", "0.1", "--no-bound")
    assert [one["model"] for one in document["networks"]] == ["made", "noisy"]
    assert run("capacity", "compare", other, made, "--fnir", "0.1", "--no-bound") == 0
    assert "By made it holds" in " ".join(run.out.split())
    assert max(map(len, run.out.splitlines())) <= 80


def test_the_plan_says_what_two_images_do(run, made):
    assert run("capacity", "plan", made, "--fnir", "0.1") == 0
    text = " ".join(run.out.split())
    assert "Two images, pooled:" in text
    assert "What other targets allow" in text
    assert max(map(len, run.out.splitlines())) <= 80


def test_bad_options_are_named(run, made):
    assert run("capacity", made, "--q", "0.1,few") == 2
    assert "'few' is not a number" in run.err
    assert run("capacity", made, "--shape", "cube") == 2
    assert "unknown shape 'cube'" in run.err


def test_without_torch_the_student_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("capacity", "student", "--images", tmp_path, "-o", tmp_path / "s.safetensors") == 2
    assert "facespace[torch]" in run.err
