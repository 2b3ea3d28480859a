"""The trainings lower their losses, go on where they stopped, and what they made comes back from its file."""

from __future__ import annotations

import dataclasses
import importlib
import json

import cv2
import numpy as np
import pytest
from explain_samples import crops, torch

from facespace.cli import main
from facespace.errors import FacespaceError, FileFormatError, InputError, UnknownNameError
from facespace.explain import Checkpoint, ExplainableNetwork, TrainSettings, layer_map, load_checkpoint, mobilefacenet, train
from facespace.explain.training._data import FrozenMaps, frozen_maps, mixed
from facespace.explain.training._losses import arcface_loss, similarity_loss
from facespace.explain.training.train import _partial
from facespace.models import load_card

module = importlib.import_module("facespace.explain.training.train")
FACES = crops(12, (112, 96))


@pytest.fixture(scope="module")
def backbone():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return mobilefacenet()


@pytest.fixture(autouse=True)
def _random_backbone(monkeypatch, backbone):
    """MobileFaceNet with random weights: the trainings need no real ones."""
    card = load_card("mobilefacenet-casia")
    for place in ("training.train", "checkpoint"):
        monkeypatch.setattr(
            importlib.import_module(f"facespace.explain.{place}"), "load_backbone", lambda *_: (backbone, card)
        )


