"""Three small networks that see the same people: 40 with two to five images, 90 with one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from facespace.embeddings import EmbeddingSet

WIDTHS = {"small": 12, "medium": 16, "wide": 24}
LATENT, PAIRED, SINGLE = 10, 40, 90


def template_world() -> SimpleNamespace:
    """`sets`, each with its rows in an order of its own; `ids` of all images."""
    rng = np.random.default_rng(3)
    counts = np.concatenate([rng.integers(2, 6, PAIRED), np.ones(SINGLE, dtype=int)])
    person = np.repeat(np.arange(len(counts)), counts)
    ids = np.array([f"{p:03d}/{i}" for p, n in enumerate(counts) for i in range(n)])
    images = rng.normal(size=(len(counts), LATENT))[person] + 0.5 * rng.normal(size=(len(ids), LATENT))
    sets = []
    for name, width in WIDTHS.items():
        turn = np.linalg.qr(rng.normal(size=(width, width)))[0][:LATENT]
        mean = 0.8 * rng.normal(size=width) / np.sqrt(width)
        order = rng.permutation(len(ids))
        vectors = images @ turn + mean + 0.15 * rng.normal(size=(len(ids), width))
        sets.append(EmbeddingSet(vectors[order], ids[order], model=name))
    return SimpleNamespace(sets=sets, ids=ids)
