"""Small networks that see the same people: one latent space of identities under different linear maps, with noise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet

FOLDS, PEOPLE, IMAGES, LATENT = 5, 12, 8, 10
WIDTHS = {"small": 12, "medium": 16, "wide": 24}


def _ids() -> list[str]:
    return [f"{f}{p:02d}/{i}" for f in range(FOLDS) for p in range(PEOPLE) for i in range(IMAGES)]


def _sets(seed: int = 0) -> list[EmbeddingSet]:
    rng = np.random.default_rng(seed)
    people = np.repeat(rng.normal(size=(FOLDS * PEOPLE, LATENT)), IMAGES, axis=0)
    images = people + 0.4 * rng.normal(size=people.shape)  # what every network sees: the same picture
    ids = _ids()
    subject = [name.split("/")[0] for name in ids]
    made = []
    for name, width in WIDTHS.items():
        turn = np.linalg.qr(rng.normal(size=(width, width)))[0][:LATENT]
        mean = 1.5 * rng.normal(size=width) / np.sqrt(width)
        vectors = images @ turn + mean + 0.1 * rng.normal(size=(len(ids), width))
        made.append(EmbeddingSet(vectors, ids, model=name, subject=subject))
    return made


def _protocol() -> PairProtocol:
    """Left images have even numbers, right ones odd: no image is on both sides."""
    left, right, same, fold = [], [], [], []
    for f in range(FOLDS):
        for p in range(PEOPLE):
            for i in range(0, IMAGES, 2):
                other = (p + 1 + i // 2) % PEOPLE
                left += [f"{f}{p:02d}/{i}"] * 2
                right += [f"{f}{p:02d}/{i + 1}", f"{f}{other:02d}/{i + 1}"]
                same += [True, False]
                fold += [f, f]
    return PairProtocol("people", left, right, same, fold)


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """`sets` of three networks, widths 12, 16 and 24, and `protocol`: 480 pairs in 5 folds of people."""
    return SimpleNamespace(sets=_sets(), protocol=_protocol())


@pytest.fixture(scope="session")
def study(world):
    """The study of both pairings with all kinds of methods, run once."""
    from facespace.studies import cross_model_study

    return cross_model_study(
        world.sets, world.protocol, pairing=("same", "matched"), methods=("auto", "ridge", "rotation", "ols", "identity")
    )
