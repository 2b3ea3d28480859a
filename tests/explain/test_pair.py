"""An explained pair: both faces, one score, across networks too, and its picture."""

from __future__ import annotations

import dataclasses
import re

import cv2
import numpy as np
import pytest
from explain_samples import crops, small_network

from facespace.errors import DimensionError, InputError, ModelError, OutputError, UnknownNameError
from facespace.explain import METHODS, Affine, check_ends, explain_pair, explainable, write_picture, write_reconstructions
from facespace.explain.pair import parts
from facespace.mapping import LinearMap

RNG = np.random.default_rng(0)
A, B = crops(2)


def _original(seed: int, width: int, channels: int = 24) -> Affine:
    rng = np.random.default_rng(seed)
    return Affine(rng.normal(size=(width, channels)), rng.normal(size=width))


def _mapping(p: int = 7, q: int = 5) -> LinearMap:
    floats = [RNG.normal(size=s).astype(np.float32) for s in ((p, q), q, q, p, p, (p, p))]
    return LinearMap(*floats, source_model="small", target_model="other")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_both_faces(method):
    found = explain_pair(A, B, small_network(), method=method)
    assert [face.importance.shape for face in found.faces] == [(48, 32), (48, 32)]
    assert found.to_dict()["decision"] == ("same person" if found.score >= 0.3 else "different people")


def test_both_faces_maps_carry_the_margin_and_swap_with_the_images():
    forth, back = explain_pair(A, B, small_network()), explain_pair(B, A, small_network())
    assert forth.completeness_error < 1e-5
    for one, two in zip(forth.faces, back.faces[::-1], strict=True):
        np.testing.assert_allclose(one.importance, two.importance, atol=1e-7)
        assert one.importance.sum(dtype=float) == pytest.approx(forth.score - 0.3, abs=1e-5)


def test_kept_residuals_give_the_same_explanation():
    network = small_network()
    first = explain_pair(A, B, network)
    again = explain_pair(A, B, network, kept=tuple(f.residuals for f in first.faces))
    for one, two in zip(first.faces, again.faces, strict=True):
        np.testing.assert_array_equal(one.importance, two.importance)


def test_a_match_through_a_map_is_shared_out_in_the_first_networks_channels():
    network = dataclasses.replace(small_network(), to_original=_original(1, 7))
    mapping, vector = _mapping(), RNG.normal(size=5)
    found = explain_pair(A, vector, network, mapping=mapping, threshold=0.1)
    x = network.to_original(network.features(A[None]))
    probe, reference = mapping.probe(x.astype(np.float32))[0], mapping.reference(vector[None].astype(np.float32))[0]
    score = probe @ reference / np.linalg.norm(probe) / np.linalg.norm(reference)
    assert found.score == pytest.approx(score, abs=1e-5)
    assert len(found.faces) == 1
    assert found.completeness_error < 1e-5


def test_a_match_through_a_map_is_explained_in_both_networks():
    one = dataclasses.replace(small_network(), to_original=_original(1, 7))
    two = dataclasses.replace(small_network(5, 20), name="other", to_original=_original(2, 5, 20))
    mapping = _mapping()
    found = explain_pair(A, B, one, other_network=two, mapping=mapping, threshold=0.1)
    y = two.to_original(two.features(B[None])).astype(np.float32)
    probe, reference = mapping.probe(one.to_original(one.features(A[None])).astype(np.float32))[0], mapping.reference(y)[0]
    assert found.score == pytest.approx(probe @ reference / np.linalg.norm(probe) / np.linalg.norm(reference), abs=1e-5)
    assert found.completeness_error < 1e-5
    assert found.counts["channels"] == 44


def test_options_change_what_they_say():
    network = small_network()
    plain = explain_pair(A, B, network).faces[0].importance
    for option in ({"normalization": "max"}, {"cumulative": True}, {"channel_threshold": 0.0}):
        assert np.abs(explain_pair(A, B, network, **option).faces[0].importance - plain).max() > 1e-6


@pytest.mark.parametrize("method", ["reconstruction", "gradcam"])
def test_the_picture_shows_faces_maps_and_decision(tmp_path, method):
    found = explain_pair(A, B, small_network(), method=method)
    path = write_picture(found, tmp_path / "out.png")
    picture = cv2.imread(str(path))
    assert picture.shape[0] > 900
    svg = write_picture(found, tmp_path / "out.svg").read_text()
    assert svg.count("<image") == (8 if method == "reconstruction" else 4)
    for words in (f"{found.score:.3f}", "threshold 0.300", "You may not read", found.signature.split("|")[0]):
        assert words in svg
    assert ("speaks for one person" in svg) == (method == "reconstruction")
    assert set(parts(found, found.faces[0])) == ({"S⁺", "S⁻", "S"} if method == "reconstruction" else {"GradCAM"})


