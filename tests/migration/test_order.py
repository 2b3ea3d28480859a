"""Predicted errors, of people whom the model did not see, and what an order by them brings."""

import numpy as np
import pytest
from scipy import stats
from two_networks import world

from facespace.mapping import load_map
from facespace.migration import Direction, Evidence, fit_uncertainty, order_curve


@pytest.fixture(scope="module")
def noisy():
    """Images of unequal quality: the worse, the shorter what the map makes of them."""
    old, new = world(400, images=3, seed=8)
    random = np.random.default_rng(0)
    blur = random.uniform(0, 6, size=(len(old), 1))
    worse = old.vectors + blur * random.normal(size=old.vectors.shape)
    return old.with_vectors(worse, "old"), new


def test_predictions_are_of_others_and_rank_the_true_errors(noisy, learned):
    way = Direction.of(load_map(learned / "map.safetensors"))
    evidence = Evidence.of(*noisy)
    found = fit_uncertainty(evidence, way)
    assert found.spearman == pytest.approx(stats.spearmanr(found.predicted, found.error).statistic)
    assert found.low > 0.3
    later = Evidence.of(*(faces.take(np.arange(600, 1200)) for faces in noisy))
    earlier = fit_uncertainty(Evidence.of(*(faces.take(np.arange(600)) for faces in noisy)), way)
    rank = stats.spearmanr(earlier.predict(later.old), 1 - np.vecdot(way.template(later.old), way.query(later.new)))
    assert rank.statistic > 0.3
    share = np.mean(1 - np.vecdot(way.template(later.old), later.new) <= earlier.factor * earlier.predict(later.old))
    assert 0.90 <= share <= 0.99  # conformal, asked 0.95


def test_the_order_beats_chance_and_the_oracle_beats_it(noisy, learned):
    way = Direction.of(load_map(learned / "map.safetensors"))
    evidence = Evidence.of(*noisy)
    curve = order_curve(evidence, way, fit_uncertainty(evidence, way), 0.01)
    assert curve.verdict == "The order beats chance."
    areas = {name: tar.mean() for name, tar in curve.tar.items()}
    assert areas["true error"] >= areas["predicted"] > areas["random"]
    assert curve.area == pytest.approx(areas["predicted"] - areas["random"])
    for tar in curve.tar.values():  # nothing, or everything, made anew is the same in every order
        assert (tar[0], tar[-1]) == (curve.tar["random"][0], curve.tar["random"][-1])


def test_where_errors_are_alike_the_report_does_not_claim_an_order(learned):
    way = Direction.of(load_map(learned / "map.safetensors"))
    evidence = Evidence.of(*world(60, seed=12))
    found = fit_uncertainty(evidence, way)
    shuffled = type(found)(**{**vars(found), "predicted": np.random.default_rng(0).permutation(found.predicted)})
    curve = order_curve(evidence, way, shuffled, 0.01)
    assert curve.low < 0
    assert "beats chance." not in curve.verdict
