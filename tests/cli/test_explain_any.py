"""`facespace explain A B` with any network: from files through a card, without torch, across a map."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from facespace.cli import main
from facespace.mapping import LinearMap
from facespace.models import list_cards

CARD = """
name = "{name}"
runtime = "onnx"
dim = {dim}
files = [{{ name = "{name}.onnx" }}]
input = {{ mean = 127.5, std = 127.5 }}
alignment = {{ template = "arcface" }}
"""


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FACESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # any import of it fails, and find_spec finds none
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None if name == "torch" else object())


def network(folder: Path, name: str, dim: int) -> Path:
    """Means over 28 × 28 blocks through a random matrix, with its card."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    ends = [("input", [None, 3, 112, 112]), ("embedding", [None, dim])]
    values = [helper.make_tensor_value_info(end, TensorProto.FLOAT, shape) for end, shape in ends]
    matrix = numpy_helper.from_array(np.random.default_rng(dim).normal(size=(48, dim)).astype(np.float32), "matrix")
    graph = helper.make_graph(nodes, "tiny", values[:1], values[1:], [matrix])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, str(folder / f"{name}.onnx"))
    (folder / f"{name}.toml").write_text(CARD.format(name=name, dim=dim))
    return folder / f"{name}.toml"


@pytest.fixture
def faces(tmp_path) -> list[str]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        cv2.imwrite(str(path), rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(14, 0).repeat(14, 1))
    return [str(path) for path in paths]


