"""Made-up spaces for the tests of mapping: one latent face, as networks of different widths and directions see it."""

from __future__ import annotations

import numpy as np

from facespace.embeddings import EmbeddingSet
from facespace.mapping import PairStatistics


def paired(n=60, p=6, q=4, seed=0):
    """x (n, p) and y (n, q) that depend on each other linearly, with noise and means that are not zero."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) @ np.diag(np.linspace(1, 3, p)) + 0.5
    return x, x @ rng.normal(size=(p, q)) + 0.3 * rng.normal(size=(n, q)) - 0.2


def statistics(x, y):
    return PairStatistics.of(x, y, source_model="a", target_model="b")


def turn(d, seed=0, proper=True):
    """A random rotation (or, not proper, a reflection) of d dimensions."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
    if (np.linalg.det(q) > 0) != proper:
        q[:, 0] *= -1
    return q


def network(name, latent, width, seed, noise=0.05, mean=0.0):
    """(n, width) embeddings of latent (n, k): other directions, other strengths, a mean of its own, and noise."""
    rng = np.random.default_rng(seed)
    k = latent.shape[1]
    strengths = np.exp(rng.normal(0, 0.7, size=k))
    basis = np.linalg.qr(rng.normal(size=(max(k, width), max(k, width))))[0][:k, :width]
    x = (latent * strengths) @ basis + noise * rng.normal(size=(len(latent), width))
    return x + mean * np.linalg.norm(x, axis=1).mean() * np.eye(width)[0]


def people(count=60, images=3, k=16, seed=0, within=0.35):
    """(latent (n, k), ids, subjects) of `count` people with `images` images each."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(size=(count, k)), images, axis=0)
    ids = [f"p{i // images:03d}/{i % images}" for i in range(count * images)]
    return centre + within * rng.normal(size=centre.shape), ids, [name.split("/")[0] for name in ids]


def two_sets(p=24, q=20, labelled=True, seed=0, **options):
    """The same people's images by the networks "a" (width p) and "b" (width q)."""
    latent, ids, subjects = people(seed=seed, **options)
    subject = subjects if labelled else None
    ids = ids if labelled else [name.replace("/", "-") for name in ids]  # a folder would tell the person
    return (
        EmbeddingSet(network("a", latent, p, 1), ids, model="a", subject=subject),
        EmbeddingSet(network("b", latent, q, 2, mean=0.5), ids, model="b", subject=subject),
    )


def stored(faces, folder, files=3, order=None):
    """A folder of `files` files that holds `faces`, in the given order of rows."""
    faces = faces if order is None else faces.take(order)
    for number, rows in enumerate(np.array_split(np.arange(len(faces)), files)):
        faces.take(rows).save(folder / f"{number}.parquet")
    return EmbeddingSet.open(folder)


class Side:
    """Vectors in memory as a side of refine's search."""

    def __init__(self, vectors):
        self.vectors = vectors

    def __len__(self):
        return len(self.vectors)

    def rows(self, rows):
        return self.vectors[rows]

    def blocks(self, size):
        return (self.vectors[start : start + size] for start in range(0, len(self), size))
