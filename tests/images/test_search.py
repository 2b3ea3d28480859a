from __future__ import annotations

import cv2
import numpy as np
import pytest

from facespace.errors import FileFormatError, UnknownNameError
from facespace.images import (
    Faces,
    FaceSearch,
    ImageFaces,
    look_for_faces,
    make_detector,
    no_faces,
    rank_faces,
    read_faces,
    read_image,
    write_faces,
)


class Arrow:
    """Sees the white square, surely where the black dot is in its upper half: a face that knows which way is up."""

    name, sure, upright, better, steady = "arrow", 0.9, 0.9, 0.02, False

    def __init__(self, least: int = 10) -> None:
        self.least, self.calls = least, 0

    def __call__(self, image):
        self.calls += 1
        y, x = np.nonzero(image[..., 0] > 128)
        if len(x) < self.least**2:
            return Faces(np.zeros((0, 4)), np.zeros((0, 5, 2)), np.zeros(0))
        box = np.array([x.min(), y.min(), x.max(), y.max()], dtype=float)
        inside = image[y.min() : y.max() + 1, x.min() : x.max() + 1]
        dy, dx = np.argwhere(inside[..., 1] < 100).mean(0)
        up = dy < inside.shape[0] / 3 and abs(dx - inside.shape[1] / 2) < inside.shape[1] / 4
        points = np.repeat([[x.min() + dx, y.min() + dy]], 5, axis=0)[None]
        return Faces(box[None], points, np.array([0.95 if up else 0.7]))


def arrow(shape=(200, 300), at=(120, 60), side=96):
    picture = np.zeros((*shape, 3), np.uint8)
    left, top = at
    picture[top : top + side, left : left + side] = 255
    picture[top + side // 12 : top + side // 4, left + side // 2 - side // 12 : left + side // 2 + side // 12, 1] = 0
    return picture


@pytest.mark.parametrize("quarters", range(4))
def test_a_picture_on_its_side_is_turned_and_points_stay_in_its_own_pixels(quarters):
    upright = look_for_faces(Arrow(), arrow())
    turned = np.ascontiguousarray(np.rot90(arrow(), quarters))
    found = look_for_faces(Arrow(), turned)
    assert found.degrees == 90 * quarters  # against the clock it was turned, clockwise it stands
    points, width = upright.faces.landmarks[0], 300
    for quarter in range(quarters):
        width = (300, 200)[quarter % 2]
        points = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=-1)
    np.testing.assert_allclose(found.faces.landmarks[0], points, atol=1e-9)
    left, top, right, bottom = found.faces.boxes[0]
    assert turned[int(top) : int(bottom) + 1, int(left) : int(right) + 1, 0].min() == 255


def test_an_upright_face_is_looked_at_once_and_turning_can_be_left_out():
    detector = Arrow()
    assert look_for_faces(detector, arrow()).degrees == 0
    assert detector.calls == 1
    found = look_for_faces(Arrow(), np.ascontiguousarray(np.rot90(arrow())), FaceSearch(turn=False))
    assert (found.degrees, found.faces.scores.tolist()) == (0, [0.7])


class Doubtful(Arrow):
    """Isn't sure of any orientation, and gives the scores it is told of the face up, left, down and right."""

    better = 0.08

    def __init__(self, scores, lying=False):
        super().__init__()
        self.told, self.lying = scores, lying

    def __call__(self, image):
        found = super().__call__(image)
        if not len(found):
            return found
        left, top, right, bottom = found.boxes[0]
        dot = found.landmarks[0, 0] - [(left + right) / 2, (top + bottom) / 2]
        ways = np.array([[0, -1], [-1, 0], [0, 1], [1, 0]])
        way = int((ways @ dot).argmax())
        up = ways[way if self.lying else 0]
        middle, across = np.array([left + right, top + bottom]) / 2, np.array([-up[1], up[0]])
        five = [up - across, up + across, 0 * up, -up - across, -up + across]
        return Faces(found.boxes, np.array([middle + 20 * point for point in five])[None], np.array([self.told[way]]))


def test_a_standing_picture_is_turned_only_where_a_face_is_clearly_surer_then():
    photo = arrow()
    assert look_for_faces(Doubtful([0.70, 0.75, 0.60, 0.77]), photo).degrees == 0  # no more than better
    assert look_for_faces(Doubtful([0.70, 0.75, 0.60, 0.79]), photo).degrees != 0
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(photo, quarters))
        assert look_for_faces(Doubtful([0.79, 0.60, 0.60, 0.60]), turned).degrees == 90 * quarters


def test_landmarks_that_lie_on_their_side_speak_against_an_orientation():
    photo = arrow()
    told = [0.70, 0.70, 0.60, 0.70]
    for quarters in (1, 3):
        turned = np.ascontiguousarray(np.rot90(photo, quarters))
        assert look_for_faces(Doubtful(told), turned).degrees == 0  # the same scores, of landmarks that always stand
        assert look_for_faces(Doubtful(told, lying=True), turned).degrees == 90 * quarters
    assert look_for_faces(Doubtful(told, lying=True), photo).degrees == 0


