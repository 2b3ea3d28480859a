"""The student that sees faces: where it starts, what dropout does to it, and that it comes back from its file."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from facespace.capacity import (  # noqa: E402  # noqa: E402
    DeepMDS,
    EmbeddingStudent,
    ImageStudent,
    estimate_capacity,
    load_image_student,
    train_image_student,
)
from facespace.capacity.students._network import ResidualModule  # noqa: E402
from facespace.embeddings import EmbeddingSet  # noqa: E402
from facespace.errors import DimensionError, FileFormatError, InputError  # noqa: E402
from facespace.models import load_card  # noqa: E402

nn = torch.nn
PEOPLE, IMAGES, M = 40, 4, 3


def small_backbone(seed=0):
    torch.manual_seed(seed)
    first = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.PReLU(6))
    second = nn.Sequential(nn.Conv2d(6, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.PReLU(8))
    return nn.Sequential(first, second, nn.Flatten(), nn.Linear(8 * 4 * 4, 12)).eval()


@pytest.fixture(scope="module")
def card():
    known = load_card("mobilefacenet-casia")
    template = dataclasses.replace(known.template, size=(16, 16), columns=None)
    return dataclasses.replace(known, name="small", dim=12, template=template)


@pytest.fixture(scope="module")
def crops():
    """Made faces (160, 16, 16, 3): each person's own picture, and noise on it."""
    rng = np.random.default_rng(0)
    own = np.kron(rng.integers(0, 256, (PEOPLE, 4, 4, 3)), np.ones((1, 4, 4, 1)))
    noisy = np.repeat(own, IMAGES, axis=0) + rng.normal(0, 25, (PEOPLE * IMAGES, 16, 16, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def embedded(backbone, crops, card):
    from facespace.models import prepare

    with torch.no_grad():
        return backbone(prepare(crops, card)).numpy()


@pytest.fixture(scope="module")
def vectors(crops, card):
    return embedded(small_backbone(), crops, card)


@pytest.fixture(scope="module")
def projection(vectors):
    return DeepMDS(M, hidden=16, steps=100).fit(vectors)


def student(projection, card, seed=0, **settings):
    wanted = {"passes": 4, "epochs": 1, "batch": 32, "device": "cpu"} | settings
    return ImageStudent(small_backbone(seed), projection, card, **wanted)


def test_it_starts_where_its_teacher_stands(crops, vectors, projection, card):
    unmoved = student(projection, card, rate=0.0, dropout=0.0, hidden_dropout=0.0).fit(crops, vectors)
    seen, y = unmoved.moments(crops), projection.transform(vectors)
    assert np.abs(seen.mean - y).max() < 0.02 * y.std()
    assert np.allclose(seen.covariance, np.diag(0.1 * y.var(axis=0)), rtol=1e-3, atol=1e-8)  # no dropout: aleatoric alone


def test_a_teacher_with_another_space_is_reached_through_a_linear_map(crops, card):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))[0].astype(np.float32)
    vectors = embedded(small_backbone(), crops, card) @ turn
    projection = DeepMDS(M, hidden=16, steps=50).fit(vectors)
    unmoved = student(projection, card, rate=0.0, dropout=0.0, hidden_dropout=0.0).fit(crops, vectors)
    y = projection.transform(vectors)
    assert np.abs(unmoved.moments(crops).mean - y).max() < 0.02 * y.std()


def test_passes_agree_with_the_closed_form_of_the_hidden_layer(crops, vectors, projection, card):
    """Without dropout in the convolutions it is the embedding student, whose moments over all masks are known exactly."""
    made = student(projection, card, rate=0.0, dropout=0.0, hidden_dropout=0.2, passes=3000).fit(crops, vectors)
    weights = [getattr(made.module_, key).detach().numpy() for key in "AaWVb"]
    weights[1] = weights[1] + projection.mean_ @ weights[0]  # the embedding student sees centred vectors
    exact = EmbeddingStudent(projection, dropout=0.2)
    exact.module_ = ResidualModule(*weights)
    wanted, seen = exact.moments(vectors[:8]), made.moments(crops[:8])
    scale = np.sqrt(np.trace(wanted.covariance, axis1=1, axis2=2))
    assert (np.linalg.norm(seen.mean - wanted.mean, axis=1) < 4 * scale / np.sqrt(3000)).all()
    assert np.linalg.norm(seen.covariance - wanted.covariance) < 0.1 * np.linalg.norm(wanted.covariance)


