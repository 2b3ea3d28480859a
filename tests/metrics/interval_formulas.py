"""The intervals' formulas written out: sums over people and pairs of people in plain loops, one formula a function."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats


def people_problem(seed=0, people=14, images=4, impostors=160, decimals=2):
    """Scores of two systems in which a hard person fails in genuine and in impostor pairs alike; rounded, so that many tie.

    Returns scores of both, same and the persons left and right.
    """
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.2, people)
    own = np.repeat(np.arange(people), rng.integers(1, images + 1, people))
    a = rng.integers(0, people, impostors)
    b = (a + rng.integers(1, people, impostors)) % people
    left, right = np.concatenate([own, a]), np.concatenate([own, b])
    same = np.arange(len(left)) < len(own)
    systems = []
    for noise in (0.1, 0.15):
        scores = np.where(same, 0.6 - hard[left], 0.2 + 0.5 * hard[left] + 0.5 * hard[right])
        systems.append(np.round(scores + rng.normal(0, noise, len(same)), decimals))
    order = rng.permutation(len(same))
    return systems[0][order], systems[1][order], same[order], left[order], right[order]


class Written:
    """Variances of means over the genuine and the impostor pairs of a list; P people, of whom one pays for the mean."""

    def __init__(self, same, left, right):
        self.people = sorted({*left.tolist(), *right.tolist()})
        assert self.people == list(range(len(self.people)))
        self.genuine, self.left, self.right = left[same], left[~same], right[~same]
        self.n, self.big_n = int(same.sum()), int((~same).sum())
        self.few = len(self.people) / (len(self.people) - 1)

    def of_genuine(self, values):
        """mean, u (P,) and P/(P−1) Σ u²."""
        mean = np.mean(values)
        u = np.array([np.sum((values - mean)[self.genuine == p]) / self.n for p in self.people])
        return mean, u, self.few * np.sum(u**2)

    def of_impostors(self, values):
        """mean, U (P,) and P/(P−1) (Σ U² − Σ over dyads u²), but no less than P/(P−1) Σ over dyads u²."""
        mean = np.mean(values)
        gap = (values - mean) / self.big_n
        whole = np.array([np.sum(gap[(self.left == p) | (self.right == p)]) for p in self.people])
        dyads = {frozenset(d) for d in zip(self.left.tolist(), self.right.tolist(), strict=True)}
        together = [
            np.sum(gap[((self.left == p) & (self.right == q)) | ((self.left == q) & (self.right == p))])
            for p, q in map(sorted, dyads)
        ]
        own = np.sum(np.square(together))
        return mean, whole, self.few * max(np.sum(whole**2) - own, own)

    def covariance(self, u, whole):
        return self.few * np.sum(u * whole)

    def pairs_of(self):
        return np.array([np.sum(self.genuine == p) for p in self.people])

    def cluster(self):
        """Genuine pairs of the person of a random genuine pair."""
        return float(np.mean(self.pairs_of()[self.genuine]))


def plain_wilson(rate, trials, z):
    """Both p with |rate − p| = z √(p (1 − p) / trials): the roots of (1 + z²/n) p² − (2 rate + z²/n) p + rate² = 0."""
    share = z**2 / trials
    low, high = np.sort(np.roots([1 + share, -(2 * rate + share), rate**2]).real)
    return max(low, 0.0), min(high, 1.0)


def plain_genuine_limits(written, accepted, level):
    """Wilson's limits for n / deff trials, z from Student's t with Satterthwaite's degrees of freedom."""
    mean, u, variance = written.of_genuine(accepted.astype(float))
    n = written.n
    rare = ~accepted if mean > 0.5 else accepted
    errors = np.array([np.sum(rare[written.genuine == p]) for p in written.people])
    total = errors.sum()
    # The binomial variance of a sum, total (1 − total / n), and one error more of a person whose pairs fail together.
    deff = max((variance * n**2 + written.cluster()) / (total * (1 - total / n) + 1), 1)
    tail = (1 + level) / 2
    z = stats.norm.ppf(tail)
    if total > 0 and np.any(u != 0):
        uneven = np.sum((u**2 / np.sum(u**2) - errors / total) ** 2)
        if uneven > 1e-9:
            z = stats.t.ppf(tail, max(2 / uneven, 1))
    low, high = plain_wilson(mean, n / deff, z)
    return mean, u, variance, min(low, mean), max(high, mean)


