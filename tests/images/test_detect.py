import cv2
import numpy as np
import pytest

from facespace.errors import ModelError, UnknownNameError
from facespace.images import ARCFACE, Faces, find_faces, make_detector, pick_face, read_image, read_landmarks
from facespace.images._dlib_faces import five_of_68
from facespace.models import locate
from facespace.models.weights import DETECTOR_FILES


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    array = np.array(boxes, dtype=float).reshape(-1, 4)
    return Faces(array, np.repeat(array[:, None, :2], 5, axis=1), np.ones(len(array)))


def test_the_largest_face_near_the_middle_is_picked():
    picture = np.zeros((100, 100, 3), np.uint8)
    corner, middle, large = (0, 0, 30, 30), (36, 36, 64, 64), (0, 20, 80, 100)
    assert pick_face(faces(corner, middle), picture)[0, 0] == 36
    assert pick_face(faces(corner, middle, large), picture)[0, 1] == 20
    assert pick_face(faces(), picture) is None


class Fixed:
    """Sees one face, always at the same part of the picture, but only in pictures wider than `least`."""

    name = "fixed"

    def __init__(self, least: int) -> None:
        self.least, self.seen = least, []

    def __call__(self, image):
        self.seen.append(image.shape[:2])
        height, width = image.shape[:2]
        return faces((0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height)) if width > self.least else faces()


def test_large_pictures_are_shrunk_and_the_boxes_scaled_back():
    detector = Fixed(0)
    found = find_faces(detector, np.zeros((1000, 2000, 3), np.uint8))
    assert detector.seen == [(320, 640)]
    np.testing.assert_allclose(found.boxes, [[800, 400, 1200, 600]])


def test_a_face_missed_at_first_is_sought_with_a_border():
    detector = Fixed(150)
    found = find_faces(detector, np.zeros((100, 100, 3), np.uint8))
    assert detector.seen == [(100, 100), (200, 200)]
    np.testing.assert_allclose(found.boxes, [[30, 30, 70, 70]])


def test_a_small_face_in_a_large_picture_is_sought_at_its_own_size_and_in_tiles():
    class Patch:
        """Sees the white square, where it is at least 30 pixels wide in a picture as it stands."""

        name = "patch"

        def __init__(self):
            self.seen = []

        def __call__(self, image):
            self.seen.append(image.shape[:2])
            y, x = np.nonzero(image[..., 0] > 128)
            if not len(x) or np.ptp(x) < 30:
                return faces()
            return faces((x.min(), y.min(), x.max() + 1, y.max() + 1))

    for left, top in ((1900, 1400), (0, 0), (3940, 2940), (1250, 1270)):  # also where tiles overlap or end
        picture = np.zeros((3000, 4000, 3), np.uint8)
        picture[top : top + 60, left : left + 60] = 255
        detector = Patch()
        found = find_faces(detector, picture)
        np.testing.assert_allclose(found.boxes, [[left, top, left + 60, top + 60]], atol=2)
        assert detector.seen[:3] == [(480, 640), (960, 1280), (960, 1280)]  # shrunk, with a border, at twice the size
        assert max(max(shape) for shape in detector.seen) == 1280
    assert len(find_faces(Patch(), picture, size=4000)) == 1


def test_68_points_are_reduced_to_eye_centres_nose_tip_and_mouth_corners():
    points = np.arange(136.0).reshape(68, 2)
    np.testing.assert_array_equal(five_of_68(points)[:, 0], [77, 89, 60, 96, 108])


def test_unknown_detectors_and_broken_weights_are_named(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'yunet'"):
        make_detector("yunett", tmp_path)
    broken = tmp_path / "yunet.onnx"
    broken.write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"yunet\.onnx can't be loaded"):
        make_detector("yunet", broken)
    with pytest.raises(ModelError, match=r"yunet\.onnx can't be loaded"):
        make_detector("scrfd", broken)


@pytest.mark.parametrize(("name", "tolerance"), [("yunet", 4), ("scrfd", 4), ("dlib", 7)])
def test_landmarks_on_lfw_are_near_the_published_ones(shared, name, tolerance):
    weights = locate(DETECTOR_FILES[name], shared / "models")
    if weights is None:
        pytest.skip(f"no weights of {name}")
    if name == "dlib":
        pytest.importorskip("dlib")
    detector = make_detector(name, weights)
    listed = read_landmarks(shared / "data/protocols/lfw/landmarks-176.csv")
    distances = []
    for person in list(listed)[:: len(listed) // 12]:
        image = read_image(shared / f"data/lfw/{person}.jpg")
        points = pick_face(find_faces(detector, image), image)
        assert points is not None, person
        distances.append(np.linalg.norm(points - listed[person], axis=1).mean())
    assert np.median(distances) < tolerance  # pixels; the eyes are about 45 apart


@pytest.mark.parametrize("name", ["yunet", "scrfd"])
def test_a_tight_crop_is_detected(shared, name):
    detector = make_detector(name, shared / "models" / DETECTOR_FILES[name].name)
    distances = []
    for path in sorted((shared / "data/faces-train").rglob("*.jpg"))[::600]:
        image = read_image(path)
        points = pick_face(find_faces(detector, image), image)
        assert points is not None, path
        distances.append(np.linalg.norm(points - ARCFACE.points, axis=1).mean())
    assert np.median(distances) < 5  # pixels of a 112 pixel crop


@pytest.mark.parametrize("name", ["yunet", "scrfd"])
def test_a_face_of_60_pixels_in_a_large_photo_is_found(shared, name):
    detector = make_detector(name, shared / "models" / DETECTOR_FILES[name].name)
    person = read_image(next(iter(sorted((shared / "data/lfw").rglob("*_0001.jpg")))))
    photo = np.full((2250, 3000, 3), 100, np.uint8)
    photo[1400:1460, 1900:1960] = cv2.resize(person, (60, 60), interpolation=cv2.INTER_AREA)
    points = pick_face(find_faces(detector, photo), photo)
    assert points is not None
    assert ((points > (1900, 1400)) & (points < (1960, 1460))).all()
