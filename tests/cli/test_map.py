from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from map_command import Run, write_sets

from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.io import read_artefact, write_artefact
from facespace.mapping import FAMILIES, LinearMap, PairStatistics, fit_map


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Sets a, b, c, and the maps and statistics of a → b; for reading only."""
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    a, b = EmbeddingSet.load(folder / "a.parquet"), EmbeddingSet.load(folder / "b.parquet")
    fit_map(a, b, "ridge").save(folder / "m.safetensors")
    return folder


def test_fit_writes_the_map_of_the_library_and_says_how_it_came_about(run, made, tmp_path):
    out = tmp_path / "m.safetensors"
    document = run.json("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out)
    expected = fit_map(EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet"))
    assert np.array_equal(LinearMap.load(out).weight, expected.weight)
    assert document["chosen"] == expected.facts["chosen"]
    for key, value in {
        "source_model": "net-a",
        "target_model": "net-b",
        "source_dim": 12,
        "target_dim": 10,
        "pairs": 116,
        "source_unmatched": 4,
        "subjects": 40,
        "method": "auto",
        "files": [str(out)],
    }.items():
        assert document[key] == value


def test_fit_shows_candidates_and_what_was_left_out(run, made, tmp_path):
    assert run("map", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "m.safetensors") == 0
    for part in ("net-a → net-b", "12 → 10", "116 pairs", "40 people", "candidate", "ridge(α=1)", "4 ids of the source"):
        assert part in " ".join(run.out.split())


@pytest.mark.parametrize("action", ["default", "error", "ignore"])
def test_a_map_of_a_newer_facespace_is_told_in_one_line(run, made, tmp_path, action):
    path, file = tmp_path / "[b]newer.safetensors", read_artefact(made / "m.safetensors")
    write_artefact(path, "map", file.arrays, file.facts, layout=2)
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        assert run("map", "apply", path, made / "a.parquet", "-o", tmp_path / "out.parquet", "--json") == 0
    assert json.loads(run.out)["rows"] == 120
    assert run.err.startswith(f"! {path} was written by a newer facespace (")
    assert run.err.endswith("): what this one doesn't know is left out\n")
    assert run.err.count("\n") == 1


def test_other_warnings_are_shown_as_ever(run, made, monkeypatch):
    def warn(*_):
        warnings.warn("strange", RuntimeWarning, stacklevel=1)
        raise InputError("stop")

    monkeypatch.setattr(LinearMap, "of_file", warn)
    with pytest.warns(RuntimeWarning, match="strange"):
        assert run("map", "check", made / "m.safetensors", made / "a.parquet") == 2
    assert "!" not in run.err


def test_quiet_prints_nothing(run, made, tmp_path):
    assert run("map", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "m.safetensors", "-q") == 0
    assert (run.out, run.err) == ("", "")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_named(run, made, tmp_path, family):
    out = tmp_path / "m.safetensors"
    document = run.json("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--method", family)
    assert document["method"] == LinearMap.load(out).method == family


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--alpha", "3.5"], {"alpha": 3.5}),
        (["--alpha", "auto"], {"alpha": "auto"}),
        (["--no-center"], {"center": False}),
        (["--center"], {}),
        (["--intercept"], {"center": False, "intercept": True}),
    ],
)
def test_options_reach_the_library(run, made, tmp_path, options, arguments):
    out = tmp_path / "m.safetensors"
    run.json("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--method", "ridge", *options)
    expected = fit_map(EmbeddingSet.load(made / "a.parquet"), EmbeddingSet.load(made / "b.parquet"), "ridge", **arguments)
    found = LinearMap.load(out)
    for name in ("weight", "bias", "origin"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))


def test_rank_reaches_the_library(run, made, tmp_path):
    out = tmp_path / "m.safetensors"
    run.json("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--method", "reduced-rank", "--rank", "3")
    assert np.linalg.matrix_rank(LinearMap.load(out).weight, tol=1e-5) == 3


def test_statistics_are_written_and_give_the_same_map(run, made, tmp_path):
    from facespace.mapping import RidgeMap

    out, statistics = tmp_path / "m.safetensors", tmp_path / "s.safetensors"
    arguments = ["map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--method", "ridge"]
    assert run.json(*arguments, "--statistics", statistics)["files"] == [str(out), str(statistics)]
    total = PairStatistics.load(statistics)
    assert total.n == 116
    assert np.allclose(RidgeMap().fit_statistics(total).weight_, LinearMap.load(out).weight, atol=1e-6)


def test_pairs_list_gives_the_matched_pairs(run, made, tmp_path):
    lines = ["id1,id2,same", *(f"p{p:02d}/0,p{p:02d}/1,1" for p in range(40)), "p00/0,p01/0,0"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    document = run.json(
        "map",
        "fit",
        made / "a.parquet",
        made / "b.parquet",
        "-o",
        tmp_path / "m.safetensors",
        "--pairs",
        tmp_path / "pairs.csv",
        "--method",
        "ridge",
    )
    assert document["pairing"] == "matched"
    assert document["pairs"] + document["pairs_without_embedding"] == 40


def test_apply_moves_a_set_and_the_result_is_that_of_the_library(run, made, tmp_path):
    out = tmp_path / "o.parquet"
    document = run.json("map", "apply", made / "m.safetensors", made / "a.parquet", "-o", out)
    assert document == {"output": str(out), "model": "net-b<-net-a", "rows": 120, "dim": 10, "warnings": []}
    faces = EmbeddingSet.load(made / "a.parquet")
    moved = EmbeddingSet.load(out)
    assert np.array_equal(moved.vectors, LinearMap.load(made / "m.safetensors").transform(faces.vectors))
    assert moved.subject.tolist() == faces.subject.tolist()


def test_apply_refuses_another_networks_set_naming_both_and_writes_nothing(run, made, tmp_path):
    error = run.error("map", "apply", made / "m.safetensors", made / "c.parquet", "-o", tmp_path / "o.parquet")
    assert error["type"] == "InputError"
    assert "'net-a'" in error["message"]
    assert "'net-c'" in error["message"]
    error = run.error("map", "apply", made / "m.safetensors", made / "b.parquet", "-o", tmp_path / "o.parquet")
    assert "exchanged" in error["hint"]
    assert list(tmp_path.iterdir()) == []


def test_apply_to_an_unnamed_foreign_set_warns(run, made, tmp_path):
    faces = EmbeddingSet.load(made / "c.parquet")
    EmbeddingSet(faces.vectors, faces.ids).save(tmp_path / "c.npz")
    document = run.json("map", "apply", made / "m.safetensors", tmp_path / "c.npz", "-o", tmp_path / "o.npz")
    assert "principal directions" in document["warnings"][0]
    few = faces.take(np.arange(3))
    EmbeddingSet(few.vectors, few.ids).save(tmp_path / "few.npz")
    run.json("map", "apply", made / "m.safetensors", tmp_path / "few.npz", "-o", tmp_path / "o.npz")


def test_check_is_0_in_the_domain_and_1_out_of_it(run, made, tmp_path):
    document = run.json("map", "check", made / "m.safetensors", made / "a.parquet")
    assert document["in_domain"] is True
    assert document["reasons"] == []
    document = run.json("map", "check", made / "m.safetensors", made / "c.parquet", code=1)
    assert document["in_domain"] is False
    assert "'net-c'" in document["reasons"][0]
    assert run("map", "check", made / "m.safetensors", made / "c.parquet") == 1
    assert "not in the map's domain" in run.out
    assert run("map", "check", made / "m.safetensors", made / "b.parquet", "-q") == 2  # another width is no question
    assert "width 12" in run.err


def test_export_writes_the_map_as_onnx(run, made, tmp_path):
    pytest.importorskip("onnx")
    import onnxruntime

    out = tmp_path / "m.onnx"
    document = run.json("map", "export", made / "m.safetensors", "-o", out)
    assert document == {"output": str(out), "network": None, "source_dim": 12, "target_dim": 10}
    x = EmbeddingSet.load(made / "a.parquet").vectors
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    found = session.run(None, {"embedding": x})[0]
    assert np.allclose(found, LinearMap.load(made / "m.safetensors").transform(x), atol=1e-5)
    assert run.json("info", out)["map"] == {"source": "net-a", "target": "net-b", "method": "ridge"}
    error = run.error("map", "export", made / "m.safetensors", "-o", out, "--model", tmp_path / "none.onnx")
    assert error["type"] == "FileFormatError"


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (["--method", "rigde"], "UnknownNameError", "did you mean 'ridge'"),
        (["--method", "ridge", "--alpha", "x"], "InputError", "--alpha x: neither a number nor auto"),
        (["--method", "ridge", "--alpha", "-1"], "InputError", "alpha must be 'auto' or a positive number"),
        (["--method", "reduced-rank", "--rank", "1.5"], "InputError", "--rank 1.5"),
        (["--alpha", "2"], "InputError", "auto chooses alpha, rank and centre itself"),
        (["--no-center"], "InputError", "auto chooses alpha, rank and centre itself"),
        (["--pairs", "none.csv"], "FileFormatError", "none.csv"),
        (["--statistics", "s.npz"], "OutputError", "s.npz"),
        (["--what"], "UsageError", "--what"),
    ],
)
def test_wrong_options_are_one_error_document_and_nothing_is_written(run, made, tmp_path, options, kind, message):
    error = run.error("map", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "m.safetensors", *options)
    assert error["type"] == kind
    assert message in error["message"]
    assert list(tmp_path.iterdir()) == []


def test_wrong_files_are_clear_errors(run, made, tmp_path):
    out = tmp_path / "m.safetensors"
    assert run.error("map", "fit", tmp_path / "x.npz", made / "b.parquet", "-o", out)["type"] == "FileFormatError"
    assert "safetensors" in run.error("map", "fit", made / "a.parquet", made / "b.parquet", "-o", "m.npz")["message"]
    assert "can't be read" in run.error("map", "check", made / "a.parquet", made / "a.parquet")["message"]
    (tmp_path / "file").write_text("")
    error = run.error(
        "map", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "file/m.safetensors", "--method", "ols"
    )
    assert error["type"] == "OutputError"


def test_errors_without_json_are_lines_on_standard_error(run, made, tmp_path):
    assert run("map", "check", tmp_path / "none.safetensors", made / "a.parquet") == 2
    assert run.out == ""
    assert run.err.startswith("error: no such file")


def test_facts_in_the_file_are_plain_json(made):
    json.dumps(dict(LinearMap.load(made / "m.safetensors").facts))


def test_pairs_that_dont_correspond_are_told_and_strict_writes_nothing(made, run, tmp_path):
    b = EmbeddingSet.load(made / "b.parquet")
    ids = np.random.default_rng(0).permutation(b.ids)
    EmbeddingSet(b.vectors, ids, model="net-b").save(tmp_path / "shuffled.parquet")
    out = tmp_path / "wrong.safetensors"
    command = ("map", "fit", made / "a.parquet", tmp_path / "shuffled.parquet", "-o", out, "--method", "rotation")
    assert "do not seem to correspond" in run.error(*command, "--strict")["message"]
    assert not out.exists()
    found = run.json(*command)
    assert "near chance" in found["warnings"][0]
    assert run.json("info", out)["agreement"] == found["agreement"]
    assert run("info", out) == 0
    assert "! the pairs do not seem to correspond" in run.out
    assert run("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--strict", "-q") == 0


def test_the_people_of_a_list_can_be_left_out_to_be_judged_on(made, run, tmp_path):
    tested = [f"p{p:02d}/{i}" for p in range(12) for i in range(2)]
    rows = [f"{tested[2 * p]},{tested[2 * p + 1]},1\n{tested[2 * p]},{tested[2 * p - 1]},0\n" for p in range(12)]
    pairs, out = tmp_path / "pairs.csv", tmp_path / "m.safetensors"
    pairs.write_text("id1,id2,same\n" + "".join(rows))
    command = ("map", "fit", made / "a.parquet", made / "b.parquet", "-o", out, "--method", "ridge")
    verify = ("verify", made / "a.parquet", made / "b.parquet", "--map", out, "--pairs", pairs, "--allow-missing")
    assert run.json(*command, "--exclude", pairs)["excluded"] == 36
    assert run.json(*verify, "--strict")["fitted_pairs"] == 0
    assert run.json(*command)["excluded"] == 0
    found = run.json(*verify)
    assert found["fitted_pairs"] == found["pairs"]
    assert "fitted on" in run.error(*verify, "--strict")["message"]
    assert run.json(*command, "--no-provenance")["provenance"] == "left out"
    assert run.json(*verify)["fitted_pairs"] == 0
