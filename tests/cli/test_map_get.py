"""`facespace map get`, `map fit --start` and `map apply --one-sided`."""

from __future__ import annotations

import numpy as np
import pytest
from map_command import Run

from facespace.embeddings import EmbeddingSet
from facespace.mapping import LinearMap, TwoSidedMap, fit_map, load_map, shipped_maps


def two_sets(count=60, seed=0):
    """Three images each of `count` people, by two networks of widths 24 and 20."""
    rng, turns = np.random.default_rng(seed), np.random.default_rng(9)
    faces = np.repeat(rng.normal(size=(count, 16)), 3, axis=0) + 0.35 * rng.normal(size=(3 * count, 16))
    ids = [f"p{i // 3:03d}/{i % 3}" for i in range(3 * count)]
    return tuple(
        EmbeddingSet(faces @ turns.normal(size=(16, d)) + 0.1 * rng.normal(size=(3 * count, d)), ids, model=name)
        for name, d in (("a", 24), ("b", 20))
    )


def run(capsys, *arguments):
    """Exit code, standard output and standard error."""
    command = Run(capsys)
    return command(*arguments), command.out, command.err


@pytest.fixture
def files(tmp_path):
    a, b = two_sets()
    return a.save(tmp_path / "a.parquet"), b.save(tmp_path / "b.parquet")


def test_a_shipped_map_is_written_and_tells_its_loss(capsys, tmp_path):
    code, text, _ = run(capsys, "map", "get", "w600k-mbf", "edgeface-xxs", "-o", tmp_path / "m.safetensors")
    told = " ".join(text.split())
    loss = 100 * shipped_maps().losses["w600k-mbf → edgeface-xxs"]["one_sided_loss"]
    assert code == 0
    assert f"it loses {loss:.2f} points of accuracy" in told
    assert "weights of w600k-mbf: non-commercial research only" in told
    assert isinstance(load_map(tmp_path / "m.safetensors"), LinearMap)
    run(capsys, "map", "get", "w600k-mbf", "edgeface-xxs", "--two-sided", "-o", tmp_path / "t.safetensors")
    assert isinstance(load_map(tmp_path / "t.safetensors"), TwoSidedMap)


def test_without_networks_it_lists_what_there_is(capsys):
    code, text, _ = run(capsys, "map", "get")
    assert code == 0
    assert all(name in "".join(text.split()) for name in ("11networks", "mapgetOLDNEW"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("w600k-mbf",), "two networks"),
        (("w600k-mbf", "edgeface-xxs"), "where is the map"),
        (("w600k-mbf", "edgeface-s", "-o", "x.safetensors"), "edgeface-xs"),
    ],
)
def test_what_is_missing_is_told(capsys, arguments, told):
    code, _, err = run(capsys, "map", "get", *arguments)
    assert code == 2
    assert told in " ".join(err.split())


def test_fit_starts_from_a_map_that_is_given(capsys, files, tmp_path):
    others = two_sets(seed=3, count=300)  # other people, under the same names
    start = fit_map(*others, "cca", provenance=False).save(tmp_path / "start.safetensors")
    code, _, _ = run(capsys, "map", "fit", *files, "--start", start, "-o", tmp_path / "m.safetensors")
    assert code == 0
    assert load_map(tmp_path / "m.safetensors").facts["start"] == "cca"
    start = fit_map(*others, "cca").save(tmp_path / "start.safetensors")
    code, text, err = run(capsys, "map", "fit", *files, "--start", start, "-o", tmp_path / "m.safetensors")
    assert code == 0
    assert "the start was fitted on" in " ".join((text + err).split())


def test_what_ships_starts_only_between_networks_that_it_knows(capsys, files, tmp_path):
    code, _, err = run(capsys, "map", "fit", *files, "--start", "shipped", "-o", tmp_path / "m.safetensors")
    assert code == 2
    assert "network with shipped maps" in " ".join(err.split())


def test_the_one_sided_form_is_written_for_both_sides(capsys, files, tmp_path):
    run(capsys, "map", "fit", *files, "--method", "likelihood", "-o", tmp_path / "r.safetensors")
    for path, name in zip(files, ("queries", "gallery"), strict=True):
        arguments = ("map", "apply", tmp_path / "r.safetensors", path, "--one-sided", "-o", tmp_path / f"{name}.parquet")
        assert run(capsys, *arguments)[0] == 0
    ratio = load_map(tmp_path / "r.safetensors")
    queries, gallery = (EmbeddingSet.load(tmp_path / f"{name}.parquet") for name in ("queries", "gallery"))
    a, b = two_sets()
    inner = queries.vectors @ gallery.vectors.T / ratio.likelihood.scale
    lifted = ratio.probe(a.vectors), ratio.reference(b.vectors)
    cosines = lifted[0] @ lifted[1].T / np.outer(*(np.linalg.norm(side, axis=1) for side in lifted))
    np.testing.assert_allclose(inner, cosines, atol=1e-5)
    code, _, err = run(capsys, "map", "apply", tmp_path / "r.safetensors", files[0], "-o", tmp_path / "x.parquet")
    assert code == 2
    assert "--one-sided" in err
    code, out, _ = run(capsys, "map", "export", tmp_path / "r.safetensors", "--side", "source", "-o", tmp_path / "x.onnx")
    assert code == 0
    assert "vectors of 22 numbers out" in " ".join(out.split())
