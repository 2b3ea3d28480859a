"""A small face in a large photo has the embedding of its own small picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facespace.images import align, look_for_faces, make_detector, read_image
from facespace.models import load_card, load_network

#: Detector, image, side in pixels of its picture: by the landmarks of the first look the cosine is 0.93 to 0.96.
CASES = [
    ("yunet", "Felix_Mantilla/Felix_Mantilla_0002", 135),
    ("yunet", "Stefaan_Declerk/Stefaan_Declerk_0001", 194),
    ("scrfd", "Pedro_Mahecha/Pedro_Mahecha_0001", 173),
]


@pytest.mark.parametrize(("name", "person", "side"), CASES)
def test_a_small_face_in_a_large_photo_is_that_of_its_own_picture(shared, name, person, side):
    file = {"yunet": "yunet.onnx", "scrfd": "scrfd-500m.onnx"}[name]
    detector = make_detector(name, shared / "models" / file)
    network = load_network(load_card("edgeface-xxs"), shared / "models")
    image = read_image(shared / f"data/lfw/{person}.jpg")
    own = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if side < 176 else cv2.INTER_CUBIC)
    photo = np.full((3000, 4000, 3), 110, np.uint8)
    photo[1701 : 1701 + side, 823 : 823 + side] = own
    crops = []
    for picture in (own, photo):
        found = look_for_faces(detector, picture)
        assert found.degrees == 0
        crops.append(align(picture, found.faces.landmarks[0], network.card.template))
    one, other = network(np.stack(crops))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) >= 0.97
