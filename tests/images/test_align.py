import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.images import ARCFACE, Template, align, realign, similarity_transform

number = st.floats(-100, 100).map(lambda x: round(x, 3))
point = st.tuples(number, number)
five_points = st.lists(point, min_size=5, max_size=5, unique=True).map(np.array).filter(lambda p: p.std(0).max() > 1)
similarity = st.tuples(st.floats(0.1, 10), st.floats(-np.pi, np.pi), number, number)


def matrix(scale: float, angle: float, x: float, y: float) -> np.ndarray:
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, x], [s, c, y]])


def move(points: np.ndarray, m: np.ndarray) -> np.ndarray:
    return points @ m[:, :2].T + m[:, 2]


@given(five_points, similarity)
def test_an_exact_similarity_is_recovered(points, parameters):
    wanted = matrix(*parameters)
    np.testing.assert_allclose(similarity_transform(points, move(points, wanted)), wanted, atol=1e-8, rtol=1e-8)


@given(five_points, five_points, similarity)
def test_equivariance_moving_the_source_first_changes_only_the_matrix(points, target, parameters):
    moved = move(points, matrix(*parameters))
    direct = move(points, similarity_transform(points, target))
    np.testing.assert_allclose(move(moved, similarity_transform(moved, target)), direct, atol=1e-6)


@given(five_points, five_points)
def test_it_equals_umeyama_by_svd_without_reflection(points, target):
    a, b = points - points.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (s * sign).sum() / (a**2).sum()
    ours = similarity_transform(points, target)
    np.testing.assert_allclose(ours[:, :2], scale * rotation, atol=1e-8)


@given(st.lists(five_points, min_size=1, max_size=4))
def test_many_faces_at_once_equal_one_by_one(faces):
    together = similarity_transform(np.array(faces), ARCFACE.points)
    assert together.shape == (len(faces), 2, 3)
    for face, one in zip(faces, together, strict=True):
        np.testing.assert_allclose(one, similarity_transform(face, ARCFACE.points), atol=1e-12)


def test_a_mirrored_face_is_not_reflected():
    mirrored = ARCFACE.points * [-1, 1]
    assert np.linalg.det(similarity_transform(mirrored, ARCFACE.points)[:, :2]) > 0


def test_coinciding_landmarks_are_refused():
    with pytest.raises(InputError, match="coincide"):
        similarity_transform(np.ones((5, 2)), ARCFACE.points)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)


def test_landmarks_on_the_template_leave_the_picture_as_it_is(picture):
    np.testing.assert_array_equal(align(picture, ARCFACE.points, ARCFACE), picture)


def test_columns_are_cut_from_the_whole_crop(picture):
    narrow = Template(ARCFACE.points, (112, 112), (8, 104))
    assert narrow.shape == (112, 96)
    np.testing.assert_array_equal(align(picture, ARCFACE.points, narrow), picture[:, 8:104])
    np.testing.assert_array_equal(narrow.kept_points, ARCFACE.points - [8, 0])


def test_a_crop_of_the_right_size_is_taken_as_it_is(picture):
    assert realign(picture, ARCFACE) is picture
    narrow = Template(ARCFACE.points, (112, 112), (8, 104))
    np.testing.assert_array_equal(realign(picture, narrow), picture[:, 8:104])
    np.testing.assert_array_equal(realign(picture[:, 8:104], narrow), picture[:, 8:104])


@pytest.mark.parametrize("size", [(56, 56), (224, 224), (448, 384), (640, 640)])
def test_crops_of_another_scale_land_on_the_template(size):
    # A smooth picture of the coordinates themselves: what lies where can be read off the values.
    height, width = size
    left = 8 if height != width else 0
    y, x = np.mgrid[:height, :width] * (112 / height)
    crop = np.stack([x + left, y, x * 0], -1).round().astype(np.uint8)
    out = realign(crop, ARCFACE)
    assert out is not None
    rows, columns = np.mgrid[20:90, 20:90]
    np.testing.assert_allclose(out[20:90, 20:90, 0], columns, atol=2)
    np.testing.assert_allclose(out[20:90, 20:90, 1], rows, atol=2)


def test_an_arcface_crop_is_warped_to_another_template(picture):
    bigger = Template(ARCFACE.points * 1.55 + [25, 20], (224, 224))
    np.testing.assert_array_equal(realign(picture, bigger), align(picture, ARCFACE.points, bigger))


def test_a_picture_of_other_proportions_is_no_face_crop():
    assert realign(np.zeros((100, 200, 3), np.uint8), ARCFACE) is None
