"""`facespace audit mixture`, the warnings of info and verify, and `map fit --robust --disagreeing`."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from map_command import Run

from facespace.datasets import demo_sets
from facespace.embeddings import EmbeddingSet


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixture")
    dlib, other, own = demo_sets()[0], demo_sets()[1], demo_sets()[3]
    rows = np.random.default_rng(0).permutation(len(own))[:1500]
    own = own.take(rows)
    foreign = np.random.default_rng(0).random(len(own)) < 0.1
    vectors = np.where(foreign[:, None], other.normalized()[other.rows(own.ids)], own.normalized())
    EmbeddingSet(vectors, own.ids, subject=own.subject, model="mixed").save(folder / "mixed.parquet")
    own.save(folder / "clean.parquet")
    broken = own.vectors.copy()
    broken[:300] = np.roll(broken[:300], 1, axis=0)
    EmbeddingSet(broken, own.ids, subject=own.subject, model="broken").save(folder / "broken.parquet")
    dlib.take(dlib.rows(own.ids)).save(folder / "dlib.parquet")
    return folder


@pytest.fixture
def run(capsys):
    return Run(capsys)


def test_the_audit_lists_the_templates_and_writes_a_report(made, run, tmp_path):
    listed = tmp_path / "named.csv"
    found = run.json("audit", "mixture", made / "mixed.parquet", "--templates", listed, "-o", tmp_path / "out")
    assert found["verdict"] == "two networks"
    rows = list(csv.DictReader(listed.read_text().splitlines()))
    assert len(rows) == found["foreign"]
    assert rows[0]["id"] == found["strangest"][0]["id"]
    assert {"report.html", "results.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert run("audit", "mixture", made / "mixed.parquet") == 0
    assert "Two networks:" in run.out
    assert max(map(len, run.out.splitlines())) <= 80


def test_info_warns_of_the_mixed_set_alone(made, run):
    assert "facespace audit mixture" in run.json("info", made / "mixed.parquet")["warnings"][0]
    assert run.json("info", made / "clean.parquet")["warnings"] == []


def test_map_fit_warns_of_it_too(made, run, tmp_path):
    command = ("map", "fit", made / "mixed.parquet", made / "dlib.parquet", "-o", tmp_path / "m.safetensors")
    found = run.json(*command, "--method", "ridge")
    assert any("the source seems to hold templates of two networks" in warning for warning in found["warnings"])


def test_pairs_that_disagree_are_written_and_left_out(made, run, tmp_path):
    listed = tmp_path / "disagreeing.csv"
    command = ("map", "fit", made / "dlib.parquet", made / "broken.parquet", "-o", tmp_path / "m.safetensors")
    found = run.json(*command, "--method", "ridge", "--robust", "--disagreeing", listed)
    assert 270 <= found["robust"]["broken"] <= 310
    assert (
        len(list(csv.DictReader(listed.read_text().splitlines())))
        == found["robust"]["broken"]
        == found["correspondence"]["broken"]
    )
    assert found["pairs"] == 1500 - found["robust"]["broken"]
    assert (
        "--robust leaves some out" in run.error(*command, "--robust", "--statistics", tmp_path / "s.safetensors")["message"]
    )
    assert run(*command, "--method", "ridge", "--robust") == 0
    assert "don't seem to correspond were left out" in run.out
