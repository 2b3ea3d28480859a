"""The hiding game: what it shows the network, and how it counts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explain_samples import crops, small_network

from facespace.datasets import PairProtocol
from facespace.errors import FacespaceError, FileFormatError, InputError, ModelError, UnknownNameError
from facespace.explain import METHODS, hiding_game, pool
from facespace.explain.game import finding, game_report
from facespace.explain.game._hide import blurred, hide, hiding_order
from facespace.explain.game._scores import GameScores
from facespace.explain.game.hiding_game import GAMES, judge
from facespace.explain.methods import Importance
from facespace.report import Text
from facespace.report._render import to_svg

NETWORK = small_network()
FACES = crops(24)
IDS = [f"f{i}" for i in range(24)]
LEFT, RIGHT = np.arange(24), (np.arange(24) * 5 + 1) % 24
SAME = np.arange(24) % 2 == 0
PAIRS = PairProtocol("small", [IDS[i] for i in LEFT], [IDS[i] for i in RIGHT], SAME, np.arange(24) // 6)


def _scores(methods=("stylianou-max",), games=("hiding",), levels=(0, 0.5, 1), **more):
    return GameScores(
        NETWORK, FACES, LEFT, RIGHT, methods, levels=np.array(levels, float), games=games, threshold=0.3, **more
    )


def test_pixels_go_least_important_first_and_equal_ones_at_random():
    importance = np.array([[3, 1, 1], [0, 2, 1]], np.float32)
    order, tied = hiding_order(importance, np.random.default_rng(0))
    assert order[0] == 3
    assert set(order[1:4]) == {1, 2, 5}
    assert order[4:].tolist() == [4, 0]
    assert tied == 0.5
    orders = {tuple(hiding_order(importance, np.random.default_rng(seed))[0]) for seed in range(40)}
    assert len(orders) == 6


def test_the_right_number_of_pixels_is_hidden():
    crop = FACES[0]
    soft = 255 - crop
    order, _ = hiding_order(np.random.default_rng(0).random((48, 32), dtype=np.float32), np.random.default_rng(1))
    for level, shown in zip((0, 0.25, 1), hide(crop, soft, order, np.array([0, 0.25, 1])), strict=True):
        assert (shown != crop).any(-1).sum() == level * 48 * 32
    hidden = hide(crop, soft, order, np.array([0.25]))[0]
    gone = np.zeros(48 * 32, bool)
    gone[order[: 48 * 8]] = True
    np.testing.assert_array_equal(hidden.reshape(-1, 3)[gone], soft.reshape(-1, 3)[gone])


def test_blurring_is_scipys_gaussian_with_reflected_edges():
    from scipy.ndimage import gaussian_filter

    found = blurred(FACES[:1])[0].astype(float)
    sigma = 0.04 * 48
    expected = gaussian_filter(FACES[0].astype(float), (sigma, sigma, 0), mode="reflect", truncate=8 / sigma)
    assert np.abs(found - expected).max() < 1.5


def test_nothing_and_everything_hidden_are_the_same_for_every_method():
    played = _scores(methods=("stylianou-max", "gradcam", "random"))
    features = NETWORK.features(FACES).astype(float)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for table in played.scores.values():
        np.testing.assert_allclose(table[:, 0], (unit[LEFT] * unit[RIGHT]).sum(1), atol=1e-6)
        np.testing.assert_array_equal(table[:, -1], played.scores["hiding", "random"][:, -1])


def test_deletion_is_the_hiding_game_of_the_inverted_map():
    played = _scores(("reconstruction", "inverted"), ("hiding", "deletion"), (0, 0.3, 0.6))
    assert played.ties["reconstruction"] < 0.05
    np.testing.assert_allclose(played.scores["deletion", "reconstruction"], played.scores["hiding", "inverted"], atol=0.02)


def test_equal_maps_are_played_once_and_score_alike(monkeypatch):
    calls = []
    features = type(NETWORK).features
    monkeypatch.setattr(type(NETWORK), "features", lambda self, c: calls.append(len(c)) or features(self, c))
    monkeypatch.setattr(
        "facespace.explain.methods.baselines.grad_cam_signed", lambda *_, **__: np.full((3, 2), -1, np.float32)
    )
    zero = _scores(("gradcam", "stylianou-max"), levels=(0, 0.3, 1))
    assert zero.ties["gradcam"] == 1
    calls.clear()
    monkeypatch.setattr("facespace.explain.methods.baselines.stylianou_max", lambda *_: np.zeros((3, 2), np.float32))
    both = _scores(("gradcam", "stylianou-max"), levels=(0, 0.3, 1))
    np.testing.assert_array_equal(both.scores["hiding", "gradcam"], zero.scores["hiding", "gradcam"])
    np.testing.assert_array_equal(both.scores["hiding", "gradcam"], both.scores["hiding", "stylianou-max"])
    assert len(calls) == 3 * 2  # three blocks, each all blurred and one method's level


def test_every_method_has_a_map_for_every_image():
    maps = NETWORK.maps(FACES[:2])
    from facespace.explain import decompose

    features = pool(maps)
    comparisons = [decompose(features[0], features[1]), decompose(features[1], features[0])]
    found = Importance(NETWORK, 0.3)(METHODS, FACES[:2], maps, comparisons, ["a", "b"], [0, 1])
    assert list(found) == list(METHODS)
    for name, importance in found.items():
        assert importance.shape == (2, 48, 32), name
        assert np.isfinite(importance).all()


def test_an_interrupted_game_goes_on(tmp_path):
    whole = _scores(folder=tmp_path / "a", plan="p").scores
    assert len(list((tmp_path / "a").glob("pairs-*.npz"))) == 3
    (tmp_path / "a" / "pairs-000008.npz").unlink()
    again = _scores(folder=tmp_path / "a", plan="p").scores
    for key, table in whole.items():
        np.testing.assert_array_equal(again[key], table)
    (tmp_path / "a" / "pairs-000008.npz").write_bytes((tmp_path / "a" / "pairs-000000.npz").read_bytes()[:-300])
    np.savez(tmp_path / "a" / "pairs-000000.npz", **{"ties|x": np.ones(3)})  # damaged, and of something else: played again
    again = _scores(folder=tmp_path / "a", plan="p").scores
    for key, table in whole.items():
        np.testing.assert_array_equal(again[key], table)
    with pytest.raises(FileFormatError, match="other settings"):
        _scores(folder=tmp_path / "a", plan="q")
    (tmp_path / "a" / "plan.json").write_bytes(b"\xff")
    with pytest.raises(FileFormatError, match="other settings"):
        _scores(folder=tmp_path / "a", plan="p")


def _judged(tables):
    return judge("n", {("hiding", k): v for k, v in tables.items()}, dict.fromkeys(tables, 0.0), PAIRS, [0, 0.5, 1], "line")


def test_areas_are_trapezia_under_the_accuracies():
    good = np.where(SAME, 1.0, 0.0)[:, None].repeat(3, 1)
    fading = good.copy()
    fading[:, 1] = 0.5 + 0.1 * (good[:, 1] - 0.5)  # right with a new threshold, right or wrong with the old one
    fading[:, 2] = 0.2
    result = _judged({"good": good, "fading": fading})
    by = {(c.method, c.threshold): c for c in result.curves}
    assert by["good", "fixed"].auc == by["good", "refit"].auc == 1
    assert by["fading", "refit"].accuracy == (1.0, 1.0, 0.5)
    assert by["fading", "refit"].auc == pytest.approx(0.5 * (1 + 1) / 2 + 0.5 * (1 + 0.5) / 2)
    assert by["good", "fixed"].high == 1
    assert by["good", "fixed"].low == pytest.approx(0.025 ** (1 / len(SAME)))  # what as many pairs allow
    difference = next(d for d in result.differences if d.threshold == "refit")
    assert (difference.best, difference.other) == ("good", "fading")
    assert difference.difference == pytest.approx(0.125)
    assert 0 < difference.low < 0.125 < difference.high
    assert [c.method for c in result.ranked("refit")] == ["good", "fading"]


def test_the_report_says_what_came_first_and_whose_maps_are_silent(tmp_path):
    rng = np.random.default_rng(0)
    good = np.where(SAME, 1.0, 0.0)[:, None].repeat(3, 1)
    worse = good + rng.normal(0, [0, 1, 1], (24, 3))
    scores = {("hiding", "gradient"): good, ("hiding", "gradcam"): worse, ("hiding", "random"): worse}
    result = judge("n", scores, {"gradient": 0.0, "gradcam": 0.9, "random": 0.0}, PAIRS, [0, 0.5, 1], "line")
    assert finding(result).startswith("Gradient came first of the methods with an AUC of 100.00")
    game_report(result).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "GradCAM: 90% of the pixels" in page
    assert "no ranking" in page
    silent = judge("n", {("hiding", "random"): worse}, {"random": 0.0}, PAIRS, [0, 0.5, 1], "line")
    assert finding(silent) == "Only controls were played."


def _lying(share, seed):
    """Scores that are wrong for so many of the pairs at the level in the middle."""
    good = np.where(SAME, 1.0, 0.0)[:, None].repeat(3, 1)
    wrong = np.random.default_rng(seed).permutation(24)[: round(24 * share)]
    good[wrong, 1] = 1 - good[wrong, 1]
    return good


def test_the_finding_goes_by_the_paired_intervals():
    def found(tables, game="hiding"):
        return finding(
            judge("n", {(game, k): v for k, v in tables.items()}, dict.fromkeys(tables, 0.0), PAIRS, [0, 0.5, 1], "l")
        )

    far = {"gradient": _lying(0, 0), "gradcam": _lying(0.05, 1), "random": _lying(0.45, 2)}
    assert "not told apart from GradCAM; the best control, random, has " in found(far)
    assert ", which is told apart from it (hiding game, threshold" in found(far)
    assert ", which is not told apart from it" in found({"gradient": far["gradient"], "centre": far["gradcam"]})
    turned = {"gradient": far["random"], "centre": far["gradient"]}
    assert found(turned).endswith(
        "so no method was better than knowing nothing (hiding game, threshold chosen anew at each level)."
    )
    close = found({"gradient": far["gradcam"], "centre": far["gradient"]})
    assert "so no method was better than knowing nothing, though the two are not told apart" in close
    # In the deletion game the lowest curve comes first.
    assert found(turned, "deletion").startswith("Gradient came first")
    assert ", which is told apart from it" in found(turned, "deletion")


def test_a_report_of_twelve_methods_and_two_games_names_each_in_every_part():
    names = [m for m in METHODS if m not in ("gradient-input", "stylianou-avg")]
    scores = {(g, m): _lying(i / 40, i) for g in GAMES for i, m in enumerate(names)}
    result = judge("n", scores, dict.fromkeys(names, 0.0), PAIRS, [0, 0.5, 1], "line")
    sections = {s.name: s for s in game_report(result).sections if hasattr(s, "name")}
    assert list(sections) == [
        *("hiding-areas", "hiding-refit", "hiding-fixed", "deletion-areas", "deletion-refit", "deletion-fixed"),
        *("methods", "differences", "differences-deletion"),
    ]
    assert len(sections["methods"].rows) == 24
    for name, game in (("differences", "hiding"), ("differences-deletion", "deletion")):
        by = {d.other: d for d in result.differences if (d.game, d.threshold) == (game, "refit")}
        ranked = [c.method for c in result.ranked("refit", game)]
        assert sections[name].rows[0][1:4] == [None] * 3
        for method, row in zip(ranked[1:], sections[name].rows[1:], strict=True):
            assert row[1:4] == [100 * v for v in (by[method].difference, by[method].low, by[method].high)]
    titles = [row[0] for row in sections["methods"].rows]
    assert {"reconstruction (the paper's S)", "centre, control"} <= set(titles)
    svg = to_svg(sections["hiding-refit"].chart)
    assert len(re.findall(r">AUC [\d.]+ \([\d.]+ to [\d.]+\)<", svg)) == 12
    prose = " ".join(p for s in game_report(result).sections if isinstance(s, Text) for p in s.paragraphs)
    assert "its curve is the hiding curve read from the right" in prose


def test_the_whole_game_gives_a_document():
    seen = []
    result = hiding_game(
        NETWORK, FACES, IDS, PAIRS, methods=["gradcam++", "reconstruction", "constant"], levels=[0, 0.5, 1],
        progress=lambda *a: seen.append(a),
    )  # fmt: skip
    document = result.to_dict()
    assert {m["name"] for m in document["methods"]} == {"gradcam++", "reconstruction", "constant"}
    assert seen[-1] == (24, 24)
    ties = {c.method: c.tie_fraction for c in result.curves}
    assert ties["constant"] == 1
    assert all(c.low <= c.auc <= c.high for c in result.curves)
    assert result.signature.startswith("hiding-game|network:small|protocol:small|pairs:24|threshold:0.3000")


def test_wrong_input_is_refused():
    with pytest.raises(UnknownNameError, match="gradcan"):
        hiding_game(NETWORK, FACES, IDS, PAIRS, methods=["gradcan"])
    with pytest.raises(ModelError, match="decoder"):
        hiding_game(small_network(decoder=False), FACES, IDS, PAIRS)
    with pytest.raises(InputError, match="ascend"):
        hiding_game(NETWORK, FACES, IDS, PAIRS, levels=[0.1, 0.5])
    with pytest.raises(InputError, match="missing"):
        hiding_game(NETWORK, FACES[:3], IDS[:3], PAIRS)
    with pytest.raises(InputError, match="folds"):
        hiding_game(NETWORK, FACES, IDS, PairProtocol("p", PAIRS.left, PAIRS.right, SAME))
    with pytest.raises(FacespaceError, match="game"):
        hiding_game(NETWORK, FACES, IDS, PAIRS, games=["seek"])
