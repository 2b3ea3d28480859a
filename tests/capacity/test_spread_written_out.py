"""The model of people's covariances: its likelihood by numerical integration, its draws by the law they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_people import known_people
from scipy.special import multigammaln
from scipy.stats import invgamma, invwishart

from facespace.capacity.classes.gaussians import PersonMoments, person_moments
from facespace.capacity.classes.spread import (
    _EXCESS,
    _LOG_SCALES,
    _TAU,
    Spread,
    _common,
    _likelihoods,
    _log_means,
    _mixture,
    _most_likely,
    _posterior,
    _weights,
    fit_spread,
)

PLACES = [(0, 36), (5, 36), (5, 20), (14, 60), (23, 36)]  # of excess and log scale


def moments(images, scatter, noise=0.0):
    scatter = np.asarray(scatter, dtype=float)
    p, m = scatter.shape[:2]
    return PersonMoments(np.array(images, float), np.zeros((p, m)), scatter, np.full((p, m, m), noise))


def test_a_scatters_likelihood_is_the_integral_over_the_persons_variance():
    """In one dimension: the scatter is σ² χ² of n − 1 degrees of freedom, σ² inverse Wishart with mean s · common and
    ν = excess + 2, that is inverse gamma of shape ν / 2 and scale s · excess · common / 2."""
    people, common = moments([2, 5, 9], [[[0.3]], [[9.0]], [[2.0]]]), np.array([[0.7]])
    found = _likelihoods(people, common)
    log_variance = np.linspace(-30, 25, 40_001)
    variance = np.exp(log_variance)
    plain = np.empty((len(PLACES), 3))
    for row, (i, k) in enumerate(PLACES):
        excess, scale = _EXCESS[i], np.exp(_LOG_SCALES[k])
        prior = invgamma(a=(excess + 2) / 2, scale=scale * excess * 0.7 / 2)
        for c, (n, s) in enumerate(zip(people.images, people.scatter[:, 0, 0], strict=True)):
            freedom = n - 1
            density = variance ** (-freedom / 2) * np.exp(-s / (2 * variance)) * prior.pdf(variance)
            plain[row, c] = np.log(np.trapezoid(density * variance, log_variance))
    got = np.array([found[i, :, k] for i, k in PLACES])
    assert got - got[0] == pytest.approx(plain - plain[0], abs=1e-6)  # terms without excess and s are left out


def test_in_more_dimensions_it_is_the_matrix_form_of_the_same_integral():
    """Γ_m((ν + f) / 2) / Γ_m(ν / 2) · |Ψ|^(ν/2) / |Ψ + S|^((ν + f)/2), Ψ = s · excess · common, ν = excess + m + 1."""
    rng = np.random.default_rng(0)
    m, images = 3, [2, 4, 8]
    roots = [rng.normal(size=(m, n - 1)) for n in images]
    people, common = moments(images, [r @ r.T for r in roots]), np.cov(rng.normal(size=(m, 9)))
    found = _likelihoods(people, common)
    got, plain = [], []
    for i, k in PLACES:
        excess = _EXCESS[i]
        prior, nu = np.exp(_LOG_SCALES[k]) * excess * common, excess + m + 1
        for c, n in enumerate(images):
            f = n - 1
            plain.append(
                multigammaln((nu + f) / 2, m)
                - multigammaln(nu / 2, m)
                + nu / 2 * np.linalg.slogdet(prior)[1]
                - (nu + f) / 2 * np.linalg.slogdet(prior + people.scatter[c])[1]
            )
            got.append(found[i, c, k] + 0.5 * (0 - f) * np.linalg.slogdet(common)[1])  # relative to the common covariance
    assert got == pytest.approx(plain)


def spread_of(people, common, excess, mixture=None, by_scale=None):
    mixture = np.asarray(_LOG_SCALES == 0, float) if mixture is None else mixture
    by_scale = np.zeros((len(_EXCESS), len(people.images), len(_LOG_SCALES))) if by_scale is None else by_scale
    return Spread(people, common, np.ones(len(people.images)), np.zeros((1, 1)), by_scale, (0, 0), excess, mixture)


def test_a_draw_is_inverse_wishart_with_the_scatters_degrees_of_freedom_added():
    """Prior ν = excess + m + 1 and n − 1 of the scatter: mean (excess · common + scatter) / (excess + n − 1)."""
    m, n, excess, count = 2, 6, 8.0, 40_000
    common, scatter = np.array([[1.0, 0.3], [0.3, 0.5]]), np.array([[2.0, -0.5], [-0.5, 1.0]])
    people = moments([n] * count, np.broadcast_to(scatter, (count, m, m)), noise=0.25)
    drawn = spread_of(people, common, excess).draw(np.random.default_rng(0)) - 0.25
    law = invwishart(df=excess + m + 1 + n - 1, scale=excess * common + scatter)
    assert law.mean() == pytest.approx((excess * common + scatter) / (excess + n - 1))
    assert drawn.mean(axis=0) == pytest.approx(law.mean(), rel=0.01)
    assert drawn.var(axis=0) == pytest.approx(law.var(), rel=0.05)


def test_scales_are_drawn_with_their_posterior_shares():
    """With many degrees of freedom and no scatter Σ_c is s_c · common: three scales with likelihood times mixture."""
    count, mixture = 20_000, np.zeros(len(_LOG_SCALES))
    mixture[[26, 36, 46]] = 0.5, 0.3, 0.2
    by_scale = np.zeros((len(_EXCESS), count, len(_LOG_SCALES)))
    by_scale[:, :, 46] = np.log(4.0)
    people = moments([2] * count, np.zeros((count, 1, 1)))
    drawn = spread_of(people, np.eye(1), 1e6, mixture, by_scale).draw(np.random.default_rng(1))[:, 0, 0]
    shares = np.array([0.5, 0.3, 0.2 * 4]) / (0.5 + 0.3 + 0.8)
    for log_scale, share in zip(_LOG_SCALES[[26, 36, 46]], shares, strict=True):
        assert np.mean(np.abs(np.log(drawn) - log_scale) < 0.02) == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("between", [0.0, 0.11, -0.17])
def test_the_excess_is_the_top_of_the_parabola_in_its_logarithm(between):
    log_excess = np.log(_EXCESS)
    assert np.diff(log_excess) == pytest.approx(np.full(len(_EXCESS) - 1, 0.4))
    top = log_excess[7] + between
    table = np.full((len(_EXCESS), len(_TAU)), -1e3) - 5 * (log_excess - top)[:, None] ** 2
    table[:, 3] += 999
    i, j, excess = _most_likely(table, 40)
    assert (i, j) == (7, 3)
    assert np.log(excess) == pytest.approx(top)


def test_at_the_ends_of_its_grid_the_excess_stays():
    for at in (0, len(_EXCESS) - 1):
        table = -np.abs(np.arange(len(_EXCESS)) - at)[:, None] - np.arange(len(_TAU))[None] * 1.0
        assert _most_likely(table, 40) == (at, 0, _EXCESS[at])


@pytest.mark.parametrize(("gain", "chosen"), [(-0.01, 0), (0.01, 4)])
def test_scales_that_differ_have_to_be_worth_half_a_logarithm_of_the_people(gain, chosen):
    table = np.zeros((len(_EXCESS), len(_TAU)))
    table[10] += 1
    table[10, 4] += 0.5 * np.log(90) + gain
    assert _most_likely(table, 90)[:2] == (10, chosen)


def test_the_common_covariance_counts_people_by_their_images_up_to_the_excess():
    rng = np.random.default_rng(2)
    images, excess = np.array([2, 4, 30]), 6.0
    scatter = np.array([r @ r.T for r in rng.normal(size=(3, 2, 5))])
    inverse, times = np.array([1.0, 2.0, 0.5]), np.array([1.0, 0.0, 3.0])
    total, says = np.zeros((2, 2)), 0.0
    for n, s, inv, t in zip(images, scatter, inverse, times, strict=True):
        f = n - 1
        weight = t * f / (1 + f / excess)
        total += weight * inv * s / f
        says += weight
    mean = total / says
    expected = mean + 1e-9 * np.trace(mean) / 2 * np.eye(2)
    assert np.allclose(_common(moments(images, scatter), inverse, excess, times), expected, rtol=1e-12, atol=0)


def test_scales_are_weighed_by_the_normal_density_or_are_one():
    for tau in _TAU[1:].tolist():
        density = [np.exp(-(x**2) / (2 * tau**2)) for x in _LOG_SCALES]
        assert _weights(tau) == pytest.approx(np.array(density) / sum(density))
    assert _weights(0.0).tolist() == (np.abs(_LOG_SCALES) < 1e-9).tolist()
    assert _LOG_SCALES[[0, 36, 72]] == pytest.approx([-3.6, 0, 3.6])


def test_mixture_posterior_and_mean_likelihood_are_those_of_plain_loops():
    rng = np.random.default_rng(3)
    likelihood, times = rng.normal(0, 3, (5, len(_LOG_SCALES))), np.array([1.0, 0, 2, 1, 3])
    weights = _weights(0.5)
    means = [[np.log(sum(_weights(t) * np.exp(row))) for row in likelihood] for t in _TAU.tolist()]
    assert _log_means(likelihood) == pytest.approx(np.array(means))
    for _ in range(60):  # each person's posterior under these weights; their mean is the next
        posterior = [weights * np.exp(row) / np.sum(weights * np.exp(row)) for row in likelihood]
        weights = sum(t * p for t, p in zip(times, posterior, strict=True)) / sum(times)
    assert _mixture(likelihood, 0.5, times) == pytest.approx(weights)
    assert np.array_equal(_mixture(likelihood, 0.0, times), _weights(0.0))
    plain = [weights * np.exp(row) / np.sum(weights * np.exp(row)) for row in likelihood]
    assert _posterior(likelihood, weights) == pytest.approx(np.array(plain))


def test_the_fit_alternates_between_the_common_covariance_and_the_scales():
    """Four rounds; the mean of log s_c goes into the common covariance, so 1 / s_c is kept relative to it."""
    points, person, *_ = known_people(3, 40, seed=1, spread=0.6)
    people = person_moments(points, person)
    found = fit_spread(people)
    inverse, excess, ones = np.ones(40), np.inf, np.ones(40)
    for _ in range(4):
        common = _common(people, inverse, excess, ones)
        by_scale = _likelihoods(people, common)
        likelihoods = np.array([_log_means(part).sum(axis=1) for part in by_scale])
        i, j, excess = _most_likely(likelihoods, 40)
        mixture = _mixture(by_scale[i], _TAU[j], ones)
        posterior = _posterior(by_scale[i], mixture)
        inverse = np.array([p @ np.exp(-_LOG_SCALES) for p in posterior])
        inverse = inverse * np.exp(np.mean([p @ _LOG_SCALES for p in posterior]))
    assert found.tau == _TAU[j] > 0
    assert found.excess == pytest.approx(excess)
    assert np.allclose(found.common, common)
    assert found.inverse == pytest.approx(inverse)
    assert found.mixture == pytest.approx(mixture)


def test_resampling_is_what_repeated_people_would_give():
    points, person, *_ = known_people(3, 30, seed=2, spread=0.6)
    people = person_moments(points, person)
    spread = fit_spread(people)
    times = np.random.default_rng(4).multinomial(30, np.full(30, 1 / 30)).astype(float)
    found = spread.resampled(times)
    again = np.repeat(np.arange(30), times.astype(int))
    repeated = PersonMoments(people.images[again], people.mean[again], people.scatter[again], people.noise[again])
    assert np.allclose(found.common, _common(repeated, spread.inverse[again], spread.excess, np.ones(30)))
    i, j, excess = _most_likely(spread.table[:, :, again].sum(axis=2), 30)
    assert (found.best, found.excess) == ((i, j), pytest.approx(excess))
    assert found.mixture == pytest.approx(_mixture(spread.by_scale[i][again], _TAU[j], np.ones(30)))
    same = spread.resampled(np.ones(30))
    assert (same.best, same.excess) == (spread.best, pytest.approx(spread.excess))
