"""Names that stay, hints that fit the side, and what is refused on either end."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import paired, two_sets

from facespace.embeddings import normalize
from facespace.errors import InputError
from facespace.mapping.families.anchored import AnchoredMap
from facespace.mapping.families.cca import CCAMap
from facespace.mapping.families.identity import IdentityMap
from facespace.mapping.families.reduced_rank import ReducedRankMap
from facespace.mapping.families.registry import FAMILIES, candidates, joint_candidates, make_estimator
from facespace.mapping.families.ridge import RidgeMap
from facespace.mapping.families.rotation import RotationMap
from facespace.mapping.families.spectral import SpectralMap
from facespace.mapping.fit import fit_map
from facespace.mapping.folds import FoldStatistics
from facespace.mapping.linear_map import LinearMap
from facespace.mapping.selection import JudgedPairs, select
from facespace.mapping.statistics import Moments, PairStatistics


def test_more_pairs_keep_both_names():
    x, y = paired(8)
    total = PairStatistics.of(x[:3], y[:3], source_model="a", target_model="b").update(x[3:], y[3:])
    assert (total.n, total.source_model, total.target_model) == (8, "a", "b")
    for given in ({"source_model": "a"}, {"target_model": "b"}):  # either part may say the name
        both = PairStatistics.of(x, y) + PairStatistics.of(x, y, **given)
        assert {"source_model": both.source_model, "target_model": both.target_model} == {
            "source_model": "",
            "target_model": "",
            **given,
        }


def test_exchanged_sets_are_named_on_either_side_and_other_networks_are_not():
    a, b = two_sets()
    fitted = fit_map(a, b, "ridge")
    for faces, side in ((b, "source"), (a, "target")):
        with pytest.raises(InputError) as caught:
            fitted.check_model(faces, side)
        assert "seem to be exchanged" in caught.value.hint
    for side in ("source", "target"):
        with pytest.raises(InputError) as caught:
            fitted.check_model(a.with_vectors(a.vectors, model="c"), side)
        assert "Fit a map for that network" in caught.value.hint
    fitted.check_model(a, "source")
    fitted.check_model(b, "target")


@pytest.mark.parametrize("genuine", [True, False])
def test_a_choice_needs_one_pair_of_each_kind(genuine):
    x = np.eye(3, dtype=np.float32)
    rows = np.arange(3)
    statistics = [PairStatistics.of(x, x)]
    with pytest.raises(InputError, match="genuine and impostor"):
        select({"ridge": RidgeMap()}, statistics, [JudgedPairs(x, rows, x, np.full(3, genuine))])
    one = np.array([genuine, genuine, not genuine])
    assert select({"ridge": RidgeMap()}, statistics, [JudgedPairs(x, rows, x, one)]).chosen == "ridge"


@pytest.mark.parametrize("center", [True, False])
def test_every_candidate_is_what_its_label_says(center):
    galleries = Moments.of(np.eye(4)), Moments.of(np.eye(4))
    found = candidates(4, 4, galleries=galleries, center=center)
    expected = {
        "ridge(α=1)": (RidgeMap, {"alpha": 1.0}),
        "ridge(α=gcv)": (RidgeMap, {"alpha": "auto"}),
        "rotation": (RotationMap, {}),
        "spectral(γ=0.25)": (SpectralMap, {"power": 0.25}),
        "anchored": (AnchoredMap, {"alpha": "auto", "shrinkage": "auto", "power": "auto", "galleries": galleries}),
        "cca(ρ=0.03)": (CCAMap, {"regularization": 0.03}),
        "cca(ρ=0.1)": (CCAMap, {"regularization": 0.1}),
        "cca(ρ=0.3)": (CCAMap, {"regularization": 0.3}),
        "reduced-rank": (ReducedRankMap, {"rank": "auto", "alpha": "auto"}),
    }
    expected = {label: (kind, {**given, "center": center}) for label, (kind, given) in expected.items()}
    if center:  # the control among centred ones; pairs given without centring are centred already
        expected["ridge(α=1, uncentred)"] = (RidgeMap, {"alpha": 1.0, "center": False})
    expected["identity"] = (IdentityMap, {"center": False})
    assert {label: (type(e), e.get_params(deep=False)) for label, e in found.items()} == expected
    assert {label: e.regularization for label, e in joint_candidates().items()} == {
        "joint(ρ=0.03)": 0.03,
        "joint(ρ=0.1)": 0.1,
    }


@pytest.mark.parametrize("center", [True, False])
def test_every_family_gets_the_options_it_has(center):
    galleries = Moments.of(np.eye(4)), Moments.of(np.eye(4))
    expected = {
        "identity": {"center": False},
        "ols": {"center": center},
        "ridge": {"alpha": 7.0, "center": center},
        "rotation": {"center": center},
        "orthogonal": {"center": center},
        "reduced-rank": {"rank": 3, "alpha": 7.0, "center": center},
        "cca": {"regularization": 0.1, "center": center},
        "spectral": {"power": 0.25, "center": center},
        "anchored": {"alpha": "auto", "shrinkage": "auto", "power": "auto", "galleries": galleries, "center": center},
    }
    for family in FAMILIES:
        made = make_estimator(family, alpha=7.0, rank=3, galleries=galleries, center=center)
        assert made.get_params(deep=False) == expected[family]
    assert make_estimator("ridge").get_params() == {"alpha": 1.0, "center": True}
    assert make_estimator("reduced-rank").get_params() == {"rank": "auto", "alpha": 1.0, "center": True}


def test_twenty_vectors_can_be_told_and_three_directions_can_agree():
    rng = np.random.default_rng(0)
    values = np.float32([0.01, 0.04, 0.25])
    fitted = LinearMap(np.eye(3), np.zeros(3), np.zeros(3), np.zeros(3, np.float32), values, np.eye(3, dtype=np.float32))
    x = normalize(rng.normal(size=(20, 3)) * np.array([5.0, 2.0, 1.0]))  # the other way round
    power = np.log(np.mean(x.astype(float) ** 2, axis=0))
    found = fitted.check(x)
    assert found.agreement == pytest.approx(np.corrcoef(power, np.log(values))[0, 1], abs=1e-4)
    assert found.agreement < 0
    assert "another network" in found.reasons[0]
    assert "too few to tell" in fitted.check(x[:19]).reasons[0]


def test_folds_know_each_models_width():
    vectors = [np.ones((4, d), np.float32) for d in (3, 5)]
    assert FoldStatistics(vectors, np.arange(4) % 2).dims == [3, 5]
