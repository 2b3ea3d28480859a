"""What a newcomer has: images in one sub-folder a person, embedded by two networks, and no list of anything."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.cli import main
from facespace.datasets import person_pairs
from facespace.embeddings import EmbeddingSet
from facespace.verification import System, compare_systems, verify


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """40 people with three images each, by two networks that are a map apart: paths of two sets."""
    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(0)
    ids = [f"p{n // 3:02d}/{n % 3}" for n in range(120)]
    faces = np.repeat(rng.normal(size=(40, 12)), 3, axis=0) + 0.4 * rng.normal(size=(120, 12))
    for name in ("one", "two"):
        turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
        EmbeddingSet(faces @ turn + 0.1 * rng.normal(size=faces.shape), ids, model=name).save(folder / f"{name}.parquet")
    return folder / "one.parquet", folder / "two.parquet"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([*map(str, arguments)])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return call


def test_verify_makes_pairs_and_says_so(run, sets, tmp_path):
    document = json.loads(run("verify", sets[0], "--json", "--seed", "3", "-o", tmp_path / "out"))
    assert (document["genuine"], document["impostor"]) == (120, 120)
    assert "120 images of 40 people, in 10 folds that share nobody (seed 3): all 120 genuine" in document["warnings"][0]
    assert document["signature"].startswith("people|")
    assert "10-protocol" in document["signature"]
    assert "in 10 folds that share nobody (seed 3)" in (tmp_path / "out/report.html").read_text()
    faces = EmbeddingSet.load(sets[0])
    assert verify(faces, seed=3).auc == document["auc"]
    assert verify(faces, protocol=person_pairs(faces, seed=3), seed=3).signature == document["signature"]


def test_verify_takes_the_number_of_impostors(run, sets):
    document = json.loads(run("verify", sets[0], "--impostors", "500", "--json"))
    assert (document["genuine"], document["impostor"]) == (120, 500)


def test_impostors_go_with_made_pairs_only(capsys, sets, tmp_path):
    (tmp_path / "pairs.csv").write_text("id1,id2,same\np00/0,p00/1,1\np00/0,p01/1,0\n")
    assert main(["verify", str(sets[0]), "--pairs", str(tmp_path / "pairs.csv"), "--impostors", "5"]) == 2
    assert "made of the people" in capsys.readouterr().err


def test_two_systems_are_compared_on_the_images_that_both_have(run, sets, tmp_path):
    two = EmbeddingSet.load(sets[1])
    two.take(np.arange(90)).save(tmp_path / "part.parquet")
    document = json.loads(run("verify", sets[0], "--against", tmp_path / "part.parquet", "--json"))
    assert document["pairs"] == 180
    assert "90 images of 30 people" in document["warnings"][0]
    part = EmbeddingSet.load(tmp_path / "part.parquet")
    found = compare_systems(System(EmbeddingSet.load(sets[0])), System(part))
    assert found.warnings[0] == document["warnings"][0]


def test_rates_are_told_apart_at_eighty_columns(run, sets, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = run("verify", sets[0], "--against", sets[1])
    for name in ("TAR@0.1", "TAR@0.01", "TAR@1e-3", "TAR@1e-4"):
        assert f" {name} " in out


@pytest.mark.parametrize("more", [[], ["--against"]])
def test_the_report_is_named(run, sets, tmp_path, more):
    out = run("verify", sets[0], *more, *([sets[1]] if more else []), "-o", tmp_path / "r")
    assert f"Report: {tmp_path / 'r/report.html'}" in out.replace("\n", "")
    document = json.loads((tmp_path / "r/results.json").read_text())
    assert str(tmp_path / "r/report.html") in document["files"]


def test_cross_model_makes_folds(run, sets):
    document = json.loads(run("study", "cross-model", *sets, "--methods", "ridge,identity", "--json"))
    assert "120 images of 40 people, in 10 folds that share nobody (seed 0)" in document["warnings"][0]
    ridge, identity = document["summary"]
    assert ridge["mean_loss_target"] < 0.1 < identity["mean_loss_target"]


def test_templates_divide_the_people_where_nobody_has_a_single_image(run, sets):
    document = json.loads(run("study", "templates", *sets, "--no-intervals", "--json"))
    assert document["fit"] == {"images": 60, "people": 20, "people_in_pairs": 0, "images_in_templates": 0}
    assert (document["people"], document["genuine"]) == (20, 20)
    assert "60 images of 20 people (half of those with several, seed 0)" in document["warnings"][0]


def test_the_audit_leaks_what_the_sets_have(run, sets):
    document = json.loads(run("audit", "linkage", *sets, "--repeats", "2", "--json"))
    assert sorted({point["leaked"] for point in document["points"]}) == [10, 25, 50]
    assert document["warnings"][0].startswith("100 and 400 leaked pairs were left out")


def test_asking_the_audit_for_too_many_pairs_is_still_an_error(capsys, sets):
    assert main(["audit", "linkage", *map(str, sets), "--leaked", "400"]) == 2
    assert "400 leaked pairs are more than" in capsys.readouterr().err


def test_refusals_to_refine_are_one_warning(run, sets):
    document = json.loads(run("audit", "linkage", *sets, "--repeats", "2", "--refine", "--json"))
    refused = [text for text in document["warnings"] if "refused" in text]
    assert sum(point["refused"] for point in document["points"]) > 2
    assert len(refused) == 1
    assert "10 pairs of one → two" in refused[0]
    assert "10 pairs of two → one" in refused[0]


def test_scores_of_every_pair_can_be_had(run, sets, tmp_path):
    document = json.loads(run("verify", sets[0], "--scores", tmp_path / "s.csv", "--json"))
    assert document["files"] == [str(tmp_path / "s.csv")]
    lines = (tmp_path / "s.csv").read_text().splitlines()
    assert lines[0] == "id1,id2,same,fold,score"
    assert len(lines) == 1 + document["pairs"]


def test_probes_of_nobody_known_get_names_all_the_same(run, sets, tmp_path, capsys):
    faces = EmbeddingSet.load(sets[0])
    first = np.array([i.endswith("0") for i in faces.ids])
    faces.take(np.flatnonzero(first)).save(tmp_path / "gallery.parquet")
    rest = faces.take(np.flatnonzero(~first))
    rest.save(tmp_path / "probes.parquet")
    loose = EmbeddingSet(rest.vectors, [i.replace("/", "-") for i in rest.ids], model=rest.model)
    loose.save(tmp_path / "loose.parquet")
    known = run("identify", tmp_path / "gallery.parquet", tmp_path / "probes.parquet", "--matches", tmp_path / "known.csv")
    assert f"Table: {tmp_path / 'known.csv'}" in known.replace("\n", "")
    out = run(
        "identify", tmp_path / "gallery.parquet", tmp_path / "loose.parquet", "--matches", tmp_path / "m.csv",
        "--threshold", "0.5", "--json",
    )  # fmt: skip
    document = json.loads(out)
    rows = [line.split(",") for line in (tmp_path / "m.csv").read_text().splitlines()]
    assert rows[0] == ["probe", "person", "gallery_id", "score", "above_threshold", "shown"]
    assert document["answered"]["threshold"] == sum(row[4] == "1" for row in rows[1:])
    assert sum(row[0].startswith(row[1]) for row in rows[1:]) > 70
    named = [line.split(",")[1:4] for line in (tmp_path / "known.csv").read_text().splitlines()]
    assert named[1:] == [row[1:4] for row in rows[1:]]
    assert main(["identify", str(tmp_path / "gallery.parquet"), str(tmp_path / "loose.parquet"), "--threshold", "1"]) == 2
    assert "--matches" in capsys.readouterr().err
