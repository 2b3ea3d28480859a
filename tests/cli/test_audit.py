from __future__ import annotations

import json

import pytest
from map_command import Run, write_sets

from facespace.embeddings import EmbeddingSet
from facespace.io import jsonable
from facespace.privacy import audit_linkage

OPTIONS = ("--leaked", "4,12", "--repeats", 2, "--fpir", "0.2")


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_sets(tmp_path_factory.mktemp("sets"))


def test_the_document_is_the_library_s_result(run, made):
    document = run.json("audit", "linkage", made / "a.parquet", made / "b.parquet", *OPTIONS, "--seed", 2)
    assert document.pop("files") == []
    sets = [EmbeddingSet.load(made / f"{name}.parquet") for name in "ab"]
    expected = audit_linkage(*sets, leaked=(4, 12), repeats=2, fpirs=(0.2,), seed=2)
    assert document == jsonable(expected)
    assert any("4 images are in one of the sets only" in warning for warning in document["warnings"])


def test_the_report_and_its_files(run, made, tmp_path):
    folder = tmp_path / "new" / "audit"
    code = run("audit", "linkage", made / "a.parquet", made / "b.parquet", *OPTIONS, "-o", folder)
    assert code == 0
    for name in ("report.html", "results.json", "figures/rank1.svg", "figures/rank1.png"):
        assert (folder / name).stat().st_size > 0
    assert len(json.loads((folder / "results.json").read_text())["points"]) == 4
    shown = " ".join(run.out.split())
    for part in ("leaked pairs", "A → B", "rank-1", "A is net-a, B is net-b", "linkage|source:net-a", "non-mated probes"):
        assert part in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--leaked", "4,many"), "'many' is not a whole number"),
        (("--leaked", "5000"), "5,000 leaked pairs are more than"),
        (("--leaked", "4", "--fpir", "x"), "'x' is not a number"),
        (("--leaked", "4", "--fpir", "2"), "below 1"),
        (("--leaked", "4", "--method", "rigde"), "did you mean 'ridge'"),
    ],
)
def test_bad_options_say_what_is_wrong(run, made, options, message):
    error = run.error("audit", "linkage", made / "a.parquet", made / "b.parquet", *options)
    assert message in error["message"]


def test_help_lists_the_command(run):
    assert run("audit", "--help") == 0
    assert "linkage" in run.out
