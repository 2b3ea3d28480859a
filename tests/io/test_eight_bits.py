"""Numbers in 8 bits: what is lost is what rounding loses, and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from facespace.embeddings import EmbeddingSet, StoredSet
from facespace.errors import FileFormatError
from facespace.io import blocks, of_blocks, read_artefact, write_artefact
from facespace.mapping.statistics import storage_noise

RNG = np.random.default_rng(0)


def a_set(n=500, d=128):
    vectors = RNG.normal(size=(n, d)) * RNG.uniform(1e-3, 30, (n, 1))
    return EmbeddingSet(vectors, [f"p{i}/0" for i in range(n)], model="net", quality=RNG.uniform(size=n))


def test_directions_come_back_at_length_one_and_lengths_do_not(tmp_path):
    faces = a_set()
    back = EmbeddingSet.load(faces.save(tmp_path / "s.parquet", "int8"))
    assert np.allclose(np.linalg.norm(back.vectors, axis=1), 1, atol=1e-6)
    largest, found = (np.abs(one).max(axis=1, keepdims=True) for one in (faces.vectors, back.vectors))
    assert (np.abs(back.vectors * (largest / found) - faces.vectors) < 0.501 * largest / 127).all()
    assert back.ids.tolist() == faces.ids.tolist()
    assert np.array_equal(back.quality, faces.quality)


def test_the_noise_is_what_maps_reckon_with(tmp_path):
    faces = a_set(2000)
    back = EmbeddingSet.load(faces.save(tmp_path / "s.parquet", "int8"))
    assert np.var(back.vectors - faces.normalized()) == pytest.approx(storage_noise(128, "int8"), rel=0.15)


def test_a_set_in_eight_bits_is_a_quarter_of_the_size(tmp_path):
    faces = a_set(4000)
    sizes = {dtype: faces.save(tmp_path / f"{dtype}.parquet", dtype).stat().st_size for dtype in ("float32", "int8")}
    assert sizes["int8"] < 0.29 * sizes["float32"]  # ids and quality are in both
    assert pq.read_schema(tmp_path / "int8.parquet").field("vector").type.value_type == "int8"  # of any reader's


def test_saved_again_it_does_not_change(tmp_path):
    once = EmbeddingSet.load(a_set().save(tmp_path / "a.parquet", "int8"))
    again = EmbeddingSet.load(once.save(tmp_path / "b.parquet", "int8"))
    assert np.array_equal(once.vectors, again.vectors)


def test_a_large_set_in_parts_is_the_set(tmp_path):
    faces = a_set()
    whole = EmbeddingSet.load(faces.save(tmp_path / "one.parquet", "int8"))
    stored = StoredSet.open(faces.save(tmp_path / "parts", "int8", rows_per_file=150), EmbeddingSet)
    assert np.array_equal(stored.load().vectors, whole.vectors)


def test_whole_numbers_of_others_are_what_they_are(tmp_path):
    table = pq.read_table(a_set(5).save(tmp_path / "ours.parquet", "int8")).replace_schema_metadata({})
    pq.write_table(table, tmp_path / "others.parquet")
    assert np.abs(EmbeddingSet.load(tmp_path / "others.parquet").vectors).max(axis=1).tolist() == [127.0] * 5


@pytest.mark.parametrize("file", ["s.npz", "s.npy"])
def test_other_files_than_parquet_are_refused(tmp_path, file):
    with pytest.raises(FileFormatError, match=r"8 bits a number are for Parquet"):
        a_set(5).save(tmp_path / file, "int8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(), (1,), (63,), (64,), (65,), (3, 5, 7), (0, 4)])
def test_blocks_are_within_half_a_step_whatever_the_shape(shape):
    array = RNG.normal(size=shape) * 10.0 ** RNG.integers(-4, 4, shape)
    coded, scales = blocks(array)
    back = of_blocks(coded, scales)
    assert coded.dtype == np.int8
    assert back.shape == shape
    step = np.repeat(scales, 64)[: array.size].reshape(shape)
    assert (np.abs(back - array) <= 0.5001 * step + 1e-7 * np.abs(array)).all()


def test_zeros_stay_zeros():
    assert not of_blocks(*blocks(np.zeros((3, 40)))).any()


def test_an_artefact_gives_back_what_it_keeps_in_eight_bits(tmp_path):
    big, small = RNG.normal(size=(40, 50)), np.arange(5.0)
    path = write_artefact(tmp_path / "a.safetensors", "thing", {"big": big, "small": small}, {}, eight_bits=["big"])
    file = read_artefact(path, "thing")
    assert np.array_equal(file.array("big", (40, 50)), of_blocks(*blocks(big)))
    assert file.array("small", (5,)).tolist() == small.tolist()
    assert "big.scales" not in file.arrays


def test_scales_that_do_not_fit_are_damage(tmp_path):
    path = write_artefact(tmp_path / "a.safetensors", "thing", {"big": np.ones(200)}, {}, eight_bits=["big"])
    arrays = load_file(path)
    arrays["big.scales"] = arrays["big.scales"][:2]
    save_file(arrays, path, metadata={"format": "facespace", "kind": "thing"})
    with pytest.raises(FileFormatError, match=r"big has 2 scales of 200 numbers"):
        read_artefact(path, "thing")
