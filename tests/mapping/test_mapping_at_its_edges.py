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
from facespace.mapping.families.joint import JointMap
from facespace.mapping.families.ols import LeastSquaresMap
from facespace.mapping.families.reduced_rank import ReducedRankMap
from facespace.mapping.families.registry import FAMILIES, candidates, joint_candidates, make_estimator
from facespace.mapping.families.ridge import RidgeMap
from facespace.mapping.families.rotation import OrthogonalMap, RotationMap
from facespace.mapping.families.spectral import SpectralMap
from facespace.mapping.fit import fit_map
from facespace.mapping.folds import FoldStatistics
from facespace.mapping.hub.canonical_space import CanonicalSpace
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
        "anchored": (
            AnchoredMap,
            {"alpha": "auto", "shrinkage": "auto", "power": "auto", "galleries": galleries, "start": None},
        ),
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
        "anchored": {
            "alpha": "auto",
            "shrinkage": "auto",
            "power": "auto",
            "galleries": galleries,
            "start": None,
            "center": center,
        },
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


def test_families_made_by_hand_are_centred_but_for_the_control():
    for kind in (
        LeastSquaresMap,
        RidgeMap,
        RotationMap,
        OrthogonalMap,
        ReducedRankMap,
        CCAMap,
        SpectralMap,
        AnchoredMap,
    ):
        assert kind().center is True
    assert IdentityMap().center is False
    assert (SpectralMap().power, CCAMap().regularization, JointMap().regularization) == (0.25, 0.1, 0.1)
    assert (RidgeMap().alpha, ReducedRankMap().alpha, ReducedRankMap().rank) == (1.0, "auto", "auto")


def test_where_the_pairs_say_nothing_ridge_takes_ten_times_the_largest_eigenvalue():
    """A target at right angles to every source direction: the more penalty the less error, up to the end of the grid."""
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 8)))[0]
    x, y = q[:, :3] * np.array([3.0, 1.0, 0.5]), q[:, 3:]
    alpha = RidgeMap("auto", center=False).fit(x, y).facts_["alpha"]
    assert alpha == pytest.approx(10 * 9.0, rel=1e-3)
    assert alpha <= 90.0 * (1 + 1e-9)


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e3])
def test_scaled_families_do_not_depend_on_the_source_s_size_and_map_nothing_to_nothing(size):
    x, y = paired(20, 5, 4)
    for family in (SpectralMap(center=False), CCAMap(center=False)):
        weight = family.fit(x, y).weight_
        assert np.allclose(family.fit(size * x, y).weight_ * size, weight)
        assert not family.fit(size * x, np.zeros((20, 4))).weight_.any()


def test_directions_that_no_pair_determines_are_left_out_counted_and_said():
    x, y = paired(3, 6, 5)
    assert np.linalg.matrix_rank(SpectralMap(0.0, center=False).fit(x, y).weight_, tol=1e-6) == 3
    assert "minimum norm" in LeastSquaresMap(center=False).fit(x, y).facts_["note"]
    x, y = paired(20, 6, 5)
    assert "note" not in LeastSquaresMap(center=False).fit(x, y).facts_
    assert "note" not in IdentityMap().fit(x[:, :5], y).facts_
    for power in (-0.01, 1.01):
        with pytest.raises(InputError, match="power must be from 0 to 1"):
            SpectralMap(power).fit(x, y)


def test_a_joint_space_takes_two_pairs_about_their_means():
    x, y = paired(2, 4, 3)
    assert JointMap.center is True
    assert JointMap().fit_statistics(PairStatistics.of(x, y)).n_pairs_ == 2
    with pytest.raises(InputError, match="1 pairs"):
        JointMap().fit_statistics(PairStatistics.of(x[:1], y[:1]))


def test_a_hub_s_maps_name_what_they_lead_from_and_to():
    sets = dict(zip("ab", two_sets(), strict=True))
    hub = CanonicalSpace.fit(sets)
    for model in "ab":
        assert (hub.into[model].source_model, hub.into[model].target_model) == (model, hub.name)
        assert (hub.out[model].source_model, hub.out[model].target_model) == (hub.name, model)
        assert hub.into[model].method == "canonical"
