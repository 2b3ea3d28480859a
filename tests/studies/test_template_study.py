from __future__ import annotations

import numpy as np
import pytest
from template_world import PAIRED, SINGLE, WIDTHS, template_world

from facespace.datasets import TemplateProtocol, person_templates, single_images
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, UnknownNameError
from facespace.io import jsonable
from facespace.studies import template_study

FARS = (1e-1, 1e-2)


@pytest.fixture(scope="module")
def world():
    return template_world()


@pytest.fixture(scope="module")
def study(world):
    return template_study(world.sets, methods=("ols", "rotation", "identity"), fars=FARS)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def plain_templates(faces, protocol):
    """One template after the other: the mean of its images as the network gave them."""
    rows = {name: i for i, name in enumerate(faces.ids.tolist())}
    sums = np.zeros((len(protocol.templates), faces.dim))
    for image, template in zip(protocol.images.tolist(), protocol.template.tolist(), strict=True):
        sums[template] += faces.vectors[rows[image]]
    return unit(sums)


def plain_tar(scores, same, far):
    """The smallest threshold whose share of accepted impostor pairs is not above `far`."""
    impostor = np.sort(scores[~same])[::-1]
    limit = impostor[int(far * len(impostor) + 1e-9)]
    return float(np.mean(scores[same] > limit))


@pytest.mark.parametrize("center", [True, False])
def test_rates_equal_a_plain_loop_over_templates_and_pairs(world, center):
    found = template_study(world.sets[:2], methods=("ols", "rotation"), fars=FARS, center=center, seed=4)
    protocol = person_templates(world.ids, seed=4)
    fit = single_images(world.ids)
    a, b = world.sets[:2]
    x, y = (unit(f.select(fit).vectors.astype(np.float64)) for f in (a, b))
    mx, my = (x.mean(0), y.mean(0)) if center else (np.zeros(a.dim), np.zeros(b.dim))
    u, _, vt = np.linalg.svd((x - mx).T @ (y - my), full_matrices=False)
    weights = {"ols": np.linalg.lstsq(x - mx, y - my, rcond=None)[0], "rotation": u @ vt}
    left, right = plain_templates(a, protocol), plain_templates(b, protocol)
    for method, weight in weights.items():
        mapped, other = unit((left - mx) @ weight), unit(right - my)
        scores = np.array(
            [mapped[i] @ other[j] for i, j in zip(protocol.left.tolist(), protocol.right.tolist(), strict=True)]
        )
        cell = found.cell("small", "medium", method)
        assert [row.tar for row in cell.tar] == pytest.approx([plain_tar(scores, protocol.same, far) for far in FARS])
        own = np.array([right[i] @ right[j] for i, j in zip(protocol.left.tolist(), protocol.right.tolist(), strict=True)])
        native = [plain_tar(own, protocol.same, far) for far in FARS]
        assert [row.tar for row in found.native[1].tar] == pytest.approx(native)
        assert cell.loss == pytest.approx([n - row.tar for n, row in zip(native, cell.tar, strict=True)])
        assert cell.auc == pytest.approx(np.mean(scores[protocol.same][:, None] > scores[~protocol.same][None, :]), abs=1e-6)


def test_nobody_is_both_fitted_on_and_compared(world, study):
    assert study.fit == {"images": SINGLE, "people": SINGLE, "people_in_pairs": 0, "images_in_templates": 0}
    assert study.native[0].people == PAIRED
    assert study.native[0].pairs == PAIRED**2
    chosen = [i for i in world.ids.tolist() if int(i.split("/")[0]) in (*range(10), *range(60, 130))]
    given = template_study(world.sets, methods=["rotation"], fars=FARS, fit_ids=chosen)
    assert given.native[0].people == PAIRED - 10  # the ten whose images were given are compared no more
    assert given.fit["images"] == len(chosen)
    assert given.fit["people_in_pairs"] == given.fit["images_in_templates"] == 0


def test_every_ordered_pair_and_method_is_there(study):
    assert {(c.source, c.target, c.method) for c in study.cells} == {
        (a, b, m) for a in WIDTHS for b in WIDTHS for m in ("ols", "rotation", "identity") if a != b
    }
    tar = study.tar("ols")
    assert tar.shape == (3, 3, 2)
    assert tar[0, 2].tolist() == [row.tar for row in study.cell("small", "wide", "ols").tar]
    assert tar[1, 1].tolist() == [row.tar for row in study.native[1].tar]


