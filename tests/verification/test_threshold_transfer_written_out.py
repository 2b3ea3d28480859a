"""Threshold transfer: threshold, interval and the share of genuine pairs from their definitions, on scores made by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.verification._cross_pairs import BINS, CrossScores, CrossUnits, Share, cross_scores, excess
from facespace.verification.threshold_transfer import _standard_error, _threshold, operating_far


def every_pair_twice(units=12, seed=0, decimals=2):
    """Scores of every two units, once each way round; a unit that is alike to all pulls its own up. Descending."""
    rng = np.random.default_rng(seed)
    alike = rng.normal(0, 0.15, units)
    left, right = np.array([(p, q) for p in range(units) for q in range(units) if p != q]).T
    scores = np.round(alike[left] + alike[right] + rng.normal(0, 0.1, len(left)), decimals).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    counts = np.histogram(scores, BINS, (-1, 1))[0]
    return CrossScores(
        len(scores), scores[order], left[order], right[order], counts, np.full(units, 2 * (units - 1), dtype=np.int64)
    )


def plain_error(scores, threshold):
    """√ of the sum over pairs that share a unit of both residuals' product, a pair of units counted once; no less than the
    binomial's, nor than that of one pair."""
    share = np.mean(scores.tail >= threshold)
    residual = (scores.tail >= threshold) - share
    pairs = [frozenset(pair) for pair in zip(scores.left.tolist(), scores.right.tolist(), strict=True)]
    total = sum(a * b for (p, a), (q, b) in itertools.product(list(zip(pairs, residual, strict=True)), repeat=2) if p & q)
    return np.sqrt(max(total, scores.n * share * (1 - share), 1)) / scores.n


def smallest_reached_by(tail, count):
    """The smallest score that at most `count` scores reach; just above the largest where none may."""
    reached = [float(t) for t in np.unique(tail) if np.sum(tail >= t) <= count]
    return min(reached) if reached else float(np.nextafter(tail[0], np.float32(np.inf)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_standard_error_is_the_double_sum(seed, share):
    scores = every_pair_twice(seed=seed)
    threshold = float(scores.tail[int(share * scores.n)])
    assert _standard_error(scores, threshold) == pytest.approx(plain_error(scores, threshold))


def test_independent_scores_have_at_least_the_binomial_error():
    """Where each unit accepts its one pair or not, residuals cancel by chance: no less than √(n p (1 − p)) / n."""
    scores = CrossScores(
        4,
        np.float32([0.4, 0.3, 0.2, 0.1]),
        np.array([0, 2, 1, 3]),
        np.array([1, 3, 2, 0]),
        np.zeros(BINS, int),
        np.full(4, 2),
    )
    # Both pairs {0, 1} and {2, 3} are accepted, {1, 2} and {0, 3} not: every unit's sum is 0.
    assert _standard_error(scores, 0.25) == pytest.approx(np.sqrt(4 * 0.5 * 0.5) / 4)


@pytest.mark.parametrize("far", [0.3, 0.1, 0.02, 1e-3])
@pytest.mark.parametrize("genuine", [0.0, 0.004, 0.06])
def test_the_threshold_and_its_interval_are_quantiles_at_the_far_and_its_errors(far, genuine):
    scores = every_pair_twice(20, decimals=3)
    found = _threshold(scores, far, Share(genuine, genuine / 2, 2 * genuine), "line")
    same = round(genuine * scores.n)  # the highest scores are taken to be of one person
    fewest, most = round(genuine / 2 * scores.n), round(2 * genuine * scores.n)
    impostors = scores.n - same
    allowed = max(c for c in range(impostors) if c / impostors <= far)
    assert found.threshold == smallest_reached_by(scores.tail, allowed + same)
    error = plain_error(scores, found.threshold)
    low = smallest_reached_by(scores.tail, int((far + 1.959964 * error) * impostors) + most)
    high = smallest_reached_by(scores.tail, int(far * np.exp(-1.959964 * error / far) * impostors) + fewest)
    assert (found.low, found.high) == (low, high)
    assert found.false_accepts == max(np.sum(scores.tail >= found.threshold) - same, 0)
    assert ("rests on" in found.warning) == (far * impostors < 10)
    assert ("too few for FAR" in found.warning) == (far * impostors >= 10 and error > 0.25 * far)
    assert ("pairs of one person" in found.warning) == (genuine > 0.5 * far)


def test_the_excess_over_a_normal_tail_is_the_share_of_genuine_scores():
    """Impostor scores N(0, 0.1²) to the last bin, and a lump of 0.4 % at 0.9, where 9 deviations leave no impostor."""
    n, share = 10_000_000, 0.004
    edges = np.linspace(-1, 1, BINS + 1)
    bell = np.exp(-((edges[:-1] / 0.1) ** 2) / 2)
    counts = np.round((1 - share) * n * bell / bell.sum()).astype(np.int64)
    counts[np.searchsorted(edges, 0.9)] += int(share * n)
    none = np.empty(0, dtype=np.intp)
    lump = CrossScores(int(counts.sum()), np.empty(0, np.float32), none, none, counts, none)
    assert excess(lump).value == pytest.approx(share, rel=0.02)
    counts[np.searchsorted(edges, 0.9)] -= int(share * n)
    assert excess(CrossScores(int(counts.sum()), np.empty(0, np.float32), none, none, counts, none)).value < 1e-5


def test_a_threshold_s_rate_leaves_out_the_genuine_share():
    """(accepted − g) / (1 − g) of the pairs of different images."""
    rng = np.random.default_rng(0)
    faces = EmbeddingSet(rng.normal(size=(40, 6)), [str(i) for i in range(40)])
    unit = faces.normalized()
    scores = (unit @ unit.T)[~np.eye(40, dtype=bool)]
    threshold = float(np.sort(scores)[-200]) - 1e-6
    assert operating_far(faces, threshold, genuine_share=0.0) == pytest.approx(200 / 1560)
    assert operating_far(faces, threshold, genuine_share=0.05) == pytest.approx((200 / 1560 - 0.05) / 0.95)


def test_all_pairs_are_of_different_images_and_each_unit_is_counted_on_both_sides():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    a = EmbeddingSet(x, ["p", "q", "r", "s", "t"])
    b = EmbeddingSet(y, ["r", "s", "u", "v"])
    found = cross_scores(x, y, CrossUnits.of(a, b, labels=True)[2], pairs=1000, tail_share=1.0, seed=0)
    cosine = lambda u, v: u @ v / np.linalg.norm(u) / np.linalg.norm(v)  # noqa: E731
    plain = {(a.ids[i], b.ids[j]): cosine(x[i], y[j]) for i in range(5) for j in range(4) if a.ids[i] != b.ids[j]}
    assert found.n == len(plain) == 18
    assert found.tail == pytest.approx(sorted(plain.values(), reverse=True), abs=1e-6)
    names = sorted({*a.ids, *b.ids})
    assert found.degree.tolist() == [sum(name in pair for pair in plain) for name in names]
    tops = [(names[p], names[q]) for p, q in zip(found.left, found.right, strict=True)]
    assert tops == sorted(plain, key=lambda pair: -plain[pair])
    places = [min(int((s + 1) * BINS / 2), BINS - 1) for s in plain.values()]
    assert np.array_equal(found.counts, np.bincount(places, minlength=BINS))
