from __future__ import annotations

import csv
import inspect
import json

import numpy as np
import pytest
from map_command import Run, write_sets

from facespace.cli import canonical
from facespace.embeddings import EmbeddingSet
from facespace.mapping import CanonicalSpace


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Sets a, b, c, a hub of a and b, and pairs in four folds; for reading only."""
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    sets = {f"net-{n}": EmbeddingSet.load(folder / f"{n}.parquet") for n in "ab"}
    CanonicalSpace.fit(sets).save(folder / "ab.safetensors")
    shared = set(sets["net-b"].ids)
    with (folder / "pairs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        for p in range(40):
            other = (p + 4) % 40  # in the same fold
            for x, y, same in ((f"p{p:02d}/0", f"p{p:02d}/1", 1), (f"p{p:02d}/0", f"p{other:02d}/1", 0)):
                if {x, y} <= shared:
                    writer.writerow([x, y, same, p % 4])
    return folder


def test_fit_writes_the_hub_of_the_library(run, made, tmp_path):
    out = tmp_path / "h.safetensors"
    document = run.json(
        "canonical", "fit", made / "a.parquet", made / "b.parquet", made / "c.parquet", "-o", out, "--dim", 6
    )
    expected = CanonicalSpace.fit({f"net-{n}": EmbeddingSet.load(made / f"{n}.parquet") for n in "abc"}, 6)
    loaded = CanonicalSpace.load(out)
    assert loaded.name == expected.name == document["name"]
    assert np.array_equal(loaded.into["net-c"].weight, expected.into["net-c"].weight)
    assert document["dim"] == 6
    assert document["models"] == [{"name": f"net-{n}", "dim": d} for n, d in (("a", 12), ("b", 10), ("c", 12))]
    assert document["pairs_by_models"] == {"net-a + net-b": 116, "net-a + net-c": 120, "net-b + net-c": 116}
    assert run("canonical", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--regularization", 0.2) == 0
    for word in ("a hub of", "net-a (12), net-b (10)", "regularization 0.2", "h.safetensors"):
        assert "".join(word.split()) in "".join(run.out.split())  # wherever a long path made it wrap


def test_info_knows_hubs(run, made):
    document = run.json("info", made / "ab.safetensors")
    assert (document["kind"], document["founders"]) == ("hub", ["net-a", "net-b"])
    assert run("info", made / "ab.safetensors") == 0
    assert "net-a (12), net-b (10)" in " ".join(run.out.split())


def test_apply_moves_sets_to_where_verify_compares_them(run, made, tmp_path):
    for name in "ab":
        document = run.json(
            "canonical", "apply", made / "ab.safetensors", made / f"{name}.parquet", "-o", tmp_path / name_of(name)
        )
        assert document["warnings"] == []
        assert document["model"].startswith("hub:net-a+net-b@")
    found = EmbeddingSet.load(tmp_path / "a.npz")
    hub = CanonicalSpace.load(made / "ab.safetensors")
    assert np.array_equal(found.vectors, hub.apply("net-a", EmbeddingSet.load(made / "a.parquet")).vectors)
    document = run.json("verify", tmp_path / "a.npz", tmp_path / "b.npz", "--pairs", made / "pairs.csv")
    assert document["accuracy"]["mean"] > 0.9
    back = run.json(
        *("canonical", "apply", made / "ab.safetensors", tmp_path / "a.npz", "-o", tmp_path / "back.npz"),
        *("--from-hub", "--model", "net-b"),
    )
    assert (back["dim"], back["model"].split("<-")[0]) == (10, "net-b")


def test_a_folder_goes_into_a_folder_and_on_where_it_was(run, made, tmp_path):
    EmbeddingSet.load(made / "a.parquet").save(tmp_path / "a", rows_per_file=50)
    command = ("canonical", "apply", made / "ab.safetensors", tmp_path / "a", "-o", tmp_path / "out", "--rows-per-file", 50)
    document = run.json(*command)
    assert (document["rows"], "resumed" in document) == (120, False)
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 3
    assert run.json(*command)["resumed"] == 120
    hub = CanonicalSpace.load(made / "ab.safetensors")
    wanted = hub.apply("net-a", EmbeddingSet.load(made / "a.parquet"))
    found = EmbeddingSet.load(tmp_path / "out")
    assert np.array_equal(found.ids, wanted.ids)
    assert np.allclose(found.vectors, wanted.vectors, atol=1e-6)


def name_of(name):
    return f"{name}.npz"


def test_apply_names_the_model_of_a_set_that_does_not(run, made, tmp_path):
    faces = EmbeddingSet.load(made / "c.parquet")  # another network of the same width
    EmbeddingSet(faces.vectors, faces.ids).save(tmp_path / "x.npz")
    error = run.error("canonical", "apply", made / "ab.safetensors", tmp_path / "x.npz", "-o", tmp_path / "o.npz")
    assert "doesn't say which network" in error["message"]
    document = run.json(
        "canonical", "apply", made / "ab.safetensors", tmp_path / "x.npz", "-o", tmp_path / "o.npz", "--model", "net-a"
    )
    assert "principal directions" in document["warnings"][0]


def test_join_adds_a_network_and_fuse_averages(run, made, tmp_path):
    out = tmp_path / "abc.safetensors"
    document = run.json(
        "canonical", "join", made / "ab.safetensors", made / "c.parquet", made / "a.parquet", made / "b.parquet", "-o", out
    )
    assert document["joined"] == {"net-c": {"net-a": 120, "net-b": 116}}
    assert document["name"] == CanonicalSpace.load(made / "ab.safetensors").name
    fused = run.json("canonical", "fuse", out, *(made / f"{n}.parquet" for n in "abc"), "-o", tmp_path / "f.parquet")
    assert (fused["rows"], fused["model"]) == (120, document["name"])
    assert run("canonical", "join", made / "ab.safetensors", made / "c.parquet", made / "a.parquet", "-o", out) == 0
    assert "net-c joined by 120 keys of net-a" in " ".join(run.out.split())


def test_report_writes_its_document_and_page(run, made, tmp_path):
    folder = tmp_path / "report"
    command = ("canonical", "report", made / "ab.safetensors", made / "a.parquet", made / "b.parquet")
    document = run.json(*command, "--pairs", made / "pairs.csv", "-o", folder, "--direct", "ridge")
    assert json.loads((folder / "results.json").read_text()) == document
    assert set(document["files"]) == {str(p) for p in folder.rglob("*") if p.is_file()}
    assert set(document["summary"]["direct"]) == {"pairwise", "ridge"}
    assert "joined" not in document["summary"]  # two networks leave no hub to join
    assert run(*command, "--pairs", made / "pairs.csv") == 0
    for word in ("Through the hub", "direct (pairwise)", "gain", "hub|"):
        assert word in " ".join(run.out.split())


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (["fit", "{a}", "-o", "{out}"], "InputError", "at least two models"),
        (["fit", "{a}", "{a}", "-o", "{out}"], "InputError", "two sets were made by 'net-a'"),
        (["fit", "{a}", "{b}", "-o", "hub.npz"], "OutputError", "hub.npz"),
        (["fit", "{a}", "{b}", "-o", "{out}", "--dim", "0"], "InputError", "at least 1; got 0"),
        (["apply", "{hub}", "{c}", "-o", "o.npz"], "UnknownNameError", "'net-c'"),
        (["apply", "{hub}", "{b}", "--model", "net-a", "-o", "o.npz"], "InputError", "made by 'net-b'"),
        (["apply", "{hub}", "{b}", "--from-hub", "-o", "o.npz"], "InputError", "--from-hub needs --model"),
        (["apply", "{a}", "{b}", "-o", "o.npz"], "FileFormatError", "can't be read"),
        (["join", "{hub}", "{a}", "{b}", "-o", "{out}"], "InputError", "needs a new name"),
        (["report", "{hub}", "{a}", "{c}", "--pairs", "{pairs}"], "UnknownNameError", "'net-c'"),
        (["report", "{hub}", "{a}", "--pairs", "{pairs}"], "InputError", "at least two sets"),
        (["report", "{hub}", "{a}", "{b}", "--pairs", "{pairs}", "--direct", "rigde"], "UnknownNameError", "rigde"),
    ],
)
def test_mistakes_are_one_error_and_write_nothing(run, made, tmp_path, arguments, kind, words):
    names = {n: made / f"{n}.parquet" for n in "abc"} | {"hub": made / "ab.safetensors", "pairs": made / "pairs.csv"}
    error = run.error("canonical", *(text.format(**names, out=tmp_path / "h.safetensors") for text in arguments))
    assert error["type"] == kind
    assert words in error["message"]
    assert list(tmp_path.iterdir()) == []


def test_the_regularization_of_the_command_line_is_that_of_the_library():
    library = inspect.signature(CanonicalSpace.fit).parameters["regularization"].default
    assert inspect.signature(canonical.fit).parameters["regularization"].default == library


def test_quiet_prints_nothing(run, made, tmp_path):
    assert run("canonical", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "h.safetensors", "-q") == 0
    assert (run.out, run.err) == ("", "")
