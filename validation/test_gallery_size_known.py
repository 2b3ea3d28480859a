"""`gallery_size` on populations whose FPIR has a closed form.

Of two independent directions in ℝ^d, alike in all, the cosine reaches τ with FMR_d(τ) = ½ I(1 − τ²; (d − 1)/2, ½) (I the
regularised incomplete beta function), and scores against one probe are independent: FPIR_N = 1 − (1 − FMR_d)^N. With
kinds of people, a share π_k each in d_k dimensions of their own, which never match one another, it is
Σ π_k (1 − (1 − π_k FMR_{d_k})^N). The tail of such scores has ξ about −.15, that of networks −.03 to −.10, which is assumed
below 1,000 people: there N* is too small here, which is the safe side.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import betainc

from facespace.capacity import gallery_size
from facespace.embeddings import EmbeddingSet

ALIKE, CROWDED = ((24, 1.0),), ((24, 0.3), (64, 0.7))
NOISE = 0.45


def draw(kinds, people, seed):
    """Two images of each person; the centre and the noise are alike in all directions of the person's kind."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(kinds), people, p=[share for _, share in kinds])
    width = sum(dim for dim, _ in kinds)
    vectors, start = np.zeros((people, 2, width)), 0
    for k, (dim, _) in enumerate(kinds):
        of = kind == k
        centre = rng.normal(size=(of.sum(), 1, dim))
        vectors[of, :, start : start + dim] = centre + NOISE * rng.normal(size=(of.sum(), 2, dim))
        start += dim
    return vectors


def genuine_quantile(kinds, share):
    x = draw(kinds, 400_000, 99)
    cosines = np.vecdot(x[:, 0], x[:, 1]) / np.sqrt(np.vecdot(x[:, 0], x[:, 0]) * np.vecdot(x[:, 1], x[:, 1]))
    return float(np.quantile(cosines, share))


def closed_form(kinds, threshold, people):
    return sum(-share * np.expm1(people * np.log1p(-share * rate)) for share, rate in _rates(kinds, threshold))


def _rates(kinds, threshold):
    """The share of each kind and the FMR within it."""
    return [(share, 0.5 * betainc((dim - 1) / 2, 0.5, 1 - threshold**2)) for dim, share in kinds]


def truth(kinds, fpir, fnir):
    tau = genuine_quantile(kinds, fnir)
    return np.exp(brentq(lambda log: closed_form(kinds, tau, np.exp(log)) - fpir, 0, 40))


def estimates(kinds, people, trials, **rates):
    found = []
    for seed in range(trials):
        x = draw(kinds, people, seed)
        ids = [f"p{p}/{i}" for p in range(people) for i in range(2)]
        found.append(gallery_size(EmbeddingSet(x.reshape(2 * people, -1), ids), **rates, resamples=150, seed=seed))
    return found


@pytest.mark.parametrize("kinds", [ALIKE, CROWDED])
def test_the_interval_holds_the_closed_form(kinds):
    known = truth(kinds, 0.01, 0.05)
    found = estimates(kinds, 1500, 10)
    covered = sum(one.people.low <= known <= one.people.high for one in found)
    factor = np.exp(np.median([abs(np.log(one.people.value / known)) for one in found]))
    print(f"{kinds}: N* {known:,.0f}, covered {covered} of {len(found)}, median factor {factor:.2f}")
    assert covered >= 8
    assert factor < 2.5


def test_where_the_shape_of_networks_is_assumed_gaussians_err_to_the_safe_side():
    known = truth(ALIKE, 0.01, 0.05)
    values = [one.people.value for one in estimates(ALIKE, 500, 6)]
    print(f"from 500 people: N* {np.median(values):,.0f} of {known:,.0f}")
    assert np.median(values) < known


@pytest.mark.parametrize("fpir", [0.01, 0.05, 0.2])
def test_crowding_is_that_of_the_population(fpir):
    """θ_α = −ln(1 − α)/(N FMR), where only a third of the people have anybody whom they resemble, and where all do."""
    tau = genuine_quantile(CROWDED, 0.05)
    size = np.exp(brentq(lambda log: closed_form(CROWDED, tau, np.exp(log)) - fpir, 0, 40))
    known = -np.log1p(-fpir) / (size * sum(share**2 * rate for share, rate in _rates(CROWDED, tau)))
    found = np.mean([one.theta for one in estimates(CROWDED, 1500, 3, fpir=fpir)])
    print(f"θ at FPIR {fpir}: {found:.3f}, closed form {known:.3f}")
    assert found == pytest.approx(known, abs=0.06)
    assert np.mean([one.theta for one in estimates(ALIKE, 1500, 3, fpir=fpir)]) > 0.95
