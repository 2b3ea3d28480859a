"""Intervals of rare rates, by drawing people: how often they hold the truth, with and without the open end.

Of 400 trials, five images a person that all fare alike (that fare alike by 30 %), without → with the open end:

    30 people, rate .02    .475 → .990 (.910 → .995)      30 people, rate .1    .968 → .995 (.932 → .932)
    100 people, rate .01   .610 → 1.00 (.925 → .935)      100 people, rate .03  .935 → .995 (.932 → .932)
"""

from __future__ import annotations

import numpy as np
import pytest

from facespace.metrics import open_end

_TRIALS, _DRAWS = 400, 200


@pytest.mark.parametrize(("people", "rate"), [(30, 0.02), (30, 0.1), (100, 0.01), (100, 0.03)])
@pytest.mark.parametrize("together", [1.0, 0.3])
def test_an_open_end_holds_the_truth_where_nothing_was_seen(people, rate, together):
    """`together`: the share of a person's five images that fare alike; 1 is the hardest."""
    rng = np.random.default_rng([people, int(1000 * rate), int(10 * together)])
    held, held_open, empty = 0, 0, 0
    for _ in range(_TRIALS):
        whole = rng.random((people, 1)) < rate
        alike = rng.random((people, 5)) < together
        hits = np.where(alike, whole, rng.random((people, 5)) < rate).sum(axis=1)
        drawn = rng.multinomial(people, np.full(people, 1 / people), size=_DRAWS) @ hits / (5 * people)
        low, high = np.percentile(drawn, [2.5, 97.5])
        ends = open_end(hits.mean() / 5, (low, high), np.full(people, 5))
        empty += not hits.any()
        held += low <= rate <= high
        held_open += ends[0] <= rate <= ends[1]
    # Where somebody was seen the interval is the bootstrap's, as before.
    assert held_open >= held
    missed_when_empty = empty - (held_open - held)
    assert missed_when_empty <= 0.05 * _TRIALS
    if (1 - rate) ** people > 0.05 and together == 1:
        assert held / _TRIALS < 0.95
        assert held_open / _TRIALS > 0.9
