from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facespace.metrics import few_nonmated
from facespace.privacy import rates as module
from facespace.privacy.rates import Answers, open_set_threshold, rates


@given(scores=st.lists(st.integers(-20, 20), min_size=1, max_size=40), fpir=st.floats(0, 0.999))
def test_fpir_is_never_above_the_target_and_the_threshold_is_the_smallest(scores, fpir):
    strangers = np.array(scores, dtype=np.float32) / 20
    threshold = open_set_threshold(strangers, fpir)
    assert np.mean(strangers >= threshold) <= fpir
    below = strangers[strangers < threshold]
    if len(below):  # the next smaller score as threshold would let too many pass
        assert np.mean(strangers >= below.max()) > fpir


def test_weighted_thresholds_equal_those_of_the_draw_written_out():
    rng = np.random.default_rng(1)
    strangers = np.round(rng.normal(size=60), 1).astype(np.float32)  # rounded: ties
    weight = rng.integers(0, 4, (40, 60)).astype(np.float32)
    for fpir in (0.0, 0.05, 0.3):
        found = module._weighted_thresholds(strangers, weight, fpir)
        for line, threshold in zip(weight, found, strict=True):
            written = np.repeat(strangers, line.astype(int))
            expected = open_set_threshold(written, fpir)
            assert np.array_equal(written >= threshold, written >= expected)


def test_rates_of_a_case_counted_by_hand():
    person = np.array([0, 0, 1, 2, 3, 4])
    mated = np.array([True, True, True, True, False, False])
    named = np.array([[True, True, False, True, False, False]])
    score = np.array([[0.9, 0.5, 0.8, 0.7, 0.6, 0.1]], dtype=np.float32)
    found = rates(Answers(named, score), person, mated, [0.0, 0.5], resamples=200, seed=0)
    assert found.rank1.value == 0.75
    assert found.fnir[0.0].value == 0.5  # above 0.6: the first and the last mated probe
    assert found.fnir[0.5].value == 0.25  # above 0.1
    assert found.rank1.low < 0.75 < found.rank1.high


def test_intervals_of_the_rate_are_those_of_independent_people():
    rng = np.random.default_rng(2)
    named = rng.random((1, 1000)) < 0.4
    answers = Answers(np.append(named, [[False] * 9], axis=1), np.zeros((1, 1009), dtype=np.float32))
    found = rates(answers, np.arange(1009), np.arange(1009) < 1000, [], resamples=2000, seed=0)
    half = 1.96 * np.sqrt(0.4 * 0.6 / 1000)
    assert found.rank1.high - found.rank1.low == pytest.approx(2 * half, rel=0.1)


def test_few_strangers_are_warned_of():
    assert few_nonmated(1000, [0.01, 0.02]) == []
    assert "50 non-mated probes: 0.5 false alarms" in few_nonmated(50, [0.01, 0.5])[0]