def test_dropout_behind_convolutions_widens_the_covariances(crops, vectors, projection, card):
    traces = []
    for p in (0.0, 0.05, 0.3):
        made = student(projection, card, rate=0.0, dropout=p, hidden_dropout=0.0, passes=30).fit(crops, vectors)
        traces.append(np.trace(made.moments(crops[:20]).covariance, axis1=1, axis2=2).mean())
    assert traces[0] < traces[1] < traces[2]


def test_training_brings_the_means_nearer(crops, vectors, projection, card):
    y = projection.transform(vectors)
    gaps = []
    for epochs in (1, 40):
        made = student(projection, card, epochs=epochs, dropout=0.2, passes=10, rate=2e-3).fit(crops, vectors)
        gaps.append(np.mean((made.moments(crops).mean - y) ** 2))
    assert gaps[1] < 0.9 * gaps[0]
    assert made.log_[-1] < made.log_[0]


def test_layers_before_since_stay_as_they_are_and_without_dropout(crops, vectors, projection, card):
    made = student(projection, card, since="1", rate=1e-2, epochs=2, dropout=0.3, hidden_dropout=0.0).fit(crops, vectors)
    untouched, trained = small_backbone(), made._backbone
    assert torch.equal(untouched[0][0].weight, trained[0][0].weight)
    assert not torch.equal(untouched[1][0].weight, trained[1][0].weight)
    whole = student(projection, card, rate=0.0, dropout=0.3, hidden_dropout=0.0).fit(crops, vectors)
    part = student(projection, card, since="1", rate=0.0, dropout=0.3, hidden_dropout=0.0).fit(crops, vectors)
    spread = [np.trace(s.moments(crops).covariance, axis1=1, axis2=2).mean() for s in (part, whole)]
    assert spread[0] < spread[1]


def test_it_comes_back_from_its_file_and_repeats_itself(crops, vectors, projection, card, tmp_path):
    made = student(projection, card, since="1").fit(crops, vectors)
    state = torch.random.get_rng_state()
    first = made.moments(crops[:20])
    assert torch.equal(state, torch.random.get_rng_state())  # nothing of it is left in torch's own generator
    again = load_image_student(made.save(tmp_path / "s.safetensors"), small_backbone(7), card, device="cpu")
    second = again.moments(crops[:20])
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.covariance, second.covariance)
    assert (again.label, again.log_) == (made.label, made.log_) == ("image-dropout0.05-0.2-since-1-T4", made.log_)
    assert np.array_equal(again.projection.transform(vectors), projection.transform(vectors))
    assert again.projection.steps == projection.steps  # signatures name it


def test_a_backbone_given_stays_as_it_is(crops, vectors, projection, card):
    given = small_backbone()
    settings = {"passes": 4, "epochs": 1, "batch": 32, "device": "cpu", "dropout": 0.3, "rate": 1e-2}
    for _ in range(2):  # a second student of the same network does not add to the first one's dropout
        ImageStudent(given, projection, card, **settings).fit(crops, vectors)
    assert np.array_equal(embedded(given, crops, card), vectors)


def test_every_covariance_is_one(crops, vectors, projection, card):
    covariance = student(projection, card, passes=8).fit(crops, vectors).moments(crops).covariance
    assert covariance.shape == (len(crops), M, M)
    assert np.allclose(covariance, np.swapaxes(covariance, 1, 2), rtol=1e-4, atol=1e-8)
    assert (np.linalg.eigvalsh(covariance.astype(np.float64)) > 0).all()


def test_one_call_trains_on_faces_and_their_mirror_images(crops, card):
    told = []
    made = train_image_student(
        crops,
        small_backbone(),
        card,
        dim=2,
        projection_steps=20,
        epochs=2,
        batch=40,
        device="cpu",
        progress=lambda done, whole: told.append((done, whole)),
    )
    assert made.projection.dim == 2
    assert told[-1] == (16, 16)  # 2 epochs of 320 faces in batches of 40


