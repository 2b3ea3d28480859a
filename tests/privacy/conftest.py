"""Two systems that see the same people: one latent space of faces under different linear maps, with noise."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet


def make_systems(people=150, latent=10, widths=(14, 18), noise=0.05, seed=0):
    """Sets of 1 to 4 images of each person."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 5, people)
    person = np.repeat(np.arange(people), images)
    faces = rng.normal(size=(people, latent))[person] + 0.25 * rng.normal(size=(len(person), latent))
    ids = [f"{n:05d}" for n in rng.permutation(len(person))]
    subject = [f"p{n}" for n in person]
    sets = []
    for name, width in zip("ab", widths, strict=True):
        turn = np.linalg.qr(rng.normal(size=(width, width)))[0][:latent]
        vectors = faces @ turn + noise * rng.normal(size=(len(person), width))
        sets.append(EmbeddingSet(vectors, ids, model=f"net-{name}", subject=subject))
    return sets


@pytest.fixture(scope="session")
def systems():
    return make_systems()
