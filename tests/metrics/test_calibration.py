"""Likelihood ratios: right where they are known, bounded by what was counted, said in ENFSI's words, and shipped whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.metrics import ENFSI, LikelihoodRatio, PairCounts, ScoreTable, cllr, pav_ratios, shipped_table, verbal
from facespace.metrics.calibration.score_table import BINS, SHIPPED


def people_in_noise(rng: np.random.Generator, count: int, images: int = 2, dim: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of people with `images` each: a direction and noise."""
    centres = rng.standard_normal((count, dim))
    vectors = np.repeat(centres, images, axis=0) + 0.6 * rng.standard_normal((count * images, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.repeat(np.arange(count), images)


def table_of(counts: PairCounts, people: int = 400) -> ScoreTable:
    return ScoreTable.fit(counts, network="net", sha256="ab", reference="nobody real", people=people)


def test_every_pair_is_counted_once_and_people_alike() -> None:
    rng = np.random.default_rng(1)
    vectors, people = people_in_noise(rng, 30, images=3)
    keep = np.ones(len(people), bool)
    keep[::7] = False  # people of one, two and three images
    vectors, people = vectors[keep], np.unique(people[keep], return_inverse=True)[1]
    kin = people.copy()
    kin[people == 1] = 0
    genuine, impostor = PairCounts.of(vectors, people, kin, groups=7).totals()
    images = np.bincount(people)
    want = np.zeros((2, BINS))
    for i in range(len(people)):
        for j in range(i):
            at = min(int((float(np.float32(vectors[i]) @ np.float32(vectors[j])) + 1) * BINS / 2), BINS - 1)
            if people[i] == people[j]:
                want[0, at] += 2 / (images[people[i]] * (images[people[i]] - 1))
            elif kin[i] != kin[j]:
                want[1, at] += 1 / (images[people[i]] * images[people[j]])
    np.testing.assert_allclose(genuine.sum(), (images > 1).sum())
    np.testing.assert_allclose(impostor.sum(), len(images) * (len(images) - 1) / 2 - 1)
    # Within a bin: sums of products differ in their last digit, which may be an edge.
    np.testing.assert_allclose(np.cumsum(genuine), np.cumsum(want[0]), atol=1.01)
    np.testing.assert_allclose(np.cumsum(impostor), np.cumsum(want[1]), atol=1.01)


def test_ratios_of_known_densities_are_found_and_their_intervals_hold_them() -> None:
    """Genuine N(.5, .15²), impostor N(0, .15²): ln LR = (s − .25) · .5 / .15²."""
    rng = np.random.default_rng(0)
    groups, edges = 40, np.linspace(-1, 1, BINS + 1)
    genuine = np.stack([np.histogram(rng.normal(0.5, 0.15, 100), edges)[0] for _ in range(groups)]).astype(float)
    impostor = np.zeros((groups, groups, BINS))
    for i in range(groups):
        for j in range(i, groups):
            impostor[i, j] = np.histogram(rng.normal(0.0, 0.15, 800), edges)[0]
    table = table_of(PairCounts(genuine, impostor))
    scores = np.arange(0.055, 0.5, 0.01)  # where both kinds have weight
    truth = (scores - 0.25) * 0.5 / 0.15**2 / np.log(10)
    found = [table.ratio(s) for s in scores]
    assert np.abs(np.log10([r.value for r in found]) - truth).max() < 0.35
    held = [r.low <= 10**t <= r.high for r, t in zip(found, truth, strict=True)]
    assert np.mean(held) > 0.85
    assert abs(table.held_out.loss) < 0.01
    assert table.held_out.cllr_min < table.held_out.cllr < 0.35


def test_no_ratio_beyond_what_the_number_of_pairs_supports() -> None:
    vectors, people = people_in_noise(np.random.default_rng(2), 300, dim=96)
    counts = PairCounts.of(vectors, people, people, groups=30)
    table = table_of(counts)
    top, bottom = table.ratio(0.999), table.ratio(-0.999)
    pairs = 300 * 299 / 2
    assert top.bound == "at least"
    assert top.high is None
    assert pairs / 20 < top.value < pairs
    assert bottom.bound == "at most"
    assert bottom.low is None
    assert 1 / 300 < bottom.value < 0.1
    everywhere = [table.ratio(s).value for s in np.linspace(-1, 1, 401)]
    assert max(everywhere) <= pairs
    assert (np.diff(table.log10_ratio) >= -1e-9).all()
    gap = (table.highest_impostor - 0.02 + table.lowest_genuine) / 2  # no pair of either kind lies there
    assert table.highest_impostor < table.lowest_genuine
    assert table.ratio(gap).words() == "no support for one person or for two"


def test_rates_and_thresholds_are_those_of_the_counts() -> None:
    vectors, people = people_in_noise(np.random.default_rng(3), 200)
    table = table_of(PairCounts.of(vectors, people, people, groups=20), 200)
    assert table.false_match_rate(-1) == 1
    for rate in (0.1, 0.01):
        at = table.threshold(rate)
        assert table.false_match_rate(at + 1e-9) <= rate < table.false_match_rate(at - 0.001)


def test_words_go_by_the_end_that_is_nearest_to_1() -> None:
    assert [verbal(start) for start, _ in ENFSI] == [word for _, word in ENFSI]
    assert verbal(1.99) == ""
    assert LikelihoodRatio(2_000, 90, 50_000).words() == "moderate support for one person rather than two"
    assert LikelihoodRatio(20, 0.5, 900).words() == "no support for one person or for two"
    assert LikelihoodRatio(3e6, 3e6, None, "at least").words() == "extremely strong support for one person rather than two"
    assert LikelihoodRatio(1e-3, None, 1e-3, "at most").words() == "strong support for two people rather than one"
    assert LikelihoodRatio(1e-3, None, 1e-3, "at most").text() == "at most 1/1,000"


def test_cllr_is_1_of_no_information_and_pav_is_its_least() -> None:
    rng = np.random.default_rng(0)
    g, i = rng.integers(0, 9, 30) * np.linspace(0, 1, 30), rng.integers(0, 9, 30) * np.linspace(1, 0, 30)
    assert cllr(np.ones(30), g, i) == pytest.approx(1)
    least = cllr(pav_ratios(g, i), g, i)
    for slope in (0.05, 0.1, 0.2, 0.4):
        assert cllr(np.exp(slope * (np.arange(30) - 15)), g, i) > least
    assert least < 1


def test_what_has_no_ratio_is_refused() -> None:
    with pytest.raises(InputError, match="genuine and impostor"):
        cllr([1.0], [0], [1])
    with pytest.raises(InputError, match="genuine and impostor"):
        pav_ratios([1, 2], [0, 0])
    vectors, people = people_in_noise(np.random.default_rng(4), 40)
    table = table_of(PairCounts.of(vectors, people, people, groups=8))
    with pytest.raises(InputError, match="nan"):
        table.ratio(float("nan"))


def test_a_table_survives_its_file() -> None:
    vectors, people = people_in_noise(np.random.default_rng(5), 100)
    table = table_of(PairCounts.of(vectors, people, people, groups=10))
    again = ScoreTable.from_dict(json.loads(json.dumps(table.to_dict())))
    for score in (-0.9, 0.1, 0.43, 0.99):
        one, other = table.ratio(score), again.ratio(score)
        assert other.value == pytest.approx(one.value, rel=2e-3)
        assert other.bound == one.bound
    np.testing.assert_allclose(again.genuine, table.genuine, rtol=1e-3)


SHIPPED_TABLES = sorted(SHIPPED.glob("*.json"))


@pytest.mark.parametrize("path", SHIPPED_TABLES, ids=lambda path: path.stem)
def test_shipped_tables_are_of_their_networks_weights_and_calibrated(path: Path) -> None:
    from facespace.models import load_card

    card = load_card(path.stem)
    table = shipped_table(card.name, card.files[0].sha256)
    assert table is not None
    assert table.network == card.name
    assert shipped_table(card.name, "0" * 64) is None
    assert table.held_out.loss < 0.02
    assert table.impostor.sum() == pytest.approx(table.people * (table.people - 1) / 2, rel=1e-3)
    assert (np.diff(table.log10_ratio) >= -1e-6).all()
    assert (table.log10_low <= table.log10_ratio + 1e-3).all()
    assert (table.log10_ratio <= table.log10_high + 1e-3).all()
    assert max(table.log10_ratio.max(), table.log10_high.max()) <= np.log10(table.impostor.sum()) + 1e-3


def test_tables_ship() -> None:
    assert len(SHIPPED_TABLES) >= 6


def test_just_above_all_impostors_the_bound_is_that_of_the_counts_there() -> None:
    """One person's pairs all over .3 … .9, those of two people below .5: at .52 few of the former speak for the bound."""
    genuine, impostor = np.zeros((10, BINS)), np.zeros((10, 10, BINS))
    genuine[:, 130:190] = 10
    impostor[np.triu_indices(10)] = np.where((np.arange(BINS) >= 60) & (np.arange(BINS) < 150), 20.0, 0.0)
    table = table_of(PairCounts(genuine, impostor))
    near, far = table.ratio(0.52), table.ratio(0.88)
    n = impostor.sum()
    assert near.bound == far.bound == "at least"
    assert near.value <= 3 / 60 * n / 3.68
    assert far.value == pytest.approx(39 / 60 * n / 3.689, rel=0.02)


def test_pav_is_that_of_scikit_learn_and_cllr_that_of_its_sum_written_out() -> None:
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(7)
    scores = np.concatenate([rng.normal(1, 1, 150), rng.normal(0, 1, 250)])
    same = np.arange(400) < 150
    order = np.argsort(scores)
    weight = np.where(same[order], 1 / 150, 1 / 250)
    share = IsotonicRegression().fit_transform(np.arange(400), same[order], sample_weight=weight)
    found = pav_ratios(same[order], ~same[order])
    inside = (share > 0) & (share < 1)
    np.testing.assert_allclose(found[inside], share[inside] / (1 - share[inside]), rtol=1e-9)
    ratios = np.exp(scores - 0.5)
    want = sum(np.log2(1 + 1 / r) for r in ratios[same]) / 150 + sum(np.log2(1 + r) for r in ratios[~same]) / 250
    assert cllr(ratios, same, ~same) == pytest.approx(want / 2)