def document(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("no_torch")
def test_any_network_is_explained_without_torch(faces, tmp_path, capsys):
    card, out = network(tmp_path, "tiny", 8), tmp_path / "why.png"
    arguments = ["explain", *faces, "--aligned", "--model", str(card)]
    assert main([*arguments, "--json"]) == 0
    plain = document(capsys)
    assert plain["method"] == "occlusion"
    assert plain["passes"] == [49, 49]
    assert all(-1 <= c <= 1 for c in plain["convergence"])
    assert plain["threshold"] is plain["decision"] is plain["completeness_error"] is None
    assert plain["files"] == []
    assert main([*arguments, "--threshold", "2", "--method", "rise", "--passes", "32", "--json", "-o", str(out)]) == 0
    decided = document(capsys)
    assert decided["decision"] == "different people"
    assert decided["score"] == plain["score"]
    assert decided["passes"] == [32, 32]
    assert cv2.imread(str(out)).shape[2] == 3
    assert main([*arguments, "--method", "rise", "--budget", "60", "--error", "0.2"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    masks = int(re.search(r"standard error of the maps: .* --passes (\d+) gives the same maps again", told)[1])
    assert f"rise, {masks} + {masks} passes" in told
    assert main(arguments) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "no threshold given" in told
    assert "49 + 49 passes" in told


def test_the_table_that_ships_for_the_network_decides_and_is_named(faces, tmp_path, capsys):
    card = network(tmp_path, "edgeface-xxs", 8)  # its weights are of no stated digest, so the table is taken for theirs
    arguments = ["explain", *faces, "--aligned", "--model", str(card)]
    assert main([*arguments, "--json"]) == 0
    found = document(capsys)
    assert found["decision"] in ("same person", "different people")
    assert found["threshold_source"]["far"] == 1e-3
    line = f"threshold {found['threshold']:.2f} at FAR 0.1 %, by {found['threshold_source']['impostor_pairs']:,} pairs"
    for more in ([], ["-o", str(tmp_path / "page"), "--repeats", "1"]):
        assert main([*arguments, *more]) == 0
        assert line in " ".join(capsys.readouterr().out.split())
    assert main(["compare", *faces, "--aligned", "--model", str(card)]) == 0
    assert line in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--threshold", "0.9", "--json"]) == 0
    given = document(capsys)
    assert (given["threshold"], given["threshold_source"]) == (0.9, None)


def test_the_score_is_that_of_embed(faces, tmp_path, capsys):
    from facespace.models import embed

    card = network(tmp_path, "tiny", 8)
    assert main(["explain", *faces, "--aligned", "--model", str(card), "--json"]) == 0
    x, y = embed(faces, card, aligned=True).embeddings.vectors.astype(float)
    assert document(capsys)["score"] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-6)


def test_two_networks_are_compared_through_a_map(faces, tmp_path, capsys):
    one, two = network(tmp_path, "one", 7), network(tmp_path, "two", 5)
    rng, out = np.random.default_rng(0), tmp_path / "why.svg"
    floats = [rng.normal(size=s).astype(np.float32) for s in ((7, 5), 5, 5, 7, 7, (7, 7))]
    LinearMap(*floats, source_model="one", target_model="two").save(tmp_path / "map.safetensors")
    through = ["explain", *faces, "--aligned", "--model", str(one), "--map", str(tmp_path / "map.safetensors")]
    assert main([*through, "--other-model", str(two), "-o", str(out), "--json"]) == 0
    found = document(capsys)
    assert (found["network"], found["other_network"]) == ("one", "two")
    assert "a.png by one and b.png by two, occlusion" in out.read_text()
    assert out.read_text().count("<image") == 6
    assert main([*through, "--other-model", str(one)]) == 2
    assert "leads to two, not to" in " ".join(capsys.readouterr().err.split())


def test_by_default_occlusion_explains_all_but_checkpoints():
    from facespace.cli.explain.pair import _default_method

    assert {_default_method(card.name, None) for card in list_cards()} == {"occlusion"}
    assert _default_method("head.safetensors", None) == "reconstruction"
    assert _default_method("mobilefacenet-casia", None, "head.safetensors") == "reconstruction"


def test_the_fair_tests_run_on_any_network(tmp_path, capsys):
    card, rng = network(tmp_path, "tiny", 8), np.random.default_rng(0)
    lines = ["id1,id2,same"]
    for person in range(28):
        for number in range(2):
            path = tmp_path / "faces" / f"p{person}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), rng.integers(0, 256, (14, 14, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1))
        if person < 12:
            lines.append(f"p{person}/0,p{person}/1,1")
    lines += [f"p{p}/0,p{p + 8}/0,0" for p in range(12, 20)]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    arguments = ["explain", "evaluate", "--pairs", str(tmp_path / "pairs.csv"), "--images", str(tmp_path / "faces")]
    arguments += ["--aligned", "--model", str(card), "--methods", "occlusion", "--limit", "24"]
    assert main([*arguments, "--tests", "margin,sanity", "-o", str(tmp_path / "out"), "--json"]) == 0
    found = document(capsys)
    assert (found["genuine"], found["impostor"]) == (12, 8)
    assert {"insertion", "deletion", "gain", "agreement", "shifted"} == {s["test"] for s in found["scores"]}
    assert {"occlusion", "random", "centre", "inverted"} == {s["method"] for s in found["scores"]}
    assert (tmp_path / "out/report.html").stat().st_size > 5_000
    assert main([*arguments, "--tests", "lime"]) == 2
    assert "lime" in capsys.readouterr().err
    assert main([*arguments, "--tests", "margin", "--methods", "gradcam"]) == 2
    assert "gradcam" in capsys.readouterr().err


def test_what_does_not_go_together_is_told_with_what_does(faces, tmp_path, capsys):
    card = str(network(tmp_path, "tiny", 8))
    for options, words in (
        (
            ["--model", "edgeface-xxs", "--method", "reconstruction"],
            "`--method occlusion` and `--method rise` explain every",
        ),
        (["--model", card, "--method", "lime"], "lime"),
        (["--model", card, "--passes", "4"], "4 passes are too few"),
        (["--model", card, "--cumulative"], "--method reconstruction"),
        (["--model", card, "--budget", "5"], "not of occlusion"),
        (["--model", card, "--method", "rise", "--error", "0.1", "--passes", "32"], "with --passes"),
        (["--method", "gradcam", "--passes", "9"], "--passes is of occlusion, rise, minplus, shap"),
        (["--model", "mine.safetensors", "--method", "occlusion"], "is a checkpoint"),
        (["--model", card, "--other-model", card], "through a map"),
        (["--model", card, "-o", str(tmp_path / "o.gif")], "kind of file"),
    ):
        assert main(["explain", *faces, "--aligned", *options]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert words in told
        assert "explain train" not in told or "checkpoints of" in told