def test_maps_bring_unrelated_spaces_near_their_own_rates(study):
    for row in study.summary():
        if row["method"] == "identity":
            assert row["tar"] < 4 * row["far"] + 0.1
        else:
            assert row["tar"] > row["own"] - 0.15


def test_two_names_of_one_space_lose_nothing(world):
    one = world.sets[0]
    twin = EmbeddingSet(one.vectors, one.ids, model="twin")
    found = template_study([one, twin], methods=("identity", "ols", "rotation"), fars=FARS, center=False)
    for cell in found.cells:
        assert cell.loss == pytest.approx((0.0, 0.0), abs=1e-12)
    assert found.centred is None
    about = template_study([one, twin], methods=("ols",), fars=FARS)
    assert np.array_equal(about.centred[0], about.tar("ols")[0, 1])


def test_the_result_does_not_depend_on_the_workers_or_the_order_of_the_rows(world):
    runs = [template_study(world.sets, fars=FARS, workers=w) for w in (1, 3)]
    assert jsonable(runs[0]) == jsonable(runs[1])
    moved = [faces.take(np.random.default_rng(9).permutation(len(faces))) for faces in world.sets]
    assert [c.tar[0].tar for c in template_study(moved, fars=FARS).cells] == pytest.approx(
        [c.tar[0].tar for c in runs[0].cells], abs=1e-6
    )


def test_a_given_list_needs_its_fitted_images_and_tells_what_they_share(world):
    protocol = person_templates(world.ids, name="list")
    nameless = TemplateProtocol(
        *(getattr(protocol, n) for n in ("name", "images", "template", "media", "templates", "left", "right", "same"))
    )
    with pytest.raises(InputError, match="does not say which images the maps are fitted on"):
        template_study(world.sets, protocol)
    clean = template_study(world.sets, protocol, fit_ids=single_images(world.ids), fars=FARS)
    assert clean.fit["people_in_pairs"] == clean.fit["images_in_templates"] == 0
    assert not any("seen" in text for text in clean.warnings)
    seen = template_study(world.sets, protocol, fit_ids=protocol.images, fars=FARS, methods=["rotation"])
    assert any(f"{len(protocol.images)} of the {len(protocol.images)} images" in text for text in seen.warnings)
    assert seen.fit["people_in_pairs"] == PAIRED
    unknown = template_study(world.sets, nameless, fit_ids=single_images(world.ids), fars=FARS, methods=["rotation"])
    assert any("is not known" in text for text in unknown.warnings)


def test_few_false_accepts_and_images_left_out_are_said_once(world):
    part = [world.sets[0], world.sets[1].take(np.arange(5, len(world.ids)))]
    found = template_study(part, fars=(1e-1, 1e-4), methods=["rotation"])
    assert sum("hangs on a handful" in text for text in found.warnings) == 1
    assert any("FAR 0.0001" in text for text in found.warnings)
    assert any(text.startswith("5 images that not all sets have") for text in found.warnings)


def test_the_other_methods_run_too(world):
    found = template_study(world.sets[:2], methods=("auto", "joint", "ridge"), fars=FARS, intervals=False)
    assert all(cell.tar[0].tar > 0.7 and cell.tar[0].low is None for cell in found.cells)
    assert found.native[0].tar[0].low is not None


def test_bad_input_is_named(world):
    a, b = world.sets[:2]
    with pytest.raises(InputError, match="at least two sets; got 1"):
        template_study([a])
    with pytest.raises(InputError, match="small, small"):
        template_study([a, a])
    with pytest.raises(UnknownNameError, match="did you mean 'rotation'"):
        template_study([a, b], methods=["rotaton"])
    with pytest.raises(InputError, match="no method"):
        template_study([a, b], methods=[])
    with pytest.raises(InputError, match="above 0 and not above 1; got 2"):
        template_study([a, b], fars=[2])
    with pytest.raises(InputError, match="joint is about the means"):
        template_study([a, b], methods=["joint"], center=False)
    nameless = [EmbeddingSet(f.vectors, np.strings.replace(f.ids, "/", "-"), model=f.model) for f in (a, b)]
    with pytest.raises(InputError, match="nothing says who is in the images of the sets"):
        template_study(nameless)
    several = [f.select([i for i in world.ids if int(i[:3]) < 1]) for f in (a, b)]
    with pytest.raises(InputError, match="0 people have one image only and 1 more"):
        template_study(several)
    with pytest.raises(InputError, match="nobody/1"):
        template_study([a, b], fit_ids=["nobody/1"])
