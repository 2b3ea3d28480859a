"""Pairs of images as thumbnails: what a score looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..report import Picture, Pictures
from .files import SIDE

#: Id, id, and what is said below the two.
Pair = tuple[str, str, str]

MOST_PAIRS = 20


def pair_pictures(name: str, pairs: Sequence[Pair], faces: dict[str, Any], *, title: str, caption: str = "") -> Pictures:
    """The pairs side by side, each one picture; `faces` are from `thumbnails`, and a missing one is a grey square.

    Pictures are JPEGs of about 8 KB in the page itself: twenty pairs are less than 200 KB.
    """
    pictures = [
        Picture(f"{short_id(left)} · {short_id(right)}", side_by_side(faces.get(left), faces.get(right)), note, photo=True)
        for left, right, note in pairs
    ]
    return Pictures(name, [pictures], title=title, caption=caption, pairs=True)


def short_id(id: str) -> str:
    """The end of an id that says all.

    >>> short_id("Ann/Ann_1"), short_id("Ann/1")
    ('Ann_1', 'Ann/1')
    """
    folder, _, file = id.rpartition("/")
    return file if folder and file.startswith(folder) else id


def side_by_side(left: Any, right: Any) -> Any:
    """Two small pictures (h, w, 3) in one of fixed size, a light line between them."""
    whole = np.full((SIDE, 2 * SIDE + 4, 3), 255, dtype=np.uint8)
    for at, face in ((0, left), (SIDE + 4, right)):
        whole[:, at : at + SIDE] = 200
        if face is not None:
            height, width = face.shape[:2]
            top, side = (SIDE - height) // 2, at + (SIDE - width) // 2
            whole[top : top + height, side : side + width] = face
    return whole
