from __future__ import annotations

import json

import numpy as np
import pytest
from mapping_samples import network, paired, people, two_sets

from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import DimensionError, FileFormatError, InputError
from facespace.io import read_artefact
from facespace.mapping import FAMILIES, LinearMap, PairStatistics, fit_map
from facespace.mapping.domain import FEWEST

ARRAYS = ("weight", "bias", "origin", "source_mean", "source_values", "source_vectors")


@pytest.fixture(scope="module")
def sets():
    return two_sets()


@pytest.fixture(scope="module")
def fitted(sets):
    return fit_map(*sets, "ridge")


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_saved_map_is_the_same_map(sets, family, center, tmp_path):
    fitted = fit_map(*sets, family, center=center)
    loaded = LinearMap.load(fitted.save(tmp_path / "m.safetensors"))
    assert all(np.array_equal(getattr(fitted, name), getattr(loaded, name)) for name in ARRAYS)
    assert (loaded.source_model, loaded.target_model) == ("a", "b")
    assert json.dumps(loaded.facts) == json.dumps(dict(fitted.facts))
    assert np.array_equal(loaded.transform(sets[0].vectors), fitted.transform(sets[0].vectors))
    assert repr(loaded) == f"LinearMap(a → b, 24 → 20, {family}, 180 pairs)"


def test_transform_is_xw_plus_b_of_unit_vectors_whatever_their_length(fitted, sets):
    x = sets[0].vectors
    expected = normalize(x) @ fitted.weight + fitted.bias
    assert np.allclose(fitted.transform(x), expected, atol=1e-6)
    assert np.allclose(fitted.transform(17 * x), expected, atol=1e-5)


def test_probe_and_reference_are_about_the_origin(fitted, sets):
    assert np.allclose(fitted.probe(sets[0].vectors), fitted.transform(sets[0].vectors) - fitted.origin)
    assert np.allclose(fitted.reference(sets[1].vectors), sets[1].normalized() - fitted.origin)
    assert np.allclose(fitted.origin, sets[1].normalized().mean(axis=0), atol=1e-6)


def test_uncentred_map_has_no_bias_and_its_origin_is_zero(sets):
    fitted = fit_map(*sets, "ridge", center=False)
    assert not fitted.bias.any()
    assert not fitted.origin.any()
    assert fitted.facts["centred"] is False


def test_intercept_fits_a_bias_but_compares_about_zero(sets, fitted):
    other = fit_map(*sets, "ridge", center=False, intercept=True)
    assert np.array_equal(other.weight, fitted.weight)
    assert np.array_equal(other.bias, fitted.bias)
    assert other.bias.any()
    assert not other.origin.any()


def test_apply_keeps_ids_and_columns_and_names_both_networks(fitted, sets):
    mapped = fitted.apply(sets[0])
    assert mapped.model == "b<-a"
    assert mapped.dim == 20
    assert np.array_equal(mapped.ids, sets[0].ids)
    assert np.array_equal(mapped.subject, sets[0].subject)


def test_set_of_another_network_is_refused_by_name(fitted, sets):
    other = EmbeddingSet(sets[0].vectors, sets[0].ids, model="c")
    with pytest.raises(InputError, match="this map's source is 'a', but the set was made by 'c'"):
        fitted.apply(other)
    with pytest.raises(InputError, match="seem to be exchanged"):
        fitted.check_model(sets[1], "source")
    fitted.apply(EmbeddingSet(sets[0].vectors, sets[0].ids))  # unknown networks are let through


def test_wrong_width_is_refused_with_both_widths(fitted):
    with pytest.raises(DimensionError, match=r"map from a needs vectors of width 24, .* \(3, 20\)"):
        fitted.transform(np.ones((3, 20)))
    with pytest.raises(DimensionError, match=r"map to b needs vectors of width 20, .* \(3, 24\)"):
        fitted.reference(np.ones((3, 24)))


def test_own_space_is_in_the_domain_and_another_of_the_same_width_is_not():
    latent, ids, _ = people(count=300, k=24)
    unseen = people(count=200, k=24, seed=9)[0]
    a = EmbeddingSet(network("a", latent, 24, 1), ids, model="a")
    b = EmbeddingSet(network("b", latent, 24, 2), ids, model="b")
    fitted = fit_map(a, b, "ridge")
    own = fitted.check(network("a", unseen, 24, 1))
    assert own.in_domain
    assert own.agreement > 0.95
    foreign = fitted.check(network("b", unseen, 24, 2))
    assert not foreign.in_domain
    assert foreign.agreement < 0.42
    assert "another network" in foreign.reasons[0]
    shifted = fitted.check(network("a", unseen, 24, 1, mean=2.0))
    assert any("their mean lies" in reason for reason in shifted.reasons)
    assert own.to_dict()["in_domain"] is True


def test_few_vectors_are_too_few_to_tell(fitted, sets):
    check = fitted.check(sets[0].vectors[: FEWEST - 1])
    assert not check.in_domain
    assert "too few to tell" in check.reasons[0]


def test_check_refuses_what_is_no_vector(fitted, sets):
    with pytest.raises(DimensionError, match="width 24"):
        fitted.check(sets[1].vectors)
    bad = sets[0].vectors.copy()
    bad[2] = 0
    with pytest.raises(InputError, match="zero vectors in 1 of 180 vectors: row 2"):
        fitted.check(bad)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_map_is_a_clear_error(fitted, tmp_path, share):
    path = fitted.save(tmp_path / "m.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    for read in (LinearMap.load, read_artefact):
        with pytest.raises(FileFormatError, match=r"m\.safetensors can't be read as safetensors"):
            read(path)


def test_map_and_statistics_are_not_taken_for_each_other(fitted, tmp_path):
    path = PairStatistics.of(*paired()).save(tmp_path / "s.safetensors")
    assert read_artefact(path).kind == "statistics"
    with pytest.raises(FileFormatError, match="holds 'statistics', but 'map' is needed"):
        LinearMap.load(path)
    with pytest.raises(FileFormatError, match="holds 'map', but 'statistics' is needed"):
        PairStatistics.load(fitted.save(tmp_path / "m.safetensors"))


def test_foreign_safetensors_and_missing_files_are_clear_errors(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.eye(2)}, tmp_path / "x.safetensors")
    with pytest.raises(FileFormatError, match="none of facespace's"):
        read_artefact(tmp_path / "x.safetensors")
    with pytest.raises(FileFormatError, match="no such file"):
        LinearMap.load(tmp_path / "none.safetensors")
    with pytest.raises(FileFormatError, match="is a folder"):
        LinearMap.load(tmp_path)


def test_map_of_inconsistent_shapes_is_refused(fitted, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    path = fitted.save(tmp_path / "m.safetensors")
    with safe_open(path, framework="numpy") as file:
        arrays, header = {name: file.get_tensor(name) for name in ARRAYS}, dict(file.metadata())
    del header["layout"], header["digest"]  # as before layouts; else the digest tells already
    save_file({**arrays, "bias": arrays["bias"][:5]}, path, metadata=header)
    with pytest.raises(FileFormatError, match=r"bias has shape \(5,\), but weight says q = 20"):
        LinearMap.load(path)
    del arrays["origin"]
    save_file(arrays, path, metadata=header)
    with pytest.raises(FileFormatError, match="lacks the array 'origin'"):
        LinearMap.load(path)
