"""`facespace explain`: a pair, a training and a hiding game from files."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "explain"))

from explain_samples import crops, small_network

from facespace.cli import main
from facespace.mapping import LinearMap
from facespace.models import load_card

CARD = load_card("mobilefacenet-casia")


@pytest.fixture
def folder(tmp_path):
    """Twelve faces of four people."""
    for i, crop in enumerate(crops(12)):
        path = tmp_path / "faces" / f"p{i // 3}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), crop)
    return tmp_path / "faces"


@pytest.fixture(autouse=True)
def _small(monkeypatch, tmp_path_factory):
    """The small random network under the name of the shipped one, and a card of its size."""
    explain, models = importlib.import_module("facespace.explain"), importlib.import_module("facespace.models")
    network = dataclasses.replace(small_network(), name="mobilefacenet-casia")
    template = dataclasses.replace(CARD.template, size=(48, 32), columns=None)
    weights = tmp_path_factory.mktemp("weights")
    (weights / CARD.files[0].name).touch()  # at hand, so that this network is the default; the small one is computed
    monkeypatch.setenv("FACESPACE_MODELS", str(weights))
    monkeypatch.setattr(explain, "load_explainable", lambda *_: network)
    monkeypatch.setattr(models, "load_card", lambda _: dataclasses.replace(CARD, template=template))


def test_a_pair_gives_a_picture_and_a_document(folder, tmp_path, capsys):
    out = tmp_path / "why.png"
    arguments = ["explain", str(folder / "p0/0.png"), str(folder / "p1/3.png"), "--aligned", "-o", str(out)]
    assert main([*arguments, "--method", "reconstruction", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"score", "threshold", "decision", "completeness_error", "counts"} <= set(document)
    assert document["completeness_error"] < 1e-5
    assert document["files"] == [str(out)]
    assert cv2.imread(str(out)) is not None
    assert main([*arguments, "--method", "gradcam++"]) == 0
    assert "Score" in capsys.readouterr().out


@pytest.fixture
def crossing(monkeypatch, tmp_path):
    """A map to another network, which gives embeddings of five numbers; both ways back to an embedding are known."""
    explain, models = importlib.import_module("facespace.explain"), importlib.import_module("facespace.models")
    rng, seen = np.random.default_rng(0), []
    to_seven = explain.Affine(rng.normal(size=(7, 24)), rng.normal(size=7))
    to_five = explain.Affine(rng.normal(size=(5, 24)), rng.normal(size=5))

    def load(name, *_):
        seen.append(str(name))
        original = to_seven if name == "mobilefacenet-casia" else to_five
        return dataclasses.replace(small_network(), name="mobilefacenet-casia", to_original=original)

    def embedded(images, name, **_):
        assert name == "edgeface-xs"
        return SimpleNamespace(embeddings=SimpleNamespace(vectors=rng.normal(size=(len(images), 5))))

    template = dataclasses.replace(CARD.template, size=(48, 32), columns=None)
    monkeypatch.setattr(explain, "load_explainable", load)
    monkeypatch.setattr(models, "embed", embedded)
    monkeypatch.setattr(models, "load_card", lambda name: dataclasses.replace(CARD, name=name, template=template))
    floats = [rng.normal(size=s).astype(np.float32) for s in ((7, 5), 5, 5, 7, 7, (7, 7))]
    LinearMap(*floats, source_model="mobilefacenet-casia", target_model="edgeface-xs").save(tmp_path / "map.safetensors")
    return seen


def test_a_match_through_a_map_shows_both_faces_and_explains_the_second_where_it_can(folder, tmp_path, crossing, capsys):
    out = tmp_path / "why.svg"
    arguments = ["explain", str(folder / "p0/0.png"), str(folder / "p1/3.png"), "--aligned", "-o", str(out)]
    through = [*arguments, "--map", str(tmp_path / "map.safetensors"), "--threshold", "0.1", "--method", "reconstruction"]
    assert main([*through, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["other_network"] == "edgeface-xs"
    assert out.read_text().count("<image") == 5
    assert "0.png by mobilefacenet-casia and 3.png by edgeface-xs" in out.read_text()
    assert main([*through, "--other-model", "mine.safetensors"]) == 0
    assert crossing[-1] == "mine.safetensors"
    assert out.read_text().count("<image") == 8
    assert "3.png by mine, reconstruction" in out.read_text()
    capsys.readouterr()
    assert main([*through, "--other-model", "edgeface-xxs"]) == 2
    assert "leads to edgeface-xs, not to edgeface-xxs" in " ".join(capsys.readouterr().err.split())
    assert main([*arguments, "--other-model", "edgeface-xs"]) == 2
    assert "through a map" in capsys.readouterr().err


def test_the_game_writes_a_report_and_goes_on(folder, tmp_path, capsys):
    ids = [f"p{i // 3}/{i}" for i in range(12)]
    lines = ["id1,id2,same,fold"]
    for fold in range(2):
        for i in range(6):
            one = 6 * fold + i
            lines.append(f"{ids[one]},{ids[6 * fold + i // 3 * 3 + (i + 1) % 3]},1,{fold}")
            lines.append(f"{ids[one]},{ids[(one + 4) % 12]},0,{fold}")
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    arguments = ["explain", "evaluate", "--pairs", str(tmp_path / "pairs.csv"), "--images", str(folder), "--aligned"]
    arguments += ["--methods", "stylianou-max,reconstruction,centre", "-o", str(tmp_path / "game"), "--resume"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {m["threshold"] for m in document["methods"]} == {"fixed", "refit"}
    assert {"name", "levels", "accuracy", "auc", "low", "high", "tie_fraction"} <= set(document["methods"][0])
    assert len(list((tmp_path / "game/scores").glob("pairs-*.npz"))) == 3
    assert (tmp_path / "game/report.html").stat().st_size > 10_000
    assert main(arguments) == 0
    assert "came first" in capsys.readouterr().out


def test_bad_requests_are_one_message(folder, tmp_path, capsys):
    a, b = str(folder / "p0/0.png"), str(folder / "p1/3.png")
    for arguments, words in (
        (["explain", a, b, "--aligned", "-o", str(tmp_path / "o.gif")], "kind of file"),
        (["explain", a, b, "--aligned", "--method", "lime", "-o", str(tmp_path / "o.png")], "lime"),
        (["explain", a, str(folder / "none.png"), "--aligned", "--method", "reconstruction"], "none.png"),
        (["explain", "train", "--images", str(folder), "--mode", "distil", "-o", str(tmp_path / "c.pt")], ".safetensors"),
        (["explain", "train", "--images", str(folder), "--mode", "distill", "-o", str(tmp_path / "c.pt")], "distill"),
    ):
        assert main(arguments) == 2
        assert words in " ".join(capsys.readouterr().err.split())


def test_people_are_labels_and_can_be_kept_out(folder, tmp_path):
    from facespace.cli.files import training_files
    from facespace.errors import FileFormatError, InputError
    from facespace.explain.training import labels_of

    (tmp_path / "pairs.csv").write_text("id1,id2,same\np0/0,p0/1,1\np0/2,p2/8,0\n")
    kept, left = training_files(folder, tmp_path / "pairs.csv")
    assert left == 6
    assert {f.id.split("/")[0] for f in kept} == {"p1", "p3"}
    assert labels_of(["p1/3", "p3/9"]) == ["p1", "p3"]
    with pytest.raises(InputError, match="no person"):
        labels_of(["3"])
    (tmp_path / "labels.txt").write_text("3 Ann\n4 Ben\n")
    assert labels_of(["4", "3"], tmp_path / "labels.txt") == ["Ben", "Ann"]
    with pytest.raises(InputError, match="no person for 5"):
        labels_of(["5"], tmp_path / "labels.txt")
    (tmp_path / "labels.txt").write_text("3 Ann Lee\n")
    with pytest.raises(FileFormatError, match="line 1"):
        labels_of(["3"], tmp_path / "labels.txt")
