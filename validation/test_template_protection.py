"""Protections against plain transcriptions of their papers, and a secret rotation attacked on real embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.template_protection import polyprotect, unlinkability

from facespace.datasets import demo, demo_sets
from facespace.embeddings import normalize
from facespace.privacy import audit_protections, linkability
from facespace.privacy.protections import PolyProtect


@pytest.mark.parametrize("overlap", range(5))
@pytest.mark.parametrize("dim", [5, 12, 128, 129])
@pytest.mark.parametrize("length", [1.0, 11.0])
def test_polyprotect_is_its_transcription(overlap, dim, length):
    one = PolyProtect(overlap=overlap, length=length)
    x = np.random.default_rng(dim).normal(size=(4, dim))
    for secret in (0, 7):
        c, e = one.coefficients(secret)
        found = one.protect(x, secret)
        for row, embedding in zip(found, normalize(x).astype(np.float64) * length, strict=True):
            assert np.allclose(row, polyprotect(embedding, c, e, overlap), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("omega", [0.5, 1.0, 3.0])
def test_unlinkability_is_its_transcription(shift, omega):
    rng = np.random.default_rng(int(10 * shift))
    mated, nonmated = rng.normal(shift, 1, 730), rng.normal(0, 1.2, 910)
    d_sys, edges, local = unlinkability(mated.tolist(), nonmated.tolist(), omega)
    found = linkability(mated, nonmated, omega=omega)
    assert found.d_sys == pytest.approx(d_sys, abs=1e-9)
    assert np.allclose(found.edges, edges)
    assert np.allclose(found.local, local, atol=1e-9)


@pytest.mark.skipif(not (demo.FOLDER / "pairs.csv").exists(), reason="the demo's embeddings are not here")
def test_a_secret_rotation_falls_to_few_pairs_and_a_secret_a_person_does_not():
    """[2021, section 5], with the secret kept: half of what plain templates give from fewer than 100 pairs."""
    faces = next(one for one in demo_sets() if one.model == "mobilefacenet-ms1m")
    found = audit_protections(faces, only=["plain", "rotation"], leaked=(0, 25, 100), repeats=1, refine=False, resamples=100)
    half = next(h for h in found.half if h.protection == "rotation")
    assert half.high < 100
    none, few, many = found.line("rotation", "same")
    assert none.high < 0.05 < few.rank1 < many.rank1
    assert many.rank1 > 0.9 * found.own.value
    person = next(p for p in found.points if p.keys == "person")
    assert person.leaked == 100
    assert person.high < 0.05
    stolen = next(p for p in found.points if p.secret == "stolen")
    assert stolen.rank1 == pytest.approx(found.own.value, abs=2e-3)
    link = next(row for row in found.unlinkability if row.protection == "rotation")
    assert link.d_sys < 0.2 < 0.7 < next(row for row in found.unlinkability if row.protection == "plain").d_sys
