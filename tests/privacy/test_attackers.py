from __future__ import annotations

import numpy as np

from facespace.embeddings import normalize
from facespace.privacy.protection_audit.attackers import Loot, attacks, by_kernel, by_map, by_moments, compared_by

RNG = np.random.default_rng(0)
NONE = np.zeros((0, 8), dtype=np.float32)


def named(compared):
    """Share of rows whose best match is the row of the same number."""
    left, right = (normalize(np.asarray(side, dtype=np.float32)) for side in compared)
    return float(np.mean((left @ right.T).argmax(axis=1) == np.arange(len(left))))


def test_moments_find_a_rotation_where_directions_differ_in_spread_and_skew():
    x = ((RNG.exponential(size=(4000, 8)) - 1) * 2.0 ** np.arange(8) + 300).astype(np.float32)
    turn = np.linalg.qr(RNG.normal(size=(8, 8)))[0].astype(np.float32)
    stolen, gallery = by_moments(Loot(normalize(x[:500]) @ turn, normalize(x[:500]), (NONE, NONE)))
    assert named((stolen, gallery)) > 0.95
    even = RNG.normal(size=(500, 8)).astype(np.float32)  # of a round law they find nothing
    assert named(by_moments(Loot(even @ turn, RNG.normal(size=(500, 8)).astype(np.float32), (NONE, NONE)))) < 0.1


def test_kernel_ridge_reads_what_no_linear_map_does():
    def bent(x):
        return np.concatenate([np.cos(5 * x), np.sin(5 * x)], axis=1).astype(np.float32)

    angle = RNG.uniform(-0.6, 0.6, size=(900, 3))
    own = np.concatenate([angle, np.ones((900, 1))], axis=1).astype(np.float32)
    loot = Loot(bent(angle[600:]), own[600:], (bent(angle[:600]), own[:600]))
    kernel, linear = named(by_kernel(loot)), named(compared_by(by_map(loot, "anchored"), loot))
    assert kernel > 0.5 > 2 * linear


def test_kernel_ridge_of_noise_names_nobody():
    noise = RNG.normal(size=(260, 8)).astype(np.float32)
    own = RNG.normal(size=(260, 8)).astype(np.float32)
    assert named(by_kernel(Loot(noise[60:], own[60:], (noise[:60], own[:60])))) < 0.05


def test_what_can_be_tried_hangs_on_what_is_known():
    stolen, own = RNG.normal(size=(30, 8)).astype(np.float32), RNG.normal(size=(20, 8)).astype(np.float32)
    pairs = stolen[:10], own[:10]
    short = stolen[:, :5], pairs[0][:, :5]
    none = (NONE, NONE)
    assert list(attacks(Loot(stolen, own, none), keyed=True)) == ["moments"]
    assert list(attacks(Loot(stolen, own, none), keyed=False)) == []
    assert list(attacks(Loot(stolen, own, none, aligned=True), keyed=False)) == ["about the means"]
    assert list(attacks(Loot(stolen, own, pairs), keyed=True)) == ["anchored", "kernel ridge", "orthogonal"]
    assert list(attacks(Loot(short[0], own, (short[1], own[:10])), keyed=True)) == ["anchored", "kernel ridge"]
    assert list(attacks(Loot(stolen, own, pairs, aligned=True), keyed=False)) == ["about the means", "from identity"]
