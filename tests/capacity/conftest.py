"""A set of embeddings in which they can be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet


@pytest.fixture(scope="session")
def faces():
    """260 people with 1 to 9 images in 24 dimensions, of which 8 differ between people."""
    rng = np.random.default_rng(5)
    images = rng.integers(1, 10, 260)
    person = np.repeat(np.arange(260), images)
    centres = rng.normal(size=(260, 8)) @ rng.normal(size=(8, 24))
    vectors = centres[person] + 0.8 * rng.normal(size=(len(person), 24))
    ids = [f"p{p:03d}/{i:04d}" for i, p in enumerate(person)]
    return EmbeddingSet(vectors, ids, model="made-net")
