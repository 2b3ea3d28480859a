from __future__ import annotations

import numpy as np
import pytest
from map_command import Run

from facespace.embeddings import EmbeddingSet
from facespace.mapping import LinearMap


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Few common images a and b; galleries left, right of 400 people on other images, and right-other of other people."""
    folder = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(840), 4)
    latent = rng.normal(size=(840, 20))[person] + 0.3 * rng.normal(size=(len(person), 20))
    image = np.tile(np.arange(4), 840)
    rows = {
        "a": (person >= 800) & (image == 0),
        "left": (person < 400) & (image < 2),
        "right": (person < 400) & (image >= 2),
        "right-other": (person >= 400) & (person < 800) & (image >= 2),
    }
    for model, width, names in (("net-a", 26, ("a", "left")), ("net-b", 24, ("a", "right", "right-other"))):
        strengths = np.exp(rng.normal(0, 0.5, size=20))
        x = (latent * strengths) @ np.linalg.qr(rng.normal(size=(width, width)))[0][:20]
        x += 0.05 * rng.normal(size=x.shape)
        for name in names:
            ids = [f"{name}{i}" for i in np.flatnonzero(rows[name])]
            file = "b" if (model, name) == ("net-b", "a") else name
            EmbeddingSet(x[rows[name]], ids, model=model).save(folder / f"{file}.parquet")
    return folder


@pytest.fixture
def fitted(run, made, tmp_path):
    files = tmp_path / "m.safetensors", tmp_path / "s.safetensors"
    method = ("--method", "rotation", "--no-center")
    sets = made / "a.parquet", made / "b.parquet"
    assert run("map", "fit", *sets, "-o", files[0], "--statistics", files[1], *method, "-q") == 0
    return files


def test_refine_writes_a_map_and_its_record(run, made, fitted, tmp_path):
    out = tmp_path / "r.safetensors"
    arguments = ("map", "refine", fitted[0], made / "left.parquet", made / "right.parquet", "-o", out)
    document = run.json(*arguments, "--statistics", fitted[1])
    assert document["converged"] is True
    assert document["held_out"] > document["by_chance"]
    assert document["files"] == [str(out)]
    assert document["method"] == "refine"
    assert document["start"] == "rotation"
    assert {"family", "accepted", "mutual", "margin", "agreement", "pair_agreement"} == set(document["record"][0])
    assert LinearMap.load(out).facts["pairs"] == document["matches"]


def test_refine_shows_iterations(run, made, fitted, tmp_path):
    out = tmp_path / "r.safetensors"
    assert run("map", "refine", fitted[0], made / "left.parquet", made / "right.parquet", "-o", out) == 0
    for part in ("net-a → net-b", "rigid", "canonical", "held-out matches found again", "random start"):
        assert part in " ".join(run.out.split())


def test_a_refused_map_is_not_written(run, made, fitted, tmp_path):
    out = tmp_path / "r.safetensors"
    error = run.error("map", "refine", fitted[0], made / "left.parquet", made / "right-other.parquet", "-o", out)
    assert error["type"] == "RefineRefused"
    assert "confirm each other" in error["message"]
    assert "same people" in error["hint"]
    assert not out.exists()


def test_wrong_use_is_named_before_the_work(run, made, fitted, tmp_path):
    sets = made / "left.parquet", made / "right.parquet"
    assert ".safetensors" in run.error("map", "refine", fitted[0], *sets, "-o", tmp_path / "r.npz")["message"]
    error = run.error("map", "refine", fitted[0], *sets[::-1], "-o", tmp_path / "r.safetensors")
    assert error["type"] in ("InputError", "DimensionError")
