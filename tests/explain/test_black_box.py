"""Explanations by forward passes: what is hidden, what the maps say of known networks, and the planted patch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facespace.errors import DimensionError, InputError, ModelError, UnknownNameError
from facespace.explain import BLACK_BOX, REGIONS, black_box_map, explain_black_box, planted_patch, write_picture
from facespace.explain.black_box import blurred, masked_face, random_masks, soft_patches
from facespace.explain.pair import parts
from facespace.mapping import LinearMap, TwoSidedMap
from facespace.models import list_cards, load_card

RNG = np.random.default_rng(0)
FACE = RNG.integers(0, 256, (112, 96, 3), dtype=np.uint8)
FOR, AGAINST = np.s_[24:56, 16:48], np.s_[72:104, 56:88]


def contrast(crops: np.ndarray) -> np.ndarray:
    """(contrast of one place, of another, 20): hiding a place takes its contrast away."""
    return np.stack([[c[FOR].std(), c[AGAINST].std(), 20.0] for c in crops.astype(float)])


class Tiny:
    """A network as `load_network` gives one: means of blocks through a fixed matrix."""

    def __init__(self, name: str = "edgeface-xxs", dim: int = 6, seed: int = 0) -> None:
        self.card, self.seen = load_card(name), 0
        self.shape = self.card.shape
        self._matrix = np.random.default_rng(seed).normal(size=(48, dim))

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.seen += len(crops)
        n, height, width, _ = crops.shape
        blocks = crops[:, : height // 4 * 4, : width // 4 * 4].reshape(n, 4, height // 4, 4, width // 4, 3).mean((2, 4))
        return ((blocks.reshape(n, 48) - 128) @ self._matrix).astype(np.float32)


def crop_of(network: Tiny, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    rows, columns = (np.arange(n) * 8 // n for n in network.shape)
    return coarse[rows][:, columns]


@pytest.mark.parametrize("shape", sorted({card.shape for card in list_cards()}))
def test_on_the_crops_of_every_card_patches_hide_each_pixel_equally_often(shape):
    masks = soft_patches(shape)
    assert 42 <= len(masks) <= 49
    assert masks.min() == 0
    assert masks.max() == 1
    np.testing.assert_allclose(masks.sum(0), 1, atol=1e-5)


def test_more_passes_make_a_finer_grid_of_the_same_patches():
    few, many = soft_patches((112, 112), 49), soft_patches((112, 112), 196)
    assert len(many) == 196
    assert (many[100] > 0).sum() == pytest.approx((few[24] > 0).sum(), rel=0.1)


def test_random_masks_hide_half():
    masks = random_masks((112, 96), 200, np.random.default_rng(1))
    assert masks.shape == (200, 112, 96)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean() == pytest.approx(0.5, abs=0.02)
    assert masks.std(0).min() > 0.2


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_a_map_is_signed_and_finds_both_places(method):
    found = black_box_map(FACE, np.array([1.0, 0.0, 0.2]), contrast, method=method).signed
    assert found.shape == (112, 96)
    assert found[FOR].mean() > 5 * abs(found[:16].mean())
    assert found[AGAINST].mean() < -5 * abs(found[:16].mean())
    assert np.unravel_index(found.argmax(), found.shape) in {(y, x) for y in range(18, 62) for x in range(10, 54)}


def test_hiding_what_the_network_does_not_see_changes_nothing():
    found = black_box_map(FACE, np.array([1.0, 0.0, 0.2]), contrast)
    assert np.abs(found.signed[:8]).max() == 0
    assert np.abs(found.signed[:, 90:][:60]).max() == 0


def test_halves_agree_where_there_is_something_to_see_and_not_on_noise():
    def noise(crops: np.ndarray) -> np.ndarray:
        return np.stack([np.random.default_rng(c.astype(int).sum()).normal(size=8) for c in crops])

    partner = np.array([1.0, 0.0, 0.2])
    assert black_box_map(FACE, partner, contrast).convergence > 0.8
    assert black_box_map(FACE, partner, contrast, method="rise").convergence > 0.6
    assert abs(black_box_map(FACE, np.ones(8), noise, method="rise", passes=64).convergence) < 0.5
    flat = black_box_map(FACE, partner, lambda crops: np.ones((len(crops), 3)))
    assert np.isnan(flat.convergence)
    assert not flat.signed.any()


def test_minplus_finds_what_occlusion_finds_and_shap_shares_the_whole_out():
    partner = np.array([1.0, 0.0, 0.2])
    one, two = (black_box_map(FACE, partner, contrast, method=m).signed for m in ("occlusion", "minplus"))
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.8
    template = load_card("mobilefacenet-casia").template
    for passes in (255, 63):
        found = black_box_map(FACE, partner, contrast, method="shap", passes=passes, landmarks=template)
        unit = contrast(np.stack([FACE, np.rint(blurred(FACE)).astype(np.uint8)]))
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        total = float((unit[0] - unit[1]) @ partner / np.linalg.norm(partner))
        assert found.signed.sum() == pytest.approx(total, abs=1e-4)
        assert sum(found.parts.values()) == pytest.approx(total, abs=1e-9)
        assert found.passes <= passes
    assert set(found.parts) <= set(REGIONS)
    with pytest.raises(InputError, match="where they lie"):
        black_box_map(FACE, partner, contrast, method="shap")
    with pytest.raises(InputError, match="too few for 8 parts"):
        black_box_map(FACE, partner, contrast, method="shap", passes=12, landmarks=template)


@pytest.mark.parametrize(
    ("method", "words"), [("minplus", "or alone shown"), ("shap", "for each hundredth"), ("rise", "a correlation of")]
)
def test_the_picture_says_what_full_colour_stands_for(method, words, tmp_path):
    network = Tiny()
    found = explain_black_box(crop_of(network, 1), crop_of(network, 2), network, method=method, passes=40)
    assert words in write_picture(found, tmp_path / "why.svg").read_text()


@pytest.mark.parametrize("method", BLACK_BOX)
def test_a_faces_passes_serve_every_partner(method):
    template = load_card("mobilefacenet-casia").template
    seen = masked_face(FACE, contrast, method=method, passes=99, landmarks=template)
    for partner in (np.array([1.0, 0.0, 0.2]), np.array([0.3, 1.0, -0.2])):
        one = seen.against(partner)
        again = black_box_map(FACE, partner, contrast, method=method, passes=99, landmarks=template)
        np.testing.assert_array_equal(one.signed, again.signed)
        np.testing.assert_array_equal(one.signed, seen.signed(partner))
        assert one.convergence == again.convergence


def test_rise_is_seeded():
    one, again, other = (black_box_map(FACE, np.ones(3), contrast, method="rise", passes=32, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.signed, again.signed)
    assert not np.array_equal(one.signed, other.signed)


def test_a_pair_has_the_score_of_verify_and_swaps_with_its_images():
    network = Tiny()
    a, b = crop_of(network, 1), crop_of(network, 2)
    told = []
    forth = explain_black_box(a, b, network, threshold=0.2, progress=lambda done, whole: told.append((done, whole)))
    x, y = network(np.stack([a, b])).astype(float)
    assert forth.score == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-6)
    assert forth.accepted == (forth.score >= 0.2)
    assert forth.passes == (49, 49)
    assert told[-1] == (98, 98)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    network.card = replace(network.card, name="unheard-of")  # no table of its scores ships
    back = explain_black_box(b, a, network)
    assert back.accepted is None
    assert back.to_dict()["decision"] is None
    for one, two in zip(forth.faces, back.faces[::-1], strict=True):
        np.testing.assert_allclose(one.importance, two.importance, atol=1e-6)


def test_the_passes_are_those_that_are_told():
    network = Tiny()
    found = explain_black_box(crop_of(network, 1), crop_of(network, 2), network, method="rise", passes=40)
    # One clean pass a face before, and one in its map.
    assert network.seen == sum(found.passes) + 4 == 84


def test_across_networks_the_score_is_the_maps_and_each_face_is_hidden_from_its_own_network(tmp_path):
    one, two = Tiny(dim=7), Tiny("facenet", dim=5, seed=3)
    floats = [RNG.normal(size=s).astype(np.float32) for s in ((7, 5), 5, 5, 7, 7, (7, 7))]
    mapping = LinearMap(*floats, source_model="edgeface-xxs", target_model="facenet")
    a, b = crop_of(one, 1), crop_of(two, 2)
    found = explain_black_box(a, b, one, mapping=mapping, other_network=two)
    p, r = mapping.probe(one(a[None]))[0], mapping.reference(two(b[None]))[0]
    assert found.score == pytest.approx(p @ r / np.linalg.norm(p) / np.linalg.norm(r), abs=1e-5)
    assert found.other_network == "facenet"
    sides = [
        LinearMap(*(RNG.normal(size=s).astype(np.float32) for s in ((n, 4), 4, 4, n, n, (n, n))), source_model=name)
        for n, name in ((7, "edgeface-xxs"), (5, "facenet"))
    ]
    both = TwoSidedMap("common", *sides, np.linspace(0.9, 0.5, 4, dtype=np.float32), {"method": "joint"})
    p, r = both.probe(one(a[None]))[0], both.reference(two(b[None]))[0]
    joined = explain_black_box(a, b, one, mapping=both, other_network=two)
    assert joined.score == pytest.approx(p @ r / np.linalg.norm(p) / np.linalg.norm(r), abs=1e-5)
    assert [f.importance.shape for f in found.faces] == [one.shape, two.shape]
    assert all(f.importance.any() for f in found.faces)
    assert set(parts(found, found.faces[0])) == {"S⁺", "S⁻"}
    drawn = write_picture(found, tmp_path / "why.svg").read_text()
    assert drawn.count("<image") == 6
    assert "no threshold given" in drawn
    assert "correlation of the maps of two halves" in drawn
    for half in ({"mapping": mapping}, {"other_network": two}):
        with pytest.raises(InputError, match="through a map"):
            explain_black_box(a, b, one, **half)


def test_what_can_not_be_explained_is_told():
    with pytest.raises(UnknownNameError, match="lime"):
        black_box_map(FACE, np.ones(3), contrast, method="lime")
    with pytest.raises(InputError, match="8 passes"):
        black_box_map(FACE, np.ones(3), contrast, passes=8)
    with pytest.raises(InputError, match="15 passes"):
        black_box_map(FACE, np.ones(3), contrast, method="rise", passes=15)
    with pytest.raises(ModelError, match="no direction"):
        black_box_map(FACE, np.ones(3), lambda crops: np.zeros((len(crops), 3)))


def test_a_planted_patch_is_found_by_who_looks_and_by_chance_only_else():
    left = RNG.integers(0, 256, (40, 112, 112, 3), dtype=np.uint8)
    strangers = RNG.integers(0, 256, (40, 112, 112, 3), dtype=np.uint8)

    def seeing(image: np.ndarray, partner: np.ndarray) -> np.ndarray:
        return -np.abs(image.astype(float) - partner).mean(2)

    def middle(image: np.ndarray, partner: np.ndarray) -> np.ndarray:
        y, x = np.ogrid[-1:1:112j, -1:1:112j]
        return np.asarray(y**2 + x**2)

    found = planted_patch(left, left.copy(), strangers, {"seeing": seeing, "middle": middle})
    ranks = {r.name: r for r in found.ranks}
    assert found.pairs == 40
    assert found.windows == 121
    assert ranks["seeing"].mean == 1
    assert ranks["seeing"].above_low > 0
    assert ranks["random"].low < 0.5 < ranks["random"].high
    assert ranks["middle"].above_low < 0.02
    assert ranks["middle"].above_high > -0.02
    # A habit is the same with and without the patch.
    assert ranks["middle − itself unharmed (ceiling)"].mean == pytest.approx(0.5, abs=1e-6)
    assert {"mean", "low", "high", "name"} <= set(vars(found.to_dict()["ranks"][0]))
    with pytest.raises(DimensionError, match="no pairs with strangers"):
        planted_patch(left, left[:3], strangers, {})
    with pytest.raises(InputError, match="2 pairs"):
        planted_patch(left[:1], left[:1], strangers[:1], {})
