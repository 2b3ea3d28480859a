from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.embeddings import normalize
from facespace.errors import InputError, MissingExtraError, UnknownNameError
from facespace.privacy import protections
from facespace.privacy.protections import (
    BioHash,
    Encrypted,
    PolyProtect,
    ProductQuantised,
    ScalarQuantised,
    SecretRotation,
    SignedPermutation,
    protect_each,
)

pytest.importorskip("cryptography")
RNG = np.random.default_rng(0)
FACES = (RNG.normal(size=(700, 24)) + 0.5).astype(np.float32)
FITTED = [one.fit(FACES[:600]) for one in protections()]
PROBES = FACES[600:]
KEYED = [one for one in FITTED if one.keyed]


def cosines(a, b=None):
    return normalize(a) @ normalize(a if b is None else b).T


def named(one):
    return one.name


@pytest.mark.parametrize("one", FITTED, ids=named)
def test_protect_is_deterministic_in_its_secret(one):
    templates = one.protect(PROBES, 5)
    assert np.array_equal(templates, one.protect(PROBES, 5))
    assert templates.dtype == one.protect(PROBES[:1], 5).dtype
    alone = one.protect(PROBES[3:4], 5)  # the same whatever stands beside it, but for the rounding of a product
    assert np.allclose(templates[3:4].astype(float), alone.astype(float), atol=1e-5)
    assert one.seen(templates).shape[0] == len(PROBES) == len(one.compared(templates, 5))


@pytest.mark.parametrize("one", FITTED, ids=named)
def test_a_new_secret_makes_a_new_template_where_there_is_a_secret(one):
    first, second = one.protect(PROBES, 5), one.protect(PROBES, 6)
    assert np.array_equal(first, second) == (not one.keyed)
    if one.keyed:  # and one that is no nearer to the old one than another face's
        old_and_new = np.diag(cosines(one.seen(first), one.seen(second)))
        assert abs(old_and_new.mean()) < 0.6
        assert (first != second).any(axis=1).all()


@pytest.mark.parametrize("one", [SecretRotation(), SignedPermutation()], ids=named)
@settings(max_examples=20, deadline=None)
@given(secret=st.integers(0, 2**40), dim=st.integers(2, 40))
def test_a_rotation_keeps_all_cosines(one, secret, dim):
    x = np.random.default_rng(dim).normal(size=(12, dim))
    assert np.allclose(cosines(one.protect(x, secret)), cosines(x), atol=1e-5)


def test_rotations_are_drawn_uniformly():
    """Where a fixed vector goes is uniform on the sphere: mean 0, covariance 1/d."""
    x = np.eye(6)[:1]
    images = np.concatenate([SecretRotation().protect(x, secret) for secret in range(3000)])
    assert np.abs(images.mean(axis=0)).max() < 4 / np.sqrt(6 * 3000)
    assert np.allclose(np.cov(images.T), np.eye(6) / 6, atol=0.02)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_quantised_numbers_are_within_half_a_step(bits):
    one = ScalarQuantised(bits).fit(FACES[:600])
    x = normalize(PROBES)
    inside = np.abs(x - one.middle) <= one.half
    error = np.abs(one.seen(one.protect(PROBES, 0)) - x)
    assert inside.mean() > 0.98
    assert (error <= one.half / 2**bits * 1.001 + 1e-6)[inside].all()


def test_more_bits_keep_more():
    kept = [
        np.corrcoef(cosines(one.seen(one.protect(PROBES, 0))).ravel(), cosines(PROBES).ravel())[0, 1]
        for one in (ScalarQuantised(bits).fit(FACES[:600]) for bits in (1, 2, 4, 8))
    ]
    assert kept == sorted(kept)
    assert kept[-1] > 0.999  # the outermost numbers are cut off


@pytest.mark.parametrize("one", [ScalarQuantised(1).fit(FACES[:600]), BioHash().fit(FACES[:600])], ids=named)
def test_the_cosine_of_bits_is_their_hamming_distance(one):
    templates = one.protect(PROBES, 4)
    distance = (templates[:, None] != templates).sum(axis=2)
    assert np.allclose(cosines(one.compared(templates, 4)), 1 - 2 * distance / templates.shape[1], atol=1e-6)


