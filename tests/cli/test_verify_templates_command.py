"""`facespace verify` with templates: IJB lists, csv, columns, list order, maps, shards, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facespace.cli import main
from facespace.datasets.synthetic_ijb import synthetic_ijb
from facespace.embeddings import EmbeddingSet
from facespace.mapping import fit_map


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lists of a small IJB, embeddings of two networks, bare arrays, and the map between them."""
    path = tmp_path_factory.mktemp("ijb")
    made = synthetic_ijb(0.01)
    made.write(path / "meta")
    ids = np.arange(1, len(made) + 1).astype(np.str_)
    sets = [EmbeddingSet(made.embed(k, 48), ids, model=f"net{k}") for k in (0, 1)]
    for faces in sets:
        faces.save(path / f"{faces.model}.parquet")
    np.save(path / "bare.npy", sets[0].vectors)
    fit_map(*sets, method="ols").save(path / "map.safetensors")
    columns = {"template": made.template.astype(np.str_), "media": made.media.astype(np.str_)}
    EmbeddingSet(sets[0].vectors, ids, model="net0", **columns).save(path / "columns.parquet")
    rows = zip(ids, made.template, made.media, strict=True)
    (path / "faces.csv").write_text("id,template,media\n" + "".join(f"{i},{t},{m}\n" for i, t, m in rows))
    pairs = list(zip(made.left, made.right, made.same.astype(int), strict=True))
    (path / "pairs.csv").write_text("template1,template2,same\n" + "".join(f"{a},{b},{s}\n" for a, b, s in pairs))
    (path / "ids.csv").write_text("id1,id2,same\n" + "".join(f"{a},{b},{s}\n" for a, b, s in pairs))
    return path


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(["verify", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def document(run, *arguments):
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_ijb_lists_give_a_table_down_to_1e_6(run, folder):
    found = document(run, folder / "net0.parquet", "--ijb", folder)
    assert [row["far"] for row in found["tar"]] == [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    assert (found["pairs"], found["genuine"], found["templates"], found["people"]) == (1760, 196, 231, 35)
    assert all(row["low"] <= row["tar"] <= row["high"] for row in found["tar"])
    assert any("FAR 0.001 rests on" in text for text in found["warnings"])
    code, out, _ = run(folder / "net0.parquet", "--ijb", folder / "meta", "--far", "0.1,0.01", "--nearest")
    assert code == 0
    for words in (
        "1,760 pairs of 231 templates of 35 people: 196 genuine",
        "nearest FAR %",
        "false accepts",
        "ijbc|model:net0",
    ):
        assert words in out


def test_all_ways_to_name_the_templates_agree(run, folder):
    wanted = document(run, folder / "net0.parquet", "--ijb", folder)["tar"]
    for arguments in (
        (folder / "net0.parquet", "--templates", folder / "faces.csv", "--pairs", folder / "pairs.csv"),
        (folder / "columns.parquet", "--templates", "columns", "--pairs", folder / "ids.csv"),
        (folder / "bare.npy", "--ijb", folder, "--in-list-order"),
    ):
        found = document(run, *arguments)["tar"]
        assert [(row["tar"], row["false_accepts"]) for row in found] == [(r["tar"], r["false_accepts"]) for r in wanted]


@pytest.mark.parametrize("content", [b"", b"no npy", np.float32(3), np.ones((2, 2, 2)), np.array(["a"])])
def test_bare_arrays_that_are_no_matrix_are_refused_with_their_name(run, folder, tmp_path, content):
    if isinstance(content, bytes):
        (tmp_path / "odd.npy").write_bytes(content)
    else:
        np.save(tmp_path / "odd.npy", content)
    code, _, err = run(tmp_path / "odd.npy", "--ijb", folder, "--in-list-order")
    assert code == 2
    assert "odd.npy" in err


def test_a_map_joins_two_networks_and_both_orders_are_near(run, folder):
    both = folder / "net0.parquet", folder / "net1.parquet", "--ijb", folder, "--far", "0.01"
    alone = document(run, *both)
    mapped = document(run, *both, "--map", folder / "map.safetensors")
    faces = document(run, *both, "--map", folder / "map.safetensors", "--map-faces", "--normalize-faces")
    assert alone["tar"][0]["tar"] < 0.3 < 0.6 < mapped["tar"][0]["tar"]
    assert faces["tar"][0]["tar"] == pytest.approx(mapped["tar"][0]["tar"], abs=0.05)
    assert "mapped:faces|pooling:media-mean-of-unit-faces" in faces["signature"]
    assert any("without a map" in text for text in alone["warnings"])


def test_shards_merge_to_the_same_document(run, folder, tmp_path):
    whole = document(run, folder / "net0.parquet", "--ijb", folder)
    for index in (3, 1, 2):
        code, out, _ = run(folder / "net0.parquet", "--ijb", folder, "--shard", f"{index}/3", "-o", tmp_path / "parts")
        assert code == 0
        assert f"part {index} of 3" in out
        if index == 1:
            code, _, err = run(tmp_path / "parts", "--merge")
            assert code == 2
            assert "1 of 3 shards are missing: 2" in err
    merged = document(run, tmp_path / "parts", "--merge")
    for row, again in zip(whole["tar"], merged["tar"], strict=True):
        for key in ("low", "high"):
            assert again.pop(key) == pytest.approx(row.pop(key), abs=1e-9)
    assert merged == whole
    part = document(run, folder / "net0.parquet", "--ijb", folder, "--shard", "2/3", "-o", tmp_path / "parts")
    assert part["shard"] == [2, 3]
    assert Path(part["file"]).name == "shard-2-of-3.npz"


def test_the_report_has_its_figures_and_warnings(run, folder, tmp_path):
    code, _, _ = run(folder / "net0.parquet", "--ijb", folder, "--nearest", "-o", tmp_path / "out", "-q")
    assert code == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for words in ("TAR at FAR", "DET", "ROC", "nearest FAR", "rests on", "How it was measured"):
        assert words in page
    assert {"roc.png", "det.png", "roc.svg", "det.svg"} <= {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert json.loads((tmp_path / "out" / "results.json").read_text())["pairs"] == 1760


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("net0.parquet", "--ijb", "."), None),
        (("net0.parquet", "--ijb", ".", "--name", "ijbb"), ["no ijbb_face_tid_mid.txt", "is --name right?"]),
        (("net0.parquet", "--ijb", ".", "--pairs", "pairs.csv"), ["--pairs goes with --templates"]),
        (("net0.parquet", "--templates", "faces.csv"), ["--templates needs the list of pairs"]),
        (("net0.parquet", "--ijb", ".", "--templates", "faces.csv"), ["exclude each other"]),
        (("net0.parquet", "--pairs", "ids.csv", "--nearest"), ["--nearest is for templates"]),
        (("net0.parquet",), ["nothing says who is in the images", "--ijb"]),
        (("net0.parquet", "--ijb", ".", "--shard", "2/3"), ["--shard needs a folder"]),
        (("net0.parquet", "--ijb", ".", "--shard", "0/3", "-o", "x"), ["not of the form 2/16"]),
        (("bare.npy", "--ijb", "."), ["has no ids beside it"]),
        (("net0.parquet", "net1.parquet", "--merge"), ["the folder of the shards alone"]),
        ((".", "--merge"), ["no shard-*.npz"]),
        (("net0.parquet", "--templates", "columns", "--pairs", "ids.csv"), ["no column 'template'"]),
        (("net1.parquet", "net0.parquet", "--ijb", ".", "--map", "map.safetensors"), ["seem to be exchanged"]),
        (("net0.parquet", "--ijb", ".", "--against", "net1.parquet"), ["goes with pairs of images"]),
    ],
)
def test_mistakes_say_what_is_wrong(run, folder, monkeypatch, arguments, words):
    monkeypatch.chdir(folder)
    code, _, err = run(*arguments)
    if words is None:
        assert (code, err) == (0, "")
        return
    assert code == 2
    for word in words:
        assert word in " ".join(err.split())


def test_ids_that_are_not_in_the_list_are_pointed_at(run, folder, tmp_path):
    faces = EmbeddingSet.load(folder / "net0.parquet")
    EmbeddingSet(faces.vectors, [f"x{i}" for i in range(len(faces))]).save(tmp_path / "other.parquet")
    code, _, err = run(tmp_path / "other.parquet", "--ijb", folder)
    assert code == 2
    assert "--in-list-order" in err
    assert document(run, tmp_path / "other.parquet", "--ijb", folder, "--in-list-order")["pairs"] == 1760
    faces.take(np.arange(3, len(faces))).save(tmp_path / "few.parquet")
    code, _, err = run(tmp_path / "few.parquet", "--ijb", folder)
    assert code == 2
    assert "3 of the faces of 'ijbc' have no embedding: 1, 2, 3" in err
    assert document(run, tmp_path / "few.parquet", "--ijb", folder, "--allow-missing")["missing"]["faces"] == 3
