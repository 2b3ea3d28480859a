"""`facespace explain -o FOLDER`: the page, tables of pairs, one image against a folder, the network by default."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_explain_any import _own_places, document, faces, network  # noqa: F401

from facespace.cli import main
from facespace.cli.explain.group import FETCHED, MODEL, default_model
from facespace.models import load_card


def test_a_folder_gets_the_page_and_its_numbers(faces, tmp_path, capsys):  # noqa: F811
    card, out = network(tmp_path, "tiny", 8), tmp_path / "page"
    arguments = ["explain", *faces, "--aligned", "--model", str(card), "--repeats", "2", "-o", str(out)]
    assert main([*arguments, "--threshold", "0.2", "--json"]) == 0
    found = document(capsys)
    assert found["repeats"] == 2
    assert found["likelihood_ratio"] is None
    assert found["passes"] == [98, 98]
    assert len(found["regions"]) == 16
    assert all(Path(file).exists() for file in found["files"])
    assert json.loads((out / "results.json").read_text())["score"] == found["score"]
    assert "not known" in (out / "report.html").read_text()


def test_rise_has_a_page_too(faces, tmp_path, capsys):  # noqa: F811
    card, out = network(tmp_path, "tiny", 8), tmp_path / "page"
    arguments = ["explain", *faces, "--aligned", "--model", str(card), "--method", "rise", "--passes", "32"]
    assert main([*arguments, "-o", str(out), "--json"]) == 0
    assert document(capsys)["repeats"] == 1
    assert main([*arguments, "-o", str(tmp_path / "two"), "--repeats", "2", "--json"]) == 0
    assert document(capsys)["regions"][0]["similar_interval"] is not None


def test_a_table_of_pairs_gets_an_index_and_a_page_each(faces, tmp_path, capsys):  # noqa: F811
    card, out = network(tmp_path, "tiny", 8), tmp_path / "pages"
    shutil.copy(faces[0], tmp_path / "c.png")
    table = tmp_path / "pairs.csv"
    table.write_text("first,second\na.png,b.png\na,c\n")
    arguments = ["explain", "--pairs", str(table), "--images", str(tmp_path), "--aligned", "--model", str(card)]
    assert main([*arguments, "--repeats", "1", "-o", str(out), "--json"]) == 0
    found = document(capsys)
    assert [(pair["a"], pair["b"]) for pair in found["pairs"]] == [("a", "b"), ("a", "c")]
    assert found["pairs"][1]["score"] == pytest.approx(1, abs=1e-5)
    for pair in found["pairs"]:
        assert (out / pair["page"]).exists()
        assert f'href="{pair["page"]}"' in (out / "report.html").read_text()
    table.write_text("a.png,b.png\na.png,none.png\n")
    assert main([*arguments, "-o", str(tmp_path / "other")]) == 2
    assert "none.png" in capsys.readouterr().err


def test_one_image_against_a_folder_is_ranked_and_the_best_explained(faces, tmp_path, capsys):  # noqa: F811
    card, out, folder = network(tmp_path, "tiny", 8), tmp_path / "pages", tmp_path / "gallery"
    folder.mkdir()
    shutil.copy(faces[0], folder / "same.png")
    shutil.copy(faces[1], folder / "other.png")
    arguments = ["explain", faces[0], "--against", str(folder), "--aligned", "--model", str(card), "--repeats", "1"]
    assert main([*arguments, "--top", "1", "-o", str(out), "--json"]) == 0
    found = document(capsys)
    assert [row["id"] for row in found["candidates"]] == ["same", "other"]
    assert [pair["b"] for pair in found["pairs"]] == ["same"]
    assert "best of 2 candidates" in (out / "report.html").read_text()


def test_what_does_not_go_together_is_told(faces, tmp_path, capsys):  # noqa: F811
    card = str(network(tmp_path, "tiny", 8))
    table = tmp_path / "pairs.csv"
    table.write_text("a.png,b.png\n")
    out = str(tmp_path / "out")
    for options, words in (
        ([faces[0]], "two images are compared"),
        (["--pairs", str(table)], "-o FOLDER"),
        ([*faces, "--pairs", str(table), "-o", out], "--pairs names all images"),
        ([*faces, "--against", str(tmp_path), "-o", out], "Give A, and no B"),
        (["--pairs", str(table), "--method", "rise", "-o", out], "by occlusion"),
        ([*faces, "-o", str(tmp_path / "o.gif")], "kind of file"),
        ([*faces, "--repeats", "9", "-o", out], "8"),
    ):
        assert main(["explain", *options, "--aligned", "--model", card]) == 2, options
        assert words in " ".join(capsys.readouterr().err.split()), options


def test_the_network_by_default_is_one_that_can_be_had(tmp_path):
    name, notes = default_model(None)
    assert name == FETCHED
    assert FETCHED in notes[0]
    assert all(file.wheel for file in load_card(FETCHED).files)
    (tmp_path / load_card(MODEL).files[0].name).touch()
    assert default_model(tmp_path) == (MODEL, [])


def test_every_way_to_faces_takes_the_detector_by_one_rule(monkeypatch, faces, tmp_path):  # noqa: F811
    from facespace.images import ImageFile
    from facespace.models import aligned_faces, detect, embed, every_face, located_faces
    from facespace.models.faces import detectors
    from facespace.photos.network import Finding

    def choose(weights):
        raise RuntimeError("asked")

    monkeypatch.setattr(detectors, "good_detector", choose)
    monkeypatch.setattr("facespace.photos.network.good_detector", choose)
    card, files = load_card("edgeface-xxs"), [ImageFile("a", Path(faces[0]))]
    ways = [
        lambda: located_faces(files, [card]),
        lambda: aligned_faces(files, card),
        lambda: next(every_face(files, card)),
        lambda: embed([faces[0]], card),
        lambda: detect([faces[0]], tmp_path / "faces.parquet"),
        lambda: Finding.of(None, False, "auto", None),
    ]
    for way in ways:
        with pytest.raises(RuntimeError, match="asked"):
            way()