@pytest.fixture(scope="module")
def maps():
    """Maps of 12 faces and their mirror images, and a teacher that a pooled head can follow."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(24, 512, 7, 6)).astype(np.float16)
    teacher = a.astype(np.float32).max((2, 3)) @ rng.normal(size=(512, 16)).astype(np.float32)
    teacher -= teacher.mean(0)
    lengths = np.linalg.norm(teacher, axis=1)
    return FrozenMaps(a, teacher / lengths[:, None], lengths)


def test_frozen_maps_are_the_backbones(backbone):
    card = load_card("mobilefacenet-casia")
    found = frozen_maps(backbone, "conv2", card, FACES)
    network = ExplainableNetwork("x", layer_map(backbone, "conv2"), card.shape, card.input)
    np.testing.assert_allclose(found.maps[:12], network.maps(FACES), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.maps[12:], network.maps(FACES[:, :, ::-1]), rtol=1e-3, atol=1e-6)
    with torch.inference_mode():
        whole = backbone(network.prepare(FACES)).numpy()
    np.testing.assert_allclose(found.teacher[:12] * found.lengths[:12, None], whole, atol=1e-6)


def _settings(mode: str, **more) -> TrainSettings:
    return TrainSettings(mode, **{"passes": 4, "batch": 6, "widths": (8, 8, 8), "rate": 3e-3} | more)


@pytest.mark.parametrize("mode", ["decoder-only", "distil", "joint"])
def test_every_training_lowers_its_losses(tmp_path, maps, mode):
    seen = []
    labels = [f"person {i // 3}" for i in range(12)]
    out = tmp_path / "a.safetensors"
    made = train(FACES, "x", _settings(mode), out=out, labels=labels, data=maps, report=seen.append, every=2)
    first, last = seen[0].losses, seen[-1].losses
    assert sum(last.values()) < sum(first.values())
    assert seen[-1].step == seen[-1].steps == 16
    assert (made.head is None) == (mode == "decoder-only")
    assert (made.decoder is None) == (mode == "distil")
    assert not _partial(out).exists()


def test_mixtures_are_of_two_maps_and_the_teacher_answers_to_them(tmp_path, maps):
    a = torch.from_numpy(maps.maps[:12].astype(np.float32))
    found = mixed(a, np.random.default_rng(0), 1.0)
    for i in range(12):
        # One share for all channels of a cell, of one partner.
        others = [j for j in range(12) if j != i]
        shares = [((found[i] - a[i]) * (a[j] - a[i])).sum(0) / ((a[j] - a[i]) ** 2).sum(0) for j in others]
        made = [a[i] + share * (a[j] - a[i]) for share, j in zip(shares, others, strict=True)]
        assert min((m - found[i]).abs().max().item() for m in made) < 1e-4
    assert torch.equal(mixed(a, np.random.default_rng(0), 0.0), a)
    asked = []

    def behind(batch):
        asked.append(batch)
        return batch.mean((2, 3))[:, :16]

    data = dataclasses.replace(maps, behind=behind)
    train(FACES, "x", _settings("distil", passes=1), out=tmp_path / "a.safetensors", data=data)
    assert len(asked) == 4


def test_features_that_differ_from_the_teachers_by_scale_cost_nothing():
    rng = np.random.default_rng(0)
    teacher = torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(20, 6))))
    offset = torch.nn.functional.normalize(torch.cat([teacher, torch.ones(20, 1, dtype=torch.float64)], 1))
    assert similarity_loss(7 * teacher, teacher).item() == pytest.approx(0, abs=1e-12)
    assert similarity_loss(offset, teacher).item() == pytest.approx(0, abs=1e-12)  # cosines 0.5 t + 0.5
    assert similarity_loss(torch.ones(20, 3, dtype=torch.float64), teacher).item() > 0.01


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path, maps):
    settings, whole = _settings("distil", passes=2), tmp_path / "whole.safetensors"
    one = train(FACES, "x", settings, out=whole, data=maps, every=2)

    def stop(progress):
        if progress.step == 4:
            raise KeyboardInterrupt

    broken = tmp_path / "broken.safetensors"
    # The state of a step is kept after it is reported, so the last one kept is that of step 2.
    with pytest.raises(KeyboardInterrupt):
        train(FACES, "x", settings, out=broken, data=maps, report=stop, every=2)
    two = train(FACES, "x", settings, out=broken, data=maps, resume=True, every=2)
    for key, value in one.head.state_dict().items():
        np.testing.assert_allclose(two.head.state_dict()[key], value, atol=1e-7)
    assert one.facts == two.facts


def test_resuming_another_training_is_refused(tmp_path, maps):
    out = tmp_path / "a.safetensors"
    torch.save({"plan": "another"}, _partial(out))
    with pytest.raises(FileFormatError, match="another training"):
        train(FACES, "x", _settings("distil"), out=out, data=maps, resume=True)
    for content in ([1], {"plan": []}, {}):
        torch.save(content, _partial(out))
        with pytest.raises(FileFormatError, match=r"a\.safetensors\.partial"):
            train(FACES, "x", _settings("distil"), out=out, data=maps, resume=True)
    _partial(out).write_bytes(_partial(out).read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="can't be read as an unfinished training"):
        train(FACES, "x", _settings("distil"), out=out, data=maps, resume=True)


@pytest.mark.parametrize("small", [False, True])
def test_a_checkpoint_comes_back(tmp_path, maps, small):
    path = tmp_path / "a.safetensors"
    head = train(FACES, "x", _settings("distil", passes=1), out=path, data=maps)
    made = train(FACES, "x", _settings("decoder-only", passes=1), out=path, data=maps, start=head)
    made.threshold = 0.25
    made.save(path, small=small)
    again = load_checkpoint(path)
    one, two = made.network(), again.network()
    a, b = one.maps(FACES[:2]), two.maps(FACES[:2])
    np.testing.assert_allclose(a, b, atol=2e-2 if small else 0)
    np.testing.assert_allclose(one.reconstruct(a), two.reconstruct(b), atol=3 if small else 0)
    exact, kept = one.to_original.matrix, two.to_original.matrix
    np.testing.assert_allclose(kept, exact, rtol=1e-6, atol=np.abs(exact).max() / 254 if small else 0)
    assert again.threshold == 0.25
    assert set(again.facts) == {"distil", "decoder-only"}


def test_the_way_back_to_the_original_embedding_is_a_regression(tmp_path, maps):
    made = train(FACES, "x", _settings("distil", passes=1), out=tmp_path / "a.safetensors", data=maps)
    network = made.network()
    estimate = made.to_original(network.features(FACES))
    features = network.features(FACES)
    np.testing.assert_allclose(estimate, features @ made.to_original.matrix.T + made.to_original.shift, rtol=1e-6)
    with torch.inference_mode():
        pooled = made.head(torch.from_numpy(maps.maps.astype(np.float32))).amax((2, 3)).numpy()
    original = maps.teacher * maps.lengths[:, None]
    # 24 faces, 512 features: the regression can follow them almost exactly.
    gap = made.to_original(pooled) - original
    assert (gap**2).sum() < 0.01 * ((original - original.mean(0)) ** 2).sum()


def test_arcface_follows_its_formula():
    rng = np.random.default_rng(0)
    x, w = (torch.from_numpy(rng.normal(size=(n, 5))) for n in (4, 3))
    labels = torch.tensor([0, 2, 1, 0])
    unit = [v / v.norm(dim=1, keepdim=True) for v in (x, w)]
    angles = torch.arccos(unit[0] @ unit[1].T)
    logits = 32 * torch.cos(angles)
    rows = torch.arange(4)
    theta = angles[rows, labels]
    assert (theta + 0.5 < np.pi).all()
    logits[rows, labels] = 32 * torch.cos(theta + 0.5)
    expected = -torch.log_softmax(logits, 1)[rows, labels].mean()
    assert arcface_loss(x, w, labels).item() == pytest.approx(expected.item(), rel=1e-9)


def test_bad_settings_and_files_are_refused(tmp_path, maps):
    with pytest.raises(UnknownNameError, match="distill"):
        TrainSettings("distill")
    with pytest.raises(InputError, match="0 passes"):
        TrainSettings(passes=0)
    with pytest.raises(InputError, match="fewer than one batch"):
        train(FACES, "x", _settings("distil", batch=64), out=tmp_path / "a.safetensors", data=maps)
    with pytest.raises(InputError, match="person of every face"):
        train(FACES, "x", _settings("joint"), out=tmp_path / "a.safetensors", data=maps)
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    with pytest.raises(FacespaceError, match="can't be read as safetensors"):
        load_checkpoint(tmp_path / "b.safetensors")
    empty = Checkpoint("mobilefacenet-casia", "conv2", (512, 7, 6)).save(tmp_path / "c.safetensors")
    assert load_checkpoint(empty).network().decoder is None


def test_the_backbone_can_be_trained_along(tmp_path, maps, backbone):
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    labels = [f"person {i // 3}" for i in range(12)]
    settings = _settings("joint", passes=1, train_backbone=True, mirror=False)
    few = FrozenMaps(maps.maps[:12], maps.teacher[:12], maps.lengths[:12])
    made = train(FACES, "x", settings, out=tmp_path / "a.safetensors", labels=labels, data=few)
    changed = {key: value.clone() for key, value in made.module.state_dict().items()}
    expected = made.network().maps(FACES[:2])
    backbone.load_state_dict(before)
    assert not torch.equal(changed["conv1.conv.weight"], before["conv1.conv.weight"])
    assert torch.equal(changed["conv1.bn.running_mean"], before["conv1.bn.running_mean"])
    again = load_checkpoint(tmp_path / "a.safetensors").network().maps(FACES[:2])
    backbone.load_state_dict(before)
    np.testing.assert_allclose(again, expected, atol=1e-6)


def test_what_ships_is_small_and_holds_nothing_of_the_backbone():
    from facespace.models import EXPLAINERS

    path = EXPLAINERS / "mobilefacenet-casia.safetensors"
    assert path.stat().st_size < 10e6
    shipped = load_checkpoint(path)
    assert shipped.module is None
    assert shipped.head is not None
    assert shipped.decoder is not None
    assert shipped.to_original.matrix.shape == (128, 512)
    assert 0 < shipped.threshold < 1
    log = json.loads(path.with_suffix(".json").read_text())
    assert log["threshold"] == shipped.threshold
    assert {key: shipped.facts[key] for key in ("distil", "decoder-only")} == {
        key: log[key] for key in ("distil", "decoder-only")
    }


def test_the_command_trains_and_draws(tmp_path, capsys):
    for i, face in enumerate(FACES):
        path = tmp_path / "faces" / f"p{i // 3}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), face)
    (tmp_path / "pairs.csv").write_text("id1,id2,same\np0/0,p0/1,1\np0/2,p9/8,0\n")
    out, picture = tmp_path / "c.safetensors", tmp_path / "faces.png"
    arguments = ["explain", "train", "--images", str(tmp_path / "faces"), "--exclude", str(tmp_path / "pairs.csv")]
    arguments += ["--aligned"]
    arguments += ["--mode", "joint", "--passes", "1", "--batch", "6", "-o", str(out), "--picture", str(picture), "--json"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["faces"], document["left_out"]) == (9, 3)
    assert {"arcface", "reconstruction"} <= set(document["log"][-1])
    assert cv2.imread(str(picture)).shape[1] == 6 * 96
    assert load_checkpoint(out).decoder is not None


def test_faces_that_a_head_sees_alike_are_mapped_to_the_mean(monkeypatch):
    data_module = importlib.import_module("facespace.explain.training._data")
    monkeypatch.setattr(data_module, "pooled_features", lambda head, maps: np.ones((6, 3), np.float32))
    teacher = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    data = FrozenMaps(np.zeros((6, 3, 1, 1), np.float16), teacher, np.ones(6, np.float32))
    found = data_module.ridge_to_original(None, data)
    assert found.matrix == pytest.approx(np.zeros((4, 3)))
    assert found.shift == pytest.approx(teacher.mean(0), abs=1e-6)
