"""What hiding a place of a face does to its embedding: computed once, and good for every partner of that face.

The score of a face with a place hidden is the cosine of that embedding and the partner's, and the embedding knows nothing of
the partner. So a further partner costs one product of matrices here, and its own face's passes there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...images import Crops
from ..black_box import blurred, soft_patches, unit_rows
from ..regions import Floats

Doubles = NDArray[np.float64]
Embedder = Callable[[Crops], NDArray[np.floating]]

PASSES, REPEATS = 49, 4
# Where the grid lies in each repeat, in strides: four are spread evenly over the ways it can lie, and so are halves of them
# about the middle, so that what differs between halves is no shift of the whole map.
_SHIFTS = ((-0.25, -0.25), (0.25, 0.25), (-0.25, 0.25), (0.25, -0.25), (0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))
_BATCH = 8


@dataclass(frozen=True, eq=False)
class HiddenFace:
    """A face's embedding, and those of it with each place hidden; all of length 1.

    Attributes:
        crop: (height, width, 3) uint8. vector: (d,).
        masks: of each repeat (m, height, width), 1 where the face was hidden. hidden: of each repeat (m, d).
        regions: (r, d), with each region hidden. names: the regions'.
    """

    crop: Crops
    vector: Doubles
    masks: tuple[Floats, ...]
    hidden: tuple[Doubles, ...]
    regions: Doubles
    names: tuple[str, ...]

    @property
    def passes(self) -> int:
        """Forward passes with a patch hidden, in all repeats."""
        return sum(len(m) for m in self.masks)

    def maps(self, partner: NDArray[np.floating]) -> Floats:
        """(repeats, height, width): the map of occlusion against a partner's vector (d,), with the grid in each place.

        Each is `black_box_map`'s: the mean, over the patches that cover a pixel, of what the score loses with them hidden.
        """
        direction = unit_rows(np.asarray(partner)[None])[0]
        clean = float(self.vector @ direction)
        found = []
        for masks, hidden in zip(self.masks, self.hidden, strict=True):
            covered = masks.sum(0, dtype=np.float64)
            found.append(np.tensordot(clean - hidden @ direction, masks, axes=1) / np.maximum(covered, 1e-9))
        return np.asarray(found, dtype=np.float32)

    def without(self, partner: NDArray[np.floating]) -> dict[str, float]:
        """The score against a partner with each region hidden, by the region's name."""
        scores = self.regions @ unit_rows(np.asarray(partner)[None])[0]
        return dict(zip(self.names, scores.tolist(), strict=True))


def hide_face(
    crop: Crops,
    embed: Embedder,
    regions: Mapping[str, Floats],
    *,
    repeats: int = REPEATS,
    passes: int = PASSES,
    progress: Callable[[int, int], None] | None = None,
) -> HiddenFace:
    """Hide a face place by place.

    Args:
        crop: (height, width, 3) uint8, as the network takes it. embed: the network; across networks followed by the map.
        regions: masks by name, as `face_regions` gives them softened; each is hidden once.
        repeats: how often, with the grid of patches in another place. passes: patches in a grid.
        progress: called with (passes done, passes in all).

    Raises InputError for another number of repeats than 1 to 8, and as `soft_patches`; ModelError for a vector without
    direction.
    """
    if not 1 <= repeats <= len(_SHIFTS):
        raise InputError(f"{repeats} repeats of the grid, but there are 1 to {len(_SHIFTS)}", "4 are usual.")
    shifts = _SHIFTS[:repeats] if repeats > 1 else ((0.0, 0.0),)
    masks = [soft_patches(crop.shape[:2], passes, shift) for shift in shifts]
    fill, parts = blurred(crop), np.stack(list(regions.values()))
    whole, done = sum(len(m) for m in masks) + len(parts), 0
    found: list[Doubles] = []
    for group in (*masks, parts):
        rows = []
        for i in range(0, len(group), _BATCH):
            m = group[i : i + _BATCH, ..., None]
            rows.append(unit_rows(embed(np.rint(crop * (1 - m) + fill * m).astype(np.uint8))))
            done += len(m)
            if progress:
                progress(done, whole)
        found.append(np.concatenate(rows))
    vector = unit_rows(embed(crop[None]))[0]
    return HiddenFace(crop, vector, tuple(masks), tuple(found[:-1]), found[-1], tuple(regions))
