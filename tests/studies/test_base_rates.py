"""Lists with more pairs of one class than of the other: chance is the larger class's share, not one half."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.studies import cross_model_study, pairs_needed, sensitivity_study
from facespace.studies.cross_model import answer, cross_model_report
from facespace.studies.curves import answer as curve_answer


@pytest.fixture(scope="module")
def uneven(world):
    """The list with one in six of its genuine pairs."""
    same = world.protocol.same
    return world.protocol.take(~same | (np.cumsum(same) % 6 == 0))


def test_the_base_rate_is_no_shared_space(world, uneven, tmp_path):
    result = cross_model_study(world.sets, uneven, methods=["rotation", "identity"])
    assert result.chance == np.mean(~uneven.same) > 0.62
    head, text = answer(result)
    assert head.startswith("Yes")
    assert f"chance is {100 * result.chance:.1f} % on this list" in text
    cross_model_report(result).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "Already comparable" not in page
    assert f"{100 * result.chance:.3g} % is chance" in page
    assert result.to_dict()["chance"] == result.chance


def test_a_loss_that_chance_keeps_to_is_not_called_enough(world, uneven):
    result = sensitivity_study(*world.sets[:2], uneven, sizes=[6, 12], repeats=1, methods=["ridge"], loss=0.4)
    assert result.to_dict()["chance"] == np.mean(~uneven.same)
    assert curve_answer(result)[0].startswith("These pairs can't say what is enough")


def test_folds_that_lack_a_class_are_refused_before_the_work(world):
    protocol = world.protocol
    kept = (protocol.fold == 0) | protocol.same  # impostor pairs in one fold only
    bad = protocol.take(kept)
    for call in (
        lambda: cross_model_study(world.sets, bad),
        lambda: sensitivity_study(*world.sets[:2], bad),
        lambda: pairs_needed(*world.sets[:2], protocol=bad),
    ):
        with pytest.raises(InputError, match="fold 0 can't be judged: no impostor pair is in the other folds"):
            call()