def test_a_face_is_last_looked_at_in_one_size_unless_the_detector_is_steady():
    for steady, looks in ((False, 3), (True, 1)):  # the last look is one at the cut-out and one at its mirror image
        detector = Doubtful([0.95] * 4)
        detector.steady = steady
        found = look_for_faces(detector, arrow())
        assert detector.calls == looks
        np.testing.assert_allclose(found.faces.boxes[0], [120, 60, 215, 155])
        # the eyes' distance is told in pixels of what the detector sees, 1.2 times as large as the picture or so
        assert (np.ptp(found.faces.landmarks[0, :2, 0]) == 40) == steady


def test_a_face_of_more_than_240_pixels_stays_as_it_is_found():
    class Near(Doubtful):
        def __call__(self, image):
            faces = super().__call__(image)
            return Faces(faces.boxes, faces.landmarks * 8, faces.scores)

    detector = Near([0.95] * 4)
    look_for_faces(detector, arrow())
    assert detector.calls == 1


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_a_small_face_in_a_large_photo_is_found_and_looked_at_in_its_own_pixels(quarters):
    photo = np.ascontiguousarray(np.rot90(arrow((2400, 3200), (2501, 1777), 60), quarters))
    found = look_for_faces(Arrow(24), photo)
    assert found.degrees == 90 * quarters
    y, x = np.nonzero(photo[..., 0])
    np.testing.assert_allclose(found.faces.boxes[0], [x.min(), y.min(), x.max(), y.max()], atol=2)


def test_small_faces_beside_large_ones_are_found_where_they_are_asked_for():
    class Squares(Arrow):
        def __call__(self, image):
            count, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 128).astype(np.uint8))
            found = [[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:count] if w >= 20]
            boxes = np.array(found, dtype=float).reshape(-1, 4)
            return Faces(boxes, np.repeat(boxes[:, None, :2], 5, axis=1), np.full(len(boxes), 0.95))

    photo = np.zeros((2000, 3000, 3), np.uint8)
    photo[300:900, 400:1000] = 255
    photo[1500:1560, 2000:2060] = 255
    assert len(look_for_faces(Squares(), photo).faces) == 1
    assert sorted(
        (b[2] - b[0]).round(-1) for b in look_for_faces(Squares(), photo, FaceSearch(min_face=50)).faces.boxes
    ) == [
        60,
        600,
    ]
    assert len(look_for_faces(Squares(), photo, FaceSearch(min_face=100)).faces) == 1


def test_the_order_of_faces_follows_the_rule():
    boxes = np.array([[0, 0, 40, 40], [45, 45, 75, 75], [50, 40, 60, 50]], dtype=float)
    faces = Faces(boxes, np.zeros((3, 5, 2)), np.array([0.9, 0.9, 0.3]))
    assert rank_faces(faces, (100, 100), "best", 0.9).tolist() == [1, 0, 2]
    assert rank_faces(faces, (100, 100), "largest", 0.9).tolist() == [0, 1, 2]
    with pytest.raises(UnknownNameError, match="did you mean 'largest'"):
        rank_faces(faces, (100, 100), "larges")


def test_a_table_of_faces_is_read_as_it_was_written(tmp_path):
    rng = np.random.default_rng(0)
    two = ImageFaces(Faces(rng.random((2, 4)), rng.random((2, 5, 2)) * 100, np.array([0.9, 0.7])), 90, (20, 30))
    path = tmp_path / "faces.parquet"
    write_faces(path, [("a/1", "a/1.jpg", two), ("b", "b.jpg", no_faces("unreadable", "broken"))], {"detector": "yunet"})
    found, facts = read_faces(path)
    assert facts == {"detector": "yunet"}
    assert (found["a/1"].degrees, found["a/1"].shape, found["b"].reason, found["b"].detail) == (
        90,
        (20, 30),
        "unreadable",
        "broken",
    )
    np.testing.assert_allclose(found["a/1"].faces.landmarks, two.faces.landmarks, rtol=1e-6)
    np.testing.assert_allclose(found["a/1"].faces.scores, two.faces.scores, rtol=1e-6)
    assert len(found["b"].faces) == 0


def test_what_is_no_table_of_faces_is_said(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(FileFormatError, match="no column 'file', so it is no table of faces"):
        read_faces(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(FileFormatError):
        read_faces(tmp_path / "y.parquet")


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_lfw_faces_are_turned_upright(shared, quarters):
    detector = make_detector("yunet", shared / "models/yunet.onnx")
    for name in ("Aaron_Eckhart/Aaron_Eckhart_0001", "Abba_Eban/Abba_Eban_0001", "Zico/Zico_0001"):
        image = read_image(shared / f"data/lfw/{name}.jpg")
        assert look_for_faces(detector, image).degrees == 0
        assert look_for_faces(detector, np.ascontiguousarray(np.rot90(image, quarters))).degrees == 90 * quarters