@pytest.mark.parametrize("faiss", [True, False])
def test_a_product_code_is_its_nearest_centre(monkeypatch, faiss):
    if faiss:
        pytest.importorskip("faiss")
    else:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    one = ProductQuantised(width=7).fit(FACES[:600])  # 24 = 7 + 7 + 7 + 3
    assert one.parameters["trained_by"] == ("faiss" if faiss else "scikit-learn")
    codes = one.protect(PROBES, 0)
    assert codes.shape == (100, 4)
    x = normalize(PROBES)
    for row in (0, 99):
        for part, start in enumerate(range(0, 24, 7)):
            own = x[row, start : start + 7]
            distances = [float(np.sum((own - centre) ** 2)) for centre in one.centres[part]]
            assert distances[codes[row, part]] == pytest.approx(min(distances), abs=1e-6)
    assert np.corrcoef(cosines(one.seen(codes)).ravel(), cosines(PROBES).ravel())[0, 1] > 0.7


def test_half_the_bits_of_a_biohash_are_set_even_where_the_mean_is_large():
    shifted = FACES + 3
    bits = BioHash().fit(shifted[:600]).protect(shifted[600:], 1)
    assert 0.4 < bits.mean() < 0.6
    assert BioHash(bits=10).fit(FACES).protect(PROBES, 1).shape == (100, 10)
    with pytest.raises(InputError, match="25 orthogonal directions"):
        BioHash(bits=25).protect(PROBES, 1)


@settings(max_examples=40, deadline=None)
@given(secret=st.integers(0, 2**40), m=st.integers(1, 6), largest=st.integers(5, 60))
def test_the_secret_of_polyprotect_is_a_set_of_coefficients_and_a_permutation(secret, m, largest):
    c, e = PolyProtect(overlap=0, m=m, largest=largest).coefficients(secret)
    assert len(set(c.tolist())) == m
    assert 0 not in c
    assert np.abs(c).max() <= largest
    assert sorted(e.tolist()) == list(range(1, m + 1))


def test_what_is_encrypted_says_nothing_and_comes_back_with_the_key():
    from cryptography.exceptions import InvalidTag

    one = Encrypted()
    templates = one.protect(PROBES, 3)
    assert np.array_equal(one.compared(templates, 3), normalize(PROBES))
    with pytest.raises(InvalidTag):
        one.compared(templates, 4)
    spoiled = templates.copy()
    spoiled[7, 40] ^= 1
    with pytest.raises(InvalidTag):
        one.compared(spoiled, 3)
    assert 120 < templates.mean() < 135
    assert one.protect(PROBES[:0], 3).shape == (0, 16 + 4 * 24)


def test_without_cryptography_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(MissingExtraError, match="cryptography") as error:
        Encrypted().protect(PROBES, 1)
    assert "facespace[crypto]" in error.value.hint


@pytest.mark.parametrize("one", KEYED, ids=named)
def test_templates_under_a_secret_each_are_those_of_each_secret(one):
    secrets = np.arange(len(PROBES)) % 3
    together = protect_each(one, PROBES, secrets)
    for secret in range(3):
        assert np.array_equal(together[secrets == secret], one.protect(PROBES[secrets == secret], secret))


@pytest.mark.parametrize("one", [ScalarQuantised(4), ProductQuantised()], ids=named)
def test_what_needs_fitting_says_so(one):
    with pytest.raises(InputError, match="not known"):
        one.protect(PROBES, 0)


def test_unusable_parameters_are_refused():
    for one, message in (
        (ScalarQuantised(9), "1 to 8 bits"),
        (PolyProtect(overlap=5), "m = 5"),
        (ProductQuantised(), "3 embed"),
    ):
        with pytest.raises(InputError, match=message):
            one.fit(FACES[:3])
    with pytest.raises(UnknownNameError, match="did you mean 'rotation'"):
        protections(["rotatoin"])
