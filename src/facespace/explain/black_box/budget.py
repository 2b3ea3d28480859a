"""As many random masks as a time allows, or as a map's own standard error asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...images import Crops
from .hiding import Floats, blurred, hide, random_masks
from .maps import BATCH, LEAST, BlackBoxMap, Embedder, MaskedFace, rise_error, unit_rows

MOST = 4096  # masks of a face: 200 MB for a crop of 112 × 112
_GROWTH = 1.15  # by how much more masks the next look at the error waits for


@dataclass(frozen=True)
class Budget:
    """When rise has enough masks: `seconds` for both faces are over, or both maps' standard errors are at most `error`.

    Raises InputError where neither is given, or one isn't above 0.
    """

    seconds: float | None = None
    error: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.seconds, self.error) if value is not None]
        if not given or min(given) <= 0:
            raise InputError(
                f"a budget of {self.seconds} seconds and a standard error of {self.error} ends no drawing of masks",
                "Give seconds, or an error such as 0.05 (--budget, --error), above 0.",
            )


def budgeted_maps(
    sides: list[tuple[Crops, Embedder]],
    partners: list[NDArray[np.floating]],
    budget: Budget,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[BlackBoxMap]:
    """rise's maps of several faces against their partners, each by the same number of masks, until the budget is spent.

    Masks are those that `black_box_map(passes=n, seed=seed + i)` draws for face i, in its batches, so that a run with a
    budget is repeated exactly by the number it ended with. At least 16 masks are drawn, at most 4,096.

    Args:
        sides: crops with their networks. partners: a vector (d,) for each.
        progress: called with (passes done, passes foreseen), all faces together.
    """
    start, drawn = clock(), 0
    rngs = [np.random.default_rng(seed + i) for i in range(len(sides))]
    fills = [blurred(crop) for crop, _ in sides]
    clean = [unit_rows(embed(crop[None]))[0] for crop, embed in sides]
    masks: list[list[Floats]] = [[] for _ in sides]
    hidden: list[list[NDArray[np.float64]]] = [[] for _ in sides]

    def faces() -> list[MaskedFace]:
        return [
            MaskedFace("rise", np.concatenate(m), c, np.concatenate(h)) for m, c, h in zip(masks, clean, hidden, strict=True)
        ]

    look = LEAST
    while drawn < MOST:
        for i, (crop, embed) in enumerate(sides):
            masks[i].append(random_masks(crop.shape[:2], BATCH, rngs[i]))
            hidden[i].append(unit_rows(embed(hide(crop, masks[i][-1], fills[i]))))
        drawn += BATCH
        spent = clock() - start
        if progress:
            share = spent / budget.seconds if budget.seconds else drawn / MOST
            progress(drawn * len(sides), max(round(drawn * len(sides) / max(share, 1e-9)), drawn * len(sides)))
        if drawn < LEAST:
            continue
        if budget.seconds is not None and spent + spent / drawn * BATCH > budget.seconds:
            break
        if budget.error is not None and drawn >= look:
            look = int(drawn * _GROWTH)
            if max(rise_error(f.masks, f.scores(p)[0]) for f, p in zip(faces(), partners, strict=True)) <= budget.error:
                break
    return [face.against(partner) for face, partner in zip(faces(), partners, strict=True)]
