from __future__ import annotations

import json

import numpy as np
import pytest
from map_command import Run

from facespace.embeddings import EmbeddingSet
from facespace.io import jsonable
from facespace.privacy import audit_attributes, audit_protections, read_labels

OPTIONS = ("--only", "plain,rotation,1-bit", "--leaked", "0,6,24", "--repeats", 1, "--fpir", "0.2")


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two sets of 60 people, and labels of their images."""
    folder = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 4)
    latent = rng.normal(size=(60, 10))[person] + 0.3 * rng.normal(size=(240, 10))
    ids = [f"p{p:02d}/{i}" for i, p in enumerate(person)]
    for name, width in (("a", 12), ("b", 14)):
        turn = np.linalg.qr(rng.normal(size=(width, width)))[0][:10]
        EmbeddingSet(latent @ turn, ids, model=f"net-{name}", subject=[i[:3] for i in ids]).save(folder / f"{name}.parquet")
    rows = [
        f"{i},{'high' if x > 0 else 'low'},{n % 2 or ''}" for n, (i, x) in enumerate(zip(ids, latent[:, 0], strict=True))
    ]
    (folder / "labels.csv").write_text("\n".join(["id,first,odd", *rows]))
    return folder


def test_the_document_is_the_library_s_result(run, made):
    document = run.json("audit", "protections", made / "a.parquet", made / "b.parquet", *OPTIONS, "--seed", 2)
    assert document.pop("files") == []
    sets = [EmbeddingSet.load(made / f"{name}.parquet") for name in "ab"]
    expected = audit_protections(
        sets[0],
        sets[1:],
        only=["plain", "rotation", "1-bit"],
        leaked=(0, 6, 24),
        repeats=1,
        refine=False,
        fpirs=(0.2,),
        seed=2,
    )
    assert document == jsonable(expected)


def test_the_report_and_its_files(run, made, tmp_path):
    folder = tmp_path / "new" / "audit"
    assert run("audit", "protections", made / "a.parquet", *OPTIONS, "-o", folder) == 0
    for name in ("report.html", "results.json", "figures/rank1.svg", "figures/named-same.png"):
        assert (folder / name).stat().st_size > 0
    assert {p["protection"] for p in json.loads((folder / "results.json").read_text())["points"]} == {
        "plain",
        "rotation",
        "1-bit",
    }
    shown = " ".join(run.out.split())
    for part in ("Plain templates name", "rotation", "D_sys", "protections|model:net-a"):
        assert part in shown


def test_attributes_are_those_of_the_table(run, made, tmp_path):
    words = ("audit", "attributes", made / "a.parquet", "--labels", made / "labels.csv", "--only", "rotation")
    document = run.json(*words, "--columns", "first", "-o", tmp_path / "out")
    assert [name.rpartition("/")[2] for name in document.pop("files")] == [
        "report.html", "attribute-1.svg", "attribute-1.png", "results.json",
    ]  # fmt: skip
    table = read_labels(made / "labels.csv", ["first"])
    assert document == jsonable(audit_attributes(EmbeddingSet.load(made / "a.parquet"), table, only=["rotation"]))
    assert run(*words, "--columns", "first") == 0
    assert "first: a probe reads" in " ".join(run.out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("protections", "a.parquet", "--only", "rotatoin"), "did you mean 'rotation'"),
        (("protections", "a.parquet", "--only", "plain", "--leaked", "0,many"), "'many' is not a whole number"),
        (("protections", "a.parquet", "--only", "plain", "--leaked", "5000"), "5,000 leaked pairs are more than"),
        (("attributes", "a.parquet", "--labels", "labels.csv", "--columns", "sex"), "no column 'sex'"),
        (("attributes", "a.parquet", "--labels", "labels.csv", "--columns", "odd"), "has 1 classes"),
        (("attributes", "a.parquet", "--labels", "none.csv"), "none.csv"),
    ],
)
def test_bad_options_say_what_is_wrong(run, made, monkeypatch, words, message):
    monkeypatch.chdir(made)
    assert message in run.error("audit", *words)["message"]
