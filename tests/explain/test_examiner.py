"""Examined pairs: each face's work done once, shares that add up, signs of unlike inputs, pages that say what is known."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest

from facespace.errors import InputError
from facespace.explain import (
    Examiner,
    Listed,
    adopt,
    black_box_map,
    examination_report,
    explain_black_box,
    face_regions,
    index_report,
    region_shares,
)
from facespace.explain.examiner import SIGNS, hide_face, signs
from facespace.explain.picture import picture
from facespace.images import ARCFACE
from facespace.io import to_json
from facespace.metrics import PairCounts, ScoreTable, shipped_table
from facespace.models import LocatedFace, load_card


class Tiny:
    """A network as `load_network` gives one: means of blocks through a fixed matrix; it counts what it was shown."""

    def __init__(self, name: str = "edgeface-xxs", dim: int = 6) -> None:
        self.card, self.seen = load_card(name), 0
        self._matrix = np.random.default_rng(0).normal(size=(48, dim))

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.seen += len(crops)
        n, height, width, _ = crops.shape
        blocks = crops[:, : height // 4 * 4, : width // 4 * 4].reshape(n, 4, height // 4, 4, width // 4, 3).mean((2, 4))
        return ((blocks.reshape(n, 48) - 128) @ self._matrix).astype(np.float32)


def face(seed: int, name: str = "edgeface-xxs") -> LocatedFace:
    coarse = np.random.default_rng(seed).integers(0, 256, (14, 14, 3), dtype=np.uint8)
    shape = load_card(name).shape
    crop = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return LocatedFace(crop, ARCFACE.points + 20, 1, (200, 200))


def table() -> ScoreTable:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((120, 16))
    vectors = np.repeat(centres, 2, axis=0) + 0.6 * rng.standard_normal((240, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = np.repeat(np.arange(120), 2)
    counts = PairCounts.of(vectors, people, people, groups=12)
    return ScoreTable.fit(counts, network="net", sha256="", reference="nobody real", people=120, kin=(0.8, 0.1))


def test_a_further_partner_costs_its_own_passes_alone():
    network = Tiny()
    examiner = Examiner(network, repeats=2)
    examiner.examine("a", face(1), "b", face(2))
    once = network.seen
    assert once == 2 * (2 * 49 + 8 + 1)
    examiner.examine("a", face(1), "c", face(3))
    assert network.seen - once == once / 2
    examiner.examine("b", face(2), "c", face(3))
    assert network.seen == 1.5 * once


def test_maps_from_the_store_are_those_of_occlusion():
    network, a, b = Tiny(), face(1), face(2)
    found = Examiner(network, repeats=1).examine("a", a, "b", b).explanation
    want = explain_black_box(a.crop, b.crop, network, method="occlusion")
    assert found.score == pytest.approx(want.score, abs=1e-6)
    for one, other in zip(found.faces, want.faces, strict=True):
        np.testing.assert_allclose(one.importance, other.importance, atol=1e-6)


def test_repeats_are_other_places_of_the_grid_and_their_mean_is_shown():
    network, a, b = Tiny(), face(1), face(2)
    examiner = Examiner(network, repeats=4)
    found = examiner.examine("a", a, "b", b)
    maps = examiner.hidden("a", a).maps(network(b.crop[None])[0])
    assert maps.shape == (4, 112, 112)
    assert all(np.abs(maps[i] - maps[j]).max() > 1e-4 for i in range(4) for j in range(i))
    np.testing.assert_allclose(found.explanation.faces[0].importance, maps.mean(0), atol=1e-6)
    fine = black_box_map(a.crop, network(b.crop[None])[0], network, passes=400).signed

    def like(one: np.ndarray) -> float:
        return float(np.corrcoef(one.ravel(), fine.ravel())[0, 1])

    assert like(maps.mean(0)) > max(like(one) for one in maps)


def test_shares_of_a_face_add_up_and_lie_in_their_intervals():
    found = Examiner(Tiny(), repeats=4).examine("a", face(1), "b", face(2))
    for letter in "AB":
        rows = [row for row in found.regions if row.face == letter]
        assert sum(row.similar + row.dissimilar for row in rows) == pytest.approx(1, abs=1e-5)
        assert sum(row.area for row in rows) == pytest.approx(1, abs=1e-5)
        for row in rows:
            assert row.similar_interval[0] <= row.similar <= row.similar_interval[1]
            assert row.dissimilar_interval[0] <= row.dissimilar <= row.dissimilar_interval[1]


def test_the_region_that_the_network_sees_has_the_share_and_the_loss():
    regions = face_regions((112, 112), ARCFACE)
    mouth = regions["mouth"] > 0

    def embed(crops: np.ndarray) -> np.ndarray:
        return np.stack([[c[mouth].astype(float).std(), 20.0] for c in crops])

    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    hidden = hide_face(crop, embed, face_regions((112, 112), ARCFACE, soften=1.5), repeats=2)
    partner = np.array([1.0, 0.2])
    rows = region_shares(hidden.maps(partner), regions, hidden=hidden.without(partner))
    best = max(rows, key=lambda row: row.similar / row.area)
    assert best.region == "mouth"
    assert min(rows, key=lambda row: row.hidden).region == "mouth"


def test_signs_tell_blur_turn_and_size_and_spare_a_good_face():
    card = load_card("edgeface-xxs")
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.normal(128, 60, (8, 8, 3)), (112, 112), interpolation=cv2.INTER_CUBIC)
    crop = np.clip(coarse + rng.normal(0, 12, (112, 112, 3)), 0, 255).astype(np.uint8)
    good = signs(LocatedFace(crop, ARCFACE.points, 1, (200, 200)), card.template)
    assert [sign.name for sign in good] == list(SIGNS)
    assert not any(sign.seen for sign in good)

    def seen(**changed: object) -> set[str]:
        given = {"crop": crop, "landmarks": ARCFACE.points, "faces": 1, "picture": (200, 200), **changed}
        return {sign.name for sign in signs(LocatedFace(**given), card.template) if sign.seen}

    assert seen(crop=cv2.GaussianBlur(crop, (0, 0), 3)) == {"blurred"}
    turned = ARCFACE.points.copy()
    turned[2, 0] += 22
    assert seen(landmarks=turned) == {"turned"}
    assert seen(landmarks=ARCFACE.points / 2) == {"small"}
    assert seen(faces=3) == {"several faces"}
    assert "dark or pale" in seen(crop=crop // 8)
    assert {s.name for s in signs(LocatedFace(crop, None, 1, (112, 112)), card.template)} == {"blurred", "dark or pale"}


def test_a_page_says_what_the_score_is_worth_and_cautions(tmp_path):
    found = Examiner(Tiny(), repeats=2, threshold=0.4, table=table()).examine("a", face(1), "b", face(2))
    assert found.ratio is not None
    files = examination_report(found, ("a.jpg", "b.jpg")).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    for words in (found.ratio.words(), "Close relatives", "nobody real", "2 pairs of twins", "ENFSI", "Cllr", "forehead"):
        assert words in page, words
    assert page.count("<img") == 6
    assert {f.stem for f in files} >= {"report", "scale", "ratio"}
    document = json.loads(to_json(found.to_dict()))
    assert document["likelihood_ratio"]["words"] == found.ratio.words()
    assert len(document["regions"]) == 16
    assert document["reference"]["held_out"]["loss"] == pytest.approx(found.table.held_out.loss)


def test_without_a_table_there_is_no_ratio_and_the_page_says_so(tmp_path):
    network = Tiny()
    examiner = Examiner(network)
    examiner.table = None
    found = examiner.examine("a", face(1), "b", face(1))
    assert found.ratio is None
    assert found.to_dict()["likelihood_ratio"] is None
    examination_report(found).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "not known" in page
    assert "Close relatives" not in page


def test_another_methods_maps_are_adopted_with_their_seeds_as_repeats():
    network, a, b = Tiny(), face(1), face(2)
    card = network.card
    runs = [explain_black_box(a.crop, b.crop, network, method="rise", passes=64, seed=seed) for seed in (0, 1)]
    found = adopt(runs, (a, b), (card, card), table())
    assert found.repeats == 2
    assert all(row.similar_interval is not None and row.hidden is None for row in found.regions)
    np.testing.assert_allclose(
        found.explanation.faces[1].importance, (runs[0].faces[1].importance + runs[1].faces[1].importance) / 2, atol=1e-6
    )
    once = adopt(runs[:1], (a, b), (card, card))
    assert once.ratio is None
    assert all(row.similar_interval is None for row in once.regions)


def test_an_index_leads_to_its_pages_and_warns_of_the_best_of_many(tmp_path):
    found = Examiner(Tiny(), repeats=1, table=table()).examine("a", face(1), "b", face(2))
    listed = [Listed("a", "b", found, "1/report.html")]
    index_report(listed, title="Search", scores=[("b", 0.5), ("c", 0.1)], skipped=["d.jpg: no face"]).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert 'href="1/report.html"' in page
    assert "best of 2 candidates" in page
    assert "d.jpg: no face" in page


def test_more_repeats_than_there_are_places_are_refused():
    with pytest.raises(InputError, match="1 to 8"):
        Examiner(Tiny(), repeats=9).examine("a", face(1), "b", face(2))


def test_without_a_threshold_the_networks_own_table_decides_as_in_compare(tmp_path):
    network, a, b = Tiny(), face(1), face(2)
    known = shipped_table(network.card.name)
    at = known.threshold(1e-3)
    examined = Examiner(network, repeats=1).examine("a", a, "b", b)
    plain = explain_black_box(a.crop, b.crop, network)
    for found in (examined.explanation, plain):
        assert found.threshold == at
        assert found.decision == ("same person" if found.score >= at else "different people")
        assert found.to_dict()["threshold_source"]["people"] == known.people
        assert f"threshold {at:.2f} at FAR 0.1 %, by {known.impostor.sum():,.0f} pairs" in found.threshold_source.words
    # Words are drawn in lines, each a text of its own.
    drawn = " ".join(re.findall(r">([^<>]+)</text>", picture(plain)))
    assert plain.threshold_source.words in drawn
    examination_report(examined).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "FAR 0.1 %" in page
    assert "is the lowest score, in steps of 0.01" in page
    for given in (
        Examiner(network, repeats=1, threshold=0.9).examine("a", a, "b", b).explanation,
        explain_black_box(a.crop, b.crop, network, threshold=0.9),
    ):
        assert (given.threshold, given.threshold_source) == (0.9, None)
        assert given.to_dict()["threshold_source"] is None


def test_across_a_map_no_networks_table_decides():
    class Same:
        source_model = target_model = None

        def probe(self, vectors):
            return vectors

        reference = probe

    found = explain_black_box(face(1).crop, face(2).crop, Tiny(), mapping=Same(), other_network=Tiny())
    assert found.threshold is found.decision is None
