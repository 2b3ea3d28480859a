from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from facespace import datasets
from facespace.cli import main
from facespace.datasets import demo, demo_protocol, demo_sets
from facespace.io import jsonable
from facespace.studies import cross_model_study

NEEDS_DEMO = pytest.mark.skipif(not (demo.FOLDER / "pairs.csv").exists(), reason="the demo's embeddings are not here")
CELL = {"source", "target", "pairing", "method", "chosen", "accuracy", "sd", "loss_target", "loss_poorer"}


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    """The three sets and the pairs as files."""
    folder = tmp_path_factory.mktemp("sets")
    sets = [faces.save(folder / f"{faces.model}.parquet") for faces in world.sets]
    protocol = world.protocol
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        rows = zip(protocol.left, protocol.right, protocol.same.astype(int), protocol.fold, strict=True)
        writer.writerows(rows)
    return sets, folder / "people.csv"


def test_the_json_document_is_the_library_s_result(run, files, world):
    methods = ("ridge", "identity")
    code, out, err = run(
        "study", "cross-model", *files[0], "--pairs", files[1], "--methods", ",".join(methods), "--json", "--seed", 3
    )
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document.pop("files") == []
    expected = jsonable(cross_model_study(world.sets, world.protocol, methods=methods, seed=3))
    assert document == expected
    assert "|seed:3|" in document["signature"]


def test_the_report_and_the_document_name_its_files(run, files, tmp_path):
    folder = tmp_path / "new" / "study"
    command = ("study", "cross-model", *files[0], "--pairs", files[1], "--methods", "rotation", "-o", folder, "--json")
    code, out, _ = run(*command)
    document = json.loads(out)
    assert code == 0
    assert json.loads((folder / "results.json").read_text()) == document
    written = {str(p) for p in folder.rglob("*") if p.is_file()}
    assert set(document["files"]) == written
    assert {p.rsplit("/", 1)[-1] for p in written} >= {"report.html", "results.json", "cross-model.png", "roc.svg"}


def test_the_terminal_answers_first_and_names_the_report(run, files, tmp_path):
    code, out, _ = run(
        "study", "cross-model", *files[0], "--pairs", files[1], "--methods", "ridge,identity", "-o", tmp_path / "study"
    )
    assert code == 0
    assert out.startswith("Yes")
    for word in ("small", "medium", "wide", "ridge", "identity", "worst pair", "cross-model|", "report.html"):
        assert "".join(word.split()) in "".join(out.split())  # wherever a long path made it wrap
    assert run("study", "cross-model", *files[0], "--pairs", files[1], "--methods", "identity", "-q")[:2] == (0, "")


def test_both_pairings_and_the_papers_form(run, files):
    code, out, _ = run(
        *("study", "cross-model", *files[0][:2], "--pairs", files[1], "--methods", "ridge", "--json"),
        *("--pairing", "same,matched", "--no-center", "--alpha", "2"),
    )
    document = json.loads(out)
    assert code == 0
    assert {c["pairing"] for c in document["cells"]} == {"same", "matched"}
    assert "|pairing:same+matched|methods:ridge|alpha:2.0|center:False|" in document["signature"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{a}", "--pairs", "{pairs}"], ["at least two sets; got 1"]),
        (["{a}", "{a}", "--pairs", "{pairs}"], ["small, small"]),
        (["{a}", "{b}", "--pairs", "{pairs}", "--methods", "ridgge"], ["'ridgge'", "did you mean 'ridge'"]),
        (["{a}", "{b}", "--pairs", "{pairs}", "--methods", ","], ["no method"]),
        (["{a}", "{b}", "--pairs", "{pairs}", "--pairing", "machted"], ["'machted'", "did you mean 'matched'"]),
        (["{a}", "{b}", "--pairs", "none.csv"], ["no such file", "none.csv"]),
        (["{a}", "none.parquet", "--pairs", "{pairs}"], ["no such file", "none.parquet"]),
        (["{a}", "{b}", "--pairs", "{pairs}", "--methods", "identity", "-o", "{a}/out"], ["can't write", "small.parquet"]),
        (["{a}", "{b}", "--pairs", "{pairs}", "--methods", "identity", "-o", "{a}"], ["can't write", "small.parquet"]),
    ],
)
def test_mistakes_exit_with_two(run, files, arguments, words):
    filled = [a.format(a=files[0][0], b=files[0][1], pairs=files[1]) for a in arguments]
    code, out, err = run("study", "cross-model", *filled)
    assert (code, out) == (2, "")
    for word in words:
        assert word in " ".join(err.split())
    code, out, err = run("study", "cross-model", *filled, "--json")
    assert (code, err) == (2, "")
    assert set(json.loads(out)["error"]) == {"type", "message", "hint"}


@NEEDS_DEMO
def test_the_demo_s_data_are_whole_and_tell_nobody_s_name():
    sets, protocol = demo_sets(), demo_protocol()
    assert len(sets) >= 4
    assert len({f.model for f in sets}) == len(sets)
    assert len({f.dim for f in sets}) >= 2
    assert (len(protocol), int(protocol.same.sum()), protocol.n_folds) == (6000, 3000, 10)
    assert [len(protocol.take(protocol.fold == f)) for f in range(10)] == [600] * 10
    people = {}
    for faces in sets:
        assert len(faces) == 7701
        assert sorted(faces.ids) == sorted(sets[0].ids)
        assert all(name.isdigit() for name in faces.ids)
        assert faces.subject is not None
        assert all(name.isdigit() for name in faces.subject)
        assert people.setdefault("", dict(zip(faces.ids, faces.subject, strict=True))) == dict(
            zip(faces.ids, faces.subject, strict=True)
        )
        assert faces.metadata["licence"] in ("Apache-2.0", "MIT", "CC0-1.0")
        np.testing.assert_allclose(np.linalg.norm(faces.vectors, axis=1), 1, atol=2e-3)
    assert set(protocol.ids) == set(sets[0].ids)
    same = [people[""][a] == people[""][b] for a, b in zip(protocol.left, protocol.right, strict=True)]
    assert same == protocol.same.tolist()
    assert sum(p.stat().st_size for p in demo.FOLDER.iterdir()) < 12_000_000


@NEEDS_DEMO
def test_two_of_the_demo_s_networks_compare_through_a_rotation():
    sets = sorted(demo_sets(), key=lambda faces: faces.dim)[:2]
    result = cross_model_study(sets, demo_protocol(), methods=["rotation", "identity"])
    for cell in result.cells:
        if cell.method == "identity":
            assert cell.accuracy.mean < 0.62
        else:
            assert cell.loss_target < 0.02
    assert all(own.accuracy.mean > 0.98 for own in result.native)


def test_demo_writes_its_report_and_document(run, world, tmp_path, monkeypatch):
    """The command itself, on small sets in place of the demo's."""
    monkeypatch.setattr(datasets, "demo_sets", lambda: world.sets[:2])
    monkeypatch.setattr(datasets, "demo_protocol", lambda: world.protocol)
    code, out, err = run("demo", "-o", tmp_path / "demo", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert all(set(cell) >= CELL for cell in document["cells"])
    assert {(c["pairing"], c["method"]) for c in document["cells"]} >= {("same", "auto"), ("matched", "identity")}
    assert str(tmp_path / "demo" / "report.html") in document["files"]
    code, out, _ = run("demo", "-o", tmp_path / "demo")
    assert code == 0
    assert "report.html" in "".join(out.split())