def test_the_capacity_speaks_of_the_student_it_rests_on(crops, vectors, projection, card, monkeypatch):
    from facespace.capacity import estimate

    monkeypatch.setattr(estimate, "_STEPS", 20)
    monkeypatch.setattr(estimate, "_FEW_STEPS", 5)
    ids = [f"p{i // IMAGES}/{i % IMAGES}" for i in range(len(crops))]
    faces = EmbeddingSet(vectors, ids, model="small")
    made = student(projection, card, passes=6, epochs=3).fit(crops, vectors)
    seen = made.moments(crops)
    result = estimate_capacity(faces, student=made, moments=seen, resamples=20)
    assert result.dim == M
    assert result.student == "image-dropout0.05-0.2-T6"
    assert "image-dropout0.05-0.2-T6" in result.signature
    assert "a student that sees embeddings" in [row.changed for row in result.sensitivity]
    blurred = dataclasses.replace(seen, covariance=30 * seen.covariance)
    worse = estimate_capacity(faces, student=made, moments=blurred, resamples=20, sensitivity=False)
    assert all(a.capacity > b.capacity for a, b in zip(result.of("full", "median"), worse.of("full", "median"), strict=True))
    with pytest.raises(InputError, match="moments of 10 images"):
        estimate_capacity(faces, student=made, moments=made.moments(crops[:10]))
    with pytest.raises(InputError, match="no student"):
        estimate_capacity(faces, moments=seen)
    with pytest.raises(InputError, match="dimension 5, but the student predicts 3"):
        estimate_capacity(faces, student=made, moments=seen, dim=5)


def test_what_does_not_fit_is_refused(crops, vectors, projection, card, tmp_path):
    with pytest.raises(InputError, match="160 faces and 159 embeddings"):
        student(projection, card).fit(crops, vectors[:-1])
    with pytest.raises(DimensionError, match="width 12"):
        student(projection, card).fit(crops, vectors[:, :5])
    with pytest.raises(DimensionError, match="16 × 16"):
        student(projection, card).fit(crops[:, :10], vectors)
    with pytest.raises(InputError, match="1 passes"):
        student(projection, card, passes=1)
    with pytest.raises(InputError, match="needs its card"):
        ImageStudent(small_backbone(), projection)
    (tmp_path / "s.safetensors").write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match="can't be read as safetensors"):
        load_image_student(tmp_path / "s.safetensors")
    made = student(projection, card).fit(crops, vectors).save(tmp_path / "t.safetensors")
    with pytest.raises(FileFormatError, match="has no place in it"):
        load_image_student(made, nn.Sequential(nn.Conv2d(3, 2, 3)), card)


def test_the_command_line_trains_one_and_uses_it(crops, card, tmp_path, monkeypatch, capsys):
    """With the real architecture and random weights, since a fresh machine has no others."""
    import cv2

    from facespace.capacity.students import image_student, image_training
    from facespace.cli import main
    from facespace.models import mobilefacenet

    torch.manual_seed(0)
    state = {key: value.numpy() for key, value in mobilefacenet().state_dict().items()}
    real = load_card("mobilefacenet-casia")
    for module in (image_student, image_training):
        monkeypatch.setattr(module, "load_backbone", lambda *_: (mobilefacenet(state), real))
    height, width = real.shape
    ids = []
    for i, crop in enumerate(crops[:40]):
        ids.append(f"p{i // 2}/{i % 2}")
        (tmp_path / "faces" / ids[-1]).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "faces" / f"{ids[-1]}.png"), cv2.resize(crop, (width, height)))
    rng = np.random.default_rng(0)
    made = EmbeddingSet(np.repeat(rng.normal(size=(20, 6)), 2, axis=0) + 0.3 * rng.normal(size=(40, 6)), ids, model="t")
    faces, out = made.save(tmp_path / "set.parquet"), tmp_path / "student.safetensors"
    common = ["--images", str(tmp_path / "faces"), "--aligned", "--json"]
    train = ["--teacher", str(faces), "--dim", "2", "--since", "blocks.14", "--epochs", "1", "--batch", "8"]
    assert main(["capacity", "student", *common, *train, "--passes", "3", "-o", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["student"] == "image-dropout0.05-0.2-since-blocks.14-T3"
    assert (document["faces"], len(document["losses"])) == (40, 1)
    assert main(["capacity", str(faces), *common, "--student", str(out), "--passes", "2"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["student"].endswith("-T2")
    assert document["dim"] == 2
    assert main(["capacity", str(faces), "--student", str(out)]) == 2
    assert "belong together" in capsys.readouterr().err
    (tmp_path / "faces" / f"{ids[3]}.png").unlink()
    assert main(["capacity", str(faces), *common, "--student", str(out)]) == 2
    assert "1 images of the set are not under" in capsys.readouterr().out