def test_a_second_face_whose_map_is_closed_is_shown_without_overlay(tmp_path):
    network = dataclasses.replace(small_network(), to_original=_original(1, 7))
    face = crops(1, (64, 64), seed=3)[0]
    for method, images in (("reconstruction", 5), ("gradcam", 3)):
        found = explain_pair(
            A, RNG.normal(size=5), network, method=method, mapping=_mapping(), threshold=0.1, other_crop=face
        )
        assert (len(found.faces), found.other_network) == (1, "other")
        assert found.to_dict()["other_network"] == "other"
        svg = write_picture(found, tmp_path / "out.svg").read_text()
        assert svg.count("<image") == images
        words = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
        assert "Compared by its other embedding. That network&#x27;s convolutional map is closed" in words
        assert "small → other" in words
    bare = explain_pair(A, RNG.normal(size=5), network, method="gradcam", mapping=_mapping(), threshold=0.1)
    assert write_picture(bare, tmp_path / "out.svg").read_text().count("<image") == 2
    assert explain_pair(A, B, network, other_crop=face).other_crop is None


@pytest.mark.parametrize("method", ["reconstruction", "gradcam"])
def test_no_text_of_the_picture_is_cut_off(tmp_path, method):
    network = dataclasses.replace(small_network(), to_original=_original(1, 7))
    mapping = dataclasses.replace(_mapping(), source_model="a-network-of-a-long-name", target_model="one-more-of-these")
    found = explain_pair(A, RNG.normal(size=5), network, method=method, mapping=mapping, threshold=0.1, other_crop=B)
    title = f"{'A_Person_Of_Many_Names_0001' * 2}.jpg by a-network-of-a-long-name and {'Another_Person' * 3}.jpg by that one"
    picture = cv2.imread(str(write_picture(found, tmp_path / "out.png", title=title)), cv2.IMREAD_GRAYSCALE)
    assert (picture[:, -40:] == 255).all()  # the margin, at twice its size
    svg = write_picture(found, tmp_path / "out.svg", title=title).read_text()
    shown = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)).replace("&gt;", ">")
    assert found.signature in shown


def test_originals_beside_reconstructions(tmp_path):
    path = write_reconstructions(small_network(), crops(8), tmp_path / "faces.png")
    assert cv2.imread(str(path)).shape == (4 * 48, 6 * 32, 3)


def test_a_map_is_used_between_the_networks_it_names():
    mapping = dataclasses.replace(_mapping(), source_model="mobilefacenet-casia", target_model="edgeface-xs")
    assert check_ends(mapping, "mobilefacenet-casia") == "edgeface-xs"
    assert check_ends(mapping, "trained.safetensors", "further.safetensors") == "further.safetensors"
    assert explainable("further.safetensors")
    assert explainable("mobilefacenet-casia")
    assert not explainable("edgeface-xs")
    with pytest.raises(InputError, match="leads to edgeface-xs, not to edgeface-xxs"):
        check_ends(mapping, "mobilefacenet-casia", "edgeface-xxs")
    with pytest.raises(InputError, match="leads from edgeface-xs"):
        check_ends(dataclasses.replace(mapping, source_model="edgeface-xs"), "mobilefacenet-casia")
    with pytest.raises(InputError, match="does not say which network"):
        check_ends(dataclasses.replace(mapping, target_model=""), "mobilefacenet-casia")


def test_what_can_not_be_explained_is_refused(tmp_path):
    network = small_network()
    with pytest.raises(InputError, match="threshold"):
        explain_pair(A, B, dataclasses.replace(network, threshold=None))
    with pytest.raises(InputError, match="through a map"):
        explain_pair(A, RNG.normal(size=5), network)
    with pytest.raises(ModelError, match="way back"):
        explain_pair(A, RNG.normal(size=5), network, mapping=_mapping(), threshold=0.1)
    ready = dataclasses.replace(network, to_original=_original(1, 9))
    with pytest.raises(DimensionError, match="7 numbers, small gives 9"):
        explain_pair(A, RNG.normal(size=5), ready, mapping=_mapping(), threshold=0.1)
    with pytest.raises(ModelError, match="decoder"):
        explain_pair(A, B, small_network(decoder=False))
    with pytest.raises(UnknownNameError, match="grad"):
        explain_pair(A, B, network, method="grad")
    with pytest.raises(OutputError, match="kind of file"):
        write_picture(explain_pair(A, B, network), tmp_path / "out.gif")
