"""People of known Gaussians."""

from __future__ import annotations

import numpy as np


def known_people(m, people, seed=0, *, spread=0.3, fewest=2, most=20):
    """Points (n, m), person (n,), the true population covariance and every person's own (P, m, m)."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
    between = turn @ np.diag(np.geomspace(1, 0.3, m)) @ turn.T
    within = np.diag(rng.uniform(0.05, 0.2, m))
    own = within * np.exp(rng.normal(0, spread, people))[:, None, None]
    images = np.minimum(fewest + rng.geometric(0.3, people) - 1, most)
    person = np.repeat(np.arange(people), images)
    noise = rng.normal(size=(len(person), m))
    centres = rng.multivariate_normal(np.zeros(m), between, people)
    points = centres[person] + np.einsum("nij,nj->ni", np.linalg.cholesky(own)[person], noise)
    return points, person, between + own.mean(axis=0), own
