"""The numbers in datasets/synthetic_ijb.py: how embeddings of a real network spread between and within people.

    python scripts/fit_face_spread.py SET OTHER_SET

On L2-normalised embeddings of a collection with several images of a person (ids `Person/image`, such as LFW's): the
eigenvalues of the covariance B between people, the variances within people along the same axes, both at 17 places of
their rank, the length of the mean, and which shares of both spreads a second network's embeddings have in common with it
(the R² of a linear map, fitted on every other person, and judged on the rest).
"""

from __future__ import annotations

import argparse

import numpy as np

from facespace.embeddings import EmbeddingSet


def person_means(x: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(people, d) means, and (people,) how many images each has."""
    counts = np.bincount(person)
    sums = np.zeros((len(counts), x.shape[1]))
    np.add.at(sums, person, x)
    return sums / counts[:, None], counts


def spreads(x: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of B, descending, and the variances of W along their axes."""
    means, counts = person_means(x, person)
    several = counts >= 2
    kept = several[person]
    deviations = (x - means[person])[kept]
    within = deviations.T @ deviations / (kept.sum() - several.sum())
    between = np.cov(means.T) - within * np.mean(1 / counts)  # a mean of n images still holds W / n
    values, axes = np.linalg.eigh(between)
    order = np.argsort(-values)
    return values[order], np.einsum("ij,ij->j", axes[:, order], within @ axes[:, order])


def shared(x: np.ndarray, y: np.ndarray, person: np.ndarray) -> tuple[float, float]:
    """R² of the least-squares map x → y of one half of the people on the other half: of their means, of their deviations."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    train = person % 2 == 0
    weight = np.linalg.lstsq(x[train], y[train], rcond=1e-6)[0]
    (mx, counts), (my, _) = person_means(x, person), person_means(y, person)
    judged = (np.arange(len(counts)) % 2 == 1) & (counts >= 4)
    rows = judged[person]
    pairs = ((mx[judged], my[judged]), ((x - mx[person])[rows], (y - my[person])[rows]))
    people, images = (1 - float(np.sum((a @ weight - b) ** 2) / np.sum(b**2)) for a, b in pairs)
    return people, images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set")
    parser.add_argument("other")
    options = parser.parse_args()
    joined = EmbeddingSet.load(options.set).join(EmbeddingSet.load(options.other))
    x, y = (faces.normalized().astype(np.float64) for faces in (joined.left, joined.right))
    person = np.unique(np.strings.rpartition(joined.left.ids, "/")[0], return_inverse=True)[1]
    between, within = spreads(x, person)
    places = np.linspace(0, len(between) - 1, 17)
    for name, values in (("BETWEEN", between), ("WITHIN", within)):
        curve = np.interp(places, np.arange(len(values)), values)
        print(f"{name} = ({', '.join(f'{v:.3g}' for v in curve)})  # of {len(values)} axes, sum {values.sum():.4f}")
    print(f"MEAN = {np.linalg.norm(person_means(x, person)[0].mean(axis=0)):.3f}")
    people, images = shared(x, y, person)
    print(f"SHARED_BETWEEN, SHARED_WITHIN = {people:.2f}, {images:.2f}")


if __name__ == "__main__":
    main()