def accepted_above(impostor, far, beyond):
    """The score above which is accepted: the largest that leaves a share of at most `far` of the impostors above it."""
    down = sorted(impostor.tolist(), reverse=True)
    n = len(down)
    if far >= 1:
        return -math.inf
    if beyond and far * n < 1:  # an exponential tail from the largest on, its mean that of the 20 largest over the 21st
        return down[0] + (np.mean(down[:20]) - down[20]) * math.log(1 / (far * n))
    return down[max(c for c in range(n) if c / n <= far)]


def plain_joined(first, second, correlation):
    return math.sqrt(max(first**2 + second**2 + 2 * correlation * first * second, 0))


def plain_tar_limits(written, genuine, impostor, far, level):
    """TAR, its limits, what the false accepts are worth, their rows, the slope, and the correlation of both errors."""
    cut = accepted_above(impostor, far, beyond=False)
    tar, u, variance, low, high = plain_genuine_limits(written, genuine > cut, level)
    rate, whole, false_variance = written.of_impostors((impostor > cut).astype(float))
    worth = far * written.big_n
    if false_variance > 0:
        worth = min(far * rate / false_variance, worth)
    less, more = (stats.gamma.ppf(q, worth) / worth for q in ((1 - level) / 2, (1 + level) / 2))
    lower, upper = (np.mean(genuine > accepted_above(impostor, far * times, beyond=True)) for times in (less, more))
    # A person who adds to the FAR raises the threshold, and so takes from TAR: hence the sign.
    correlation = 0.0
    if variance > 0 and false_variance > 0:
        correlation = -written.covariance(u, whole) / math.sqrt(variance * false_variance)
        correlation = min(max(correlation, -1), 1)
    return {
        "tar": tar,
        "low": max(tar - plain_joined(tar - min(lower, tar), tar - low, correlation), 0),
        "high": min(tar + plain_joined(max(upper, tar) - tar, high - tar, correlation), 1),
        "worth": worth,
        "rows": np.flatnonzero(impostor > cut),
        "slope": (upper - lower) / (far * (more - less)),
        "correlation": correlation,
    }


def plain_accuracy_limits(written, genuine, impostor, level):
    """Limits of the share of right decisions, and the correlation of both parts' errors."""
    mean, u, variance, low, high = plain_genuine_limits(written, genuine, level)
    rate, whole, false_variance = written.of_impostors((~impostor).astype(float))
    trials, correlation = written.big_n, 0.0
    if false_variance > 0:
        trials = min(rate * (1 - rate) / false_variance, trials)
        if variance > 0:  # right on genuine and wrong on impostor pairs: the opposite of right on both
            correlation = -written.covariance(u, whole) / math.sqrt(variance * false_variance)
    if rate in (0, 1):
        trials = min(trials, len(written.people))
    best, worst = plain_wilson(rate, trials, stats.norm.ppf((1 + level) / 2))
    share = written.n / (written.n + written.big_n)
    whole_mean = share * mean + (1 - share) * (1 - rate)
    below = plain_joined(share * (mean - low), (1 - share) * (worst - rate), correlation)
    above = plain_joined(share * (high - mean), (1 - share) * (rate - best), correlation)
    return max(whole_mean - below, 0), min(whole_mean + above, 1), correlation


def plain_variance_of_difference(written, differ, impostor_values):
    """Of the mean of `differ` over genuine pairs plus that of `impostor_values` over impostor pairs, one discordant pair of
    a person whose pairs fail together added, fading with the number of those there are."""
    _, u, variance = written.of_genuine(differ)
    _, whole, false_variance = written.of_impostors(impostor_values)
    discordant = np.count_nonzero(differ)
    size = np.max(np.abs(differ)) if discordant else 1.0
    deff = max((variance * (written.n / size) ** 2 + written.cluster()) / (discordant + 1), 1)
    added = (size * deff / written.n) ** 2 / (1 + discordant)
    return max(variance + false_variance + 2 * written.covariance(u, whole), 0) + added
