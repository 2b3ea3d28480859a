"""The parts of a face: they partition every card's crop, follow the landmarks, and the same face has the same parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facespace.errors import DimensionError, InputError
from facespace.explain import REGIONS, face_regions
from facespace.images import ARCFACE
from facespace.models import ModelCard, list_cards

CARDS = list_cards()


@pytest.mark.parametrize("card", CARDS, ids=[card.name for card in CARDS])
@pytest.mark.parametrize("soften", [0.0, 2.0])
def test_parts_partition_every_cards_crop(card: ModelCard, soften: float) -> None:
    parts = face_regions(card.shape, card.template, soften=soften)
    assert tuple(parts) == REGIONS
    total = np.sum(list(parts.values()), axis=0)
    np.testing.assert_allclose(total, np.ones(card.shape), atol=1e-6)
    assert all(mask.min() >= 0 and mask.sum() > 0.005 * mask.size for mask in parts.values())
    x, y = np.rint(card.template.kept_points).astype(int).T
    holders = ["eyes", "eyes", "nose", "mouth", "mouth"]
    assert [max(parts, key=lambda n: parts[n][j, i]) for i, j in zip(x, y, strict=True)] == holders


def test_hard_masks_are_of_0_and_1() -> None:
    assert {0.0, 1.0} == set(np.unique(np.stack(list(face_regions((112, 112), ARCFACE).values()))))


def test_parts_move_turn_and_grow_with_the_landmarks() -> None:
    angle, scale = 0.3, 1.7
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array([40.0, 5.0])
    moved = face_regions((260, 260), ARCFACE.points @ turn.T + shift)
    whole = face_regions((112, 112), ARCFACE)
    matrix = np.column_stack([turn, shift])
    for name in ("brows", "eyes", "nose", "mouth", "cheeks"):
        expected = cv2.warpAffine(whole[name], matrix, (260, 260)) >= 0.5
        both, either = np.minimum(expected, moved[name]).sum(), np.maximum(expected, moved[name]).sum()
        assert both / either > 0.95, name


def test_a_turned_heads_nose_is_where_its_landmark_is() -> None:
    points = ARCFACE.points.copy()
    points[2, 0] += 12
    nose = face_regions((112, 112), points)["nose"]
    middle = np.average(np.arange(112), weights=nose.sum(0))
    assert middle > 58 > np.average(np.arange(112), weights=face_regions((112, 112), ARCFACE)["nose"].sum(0))


def test_what_is_no_face_is_refused() -> None:
    with pytest.raises(DimensionError, match="five points"):
        face_regions((112, 112), ARCFACE.points[:4])
    with pytest.raises(InputError, match="coincide"):
        face_regions((112, 112), np.ones((5, 2)))
    with pytest.raises(InputError, match="softened"):
        face_regions((112, 112), ARCFACE, soften=-1)
