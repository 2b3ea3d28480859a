"""Pooling: the formula by a plain loop, whatever the order of the rows, and what can't be pooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facespace.datasets import PairProtocol, TemplateProtocol
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.errors import InputError
from facespace.templates import _sums as templates
from facespace.templates import pool_templates


def made(n=700, dim=24, t=40, seed=0):
    """Faces in random order, in templates of very different sizes, with media numbers that several templates share."""
    rng = np.random.default_rng(seed)
    template = np.concatenate([np.arange(t), (t * rng.random(n - t) ** 3).astype(int)])
    names = np.array([f"T{i:02}" for i in template])
    media = np.array([f"m{i}" for i in rng.integers(0, 5, n)])
    vectors = rng.normal(size=(n, dim)) * rng.uniform(1, 30, n)[:, None]
    order = rng.permutation(n)
    faces = EmbeddingSet(vectors[order], [f"f{i:03}" for i in order], model="net")
    protocol = TemplateProtocol.from_columns(
        "made",
        images=[f"f{i:03}" for i in range(n)],
        template=names,
        media=media,
        left=["T00", "T00"],
        right=["T01", "T02"],
        same=[True, False],
    )
    return faces, protocol, vectors.astype(np.float32), names, media


def plain_loop(vectors, template, media, factor=None, unit=False):
    x = vectors.astype(np.float64)
    if unit:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    if factor is not None:
        x = x * factor[:, None]
    rows = []
    for name in np.unique(template):
        total = np.zeros(x.shape[1])
        for medium in np.unique(media[template == name]):
            total += x[(template == name) & (media == medium)].mean(axis=0)
        rows.append(total / np.linalg.norm(total))
    return np.array(rows)


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_pooling_is_the_formula(unit, weighted):
    faces, protocol, vectors, template, media = made()
    factor = np.random.default_rng(1).random(len(vectors)) if weighted else None
    pooled = pool_templates(faces, protocol, normalize_faces=unit, weights=factor)
    assert pooled.ids.tolist() == np.unique(template).tolist()
    assert np.allclose(pooled.vectors, plain_loop(vectors, template, media, factor, unit), atol=1e-6)
    assert pooled.metadata["missing_faces"] == 0
    assert pooled.metadata["pooling"] == "media-mean" + ("-of-unit-faces" if unit else "") + (
        "-weighted" if weighted else ""
    )


def test_neither_order_nor_blocks_nor_workers_matter(monkeypatch):
    faces, protocol, *_ = made()
    wanted = pool_templates(faces, protocol).vectors
    assert np.array_equal(pool_templates(faces, protocol, workers=1).vectors, wanted)
    shuffled = faces.take(np.random.default_rng(2).permutation(len(faces)))
    assert np.array_equal(pool_templates(shuffled, protocol).vectors, wanted)
    monkeypatch.setattr(templates, "_BLOCK", 5)
    assert np.array_equal(pool_templates(faces, protocol).vectors, wanted)


def test_columns_of_the_set_do_as_well():
    faces, protocol, vectors, template, media = made()
    own = EmbeddingSet(vectors, [str(i) for i in range(len(vectors))], template=template, media=media, subject=template)
    pooled = pool_templates(own)
    assert np.array_equal(pooled.vectors, pool_templates(faces, protocol).vectors)
    assert pooled.subject.tolist() == pooled.ids.tolist()
    stills = EmbeddingSet(vectors, own.ids, template=template)
    assert np.allclose(pool_templates(stills).vectors, plain_loop(vectors, template, np.arange(len(vectors))), atol=1e-6)


def test_list_order_stands_for_ids_when_said():
    faces, protocol, vectors, *_ = made()
    numbered = EmbeddingSet(vectors, [str(i) for i in range(len(vectors))])
    with pytest.raises(InputError, match="700 of the faces of 'made' have no embedding: f000") as error:
        pool_templates(numbered, protocol)
    assert "--in-list-order" in error.value.hint
    assert np.array_equal(
        pool_templates(numbered, protocol, in_list_order=True).vectors, pool_templates(faces, protocol).vectors
    )


def test_missing_faces_are_an_error_or_counted():
    faces, protocol, _, template, _ = made()
    rows = faces.rows(protocol.images)
    few = faces.take(np.sort(rows[(np.arange(len(rows)) % 7 > 0) & (template != "T03")]))
    gone = len(faces) - len(few)
    with pytest.raises(InputError, match=f"{gone} of the faces") as error:
        pool_templates(few, protocol)
    assert "--allow-missing" in error.value.hint
    pooled = pool_templates(few, protocol, allow_missing=True)
    assert "T03" not in pooled.ids
    assert pooled.metadata["missing_faces"] == gone


def test_a_transform_is_applied_to_every_face():
    faces, protocol, vectors, template, media = made()
    turn = np.random.default_rng(3).normal(size=(24, 9)).astype(np.float32)
    pooled = pool_templates(faces, protocol, transform=lambda x: np.tanh(x) @ turn)
    assert np.allclose(pooled.vectors, plain_loop(np.tanh(vectors) @ turn, template, media), atol=2e-6)


def test_templates_without_direction_and_of_two_people_are_named():
    vectors = np.array([[1, 2], [-1, -2], [1, 0]], dtype=np.float32)
    faces = EmbeddingSet(vectors, ["a", "b", "c"], template=["x", "x", "y"])
    with pytest.raises(InputError, match="of 1 templates sum to zero: x"):
        pool_templates(faces)
    faces = EmbeddingSet(np.abs(vectors), ["a", "b", "c"], template=["x", "x", "y"], subject=["ann", "bob", "cy"])
    with pytest.raises(InputError, match=r"template x shows two people: ann and bob \(id b\)"):
        pool_templates(faces)
    with pytest.raises(InputError, match="no column 'template'"):
        pool_templates(EmbeddingSet(vectors, ["a", "b", "c"]))
    with pytest.raises(InputError, match="3 finite numbers"):
        pool_templates(EmbeddingSet(vectors, ["a", "b", "c"], template=["x", "y", "z"]), weights=[1.0, 2.0])


def in_files(faces, folder):
    faces.save(folder, rows_per_file=150)
    return EmbeddingSet.open(folder)


@pytest.mark.parametrize("how", [{}, {"normalize_faces": True}, {"allow_missing": True}, {"transform": np.tanh}])
def test_faces_in_files_are_pooled_as_in_memory(tmp_path, how):
    faces, protocol, *_ = made()
    if "allow_missing" in how:
        faces = faces.take(np.arange(0, len(faces), 3))
    stored = replace(in_files(faces, tmp_path / "faces"), block=64)
    found, wanted = pool_templates(stored, protocol, engine=LocalEngine(2), **how), pool_templates(faces, protocol, **how)
    assert np.array_equal(found.ids, wanted.ids)
    assert found.metadata == wanted.metadata
    assert np.allclose(found.vectors, wanted.vectors, atol=1e-7)
    assert np.array_equal(pool_templates(stored, protocol, workers=1, **how).vectors, found.vectors)


def test_what_files_lack_is_told_as_in_memory(tmp_path):
    faces, protocol, vectors, *_ = made()
    few, numbered = faces.take(np.arange(300)), EmbeddingSet(vectors, [str(i) for i in range(len(vectors))])
    for name, given in (("few", few), ("numbered", numbered)):
        with pytest.raises(InputError) as wanted:
            pool_templates(given, protocol)
        with pytest.raises(InputError) as found:
            pool_templates(in_files(given, tmp_path / name), protocol)
        assert found.value.message == wanted.value.message
        assert ("--in-list-order" in found.value.hint) == (name == "numbered")
    stored = EmbeddingSet.open(tmp_path / "numbered")
    wanted = pool_templates(numbered, protocol, in_list_order=True).vectors
    assert np.allclose(pool_templates(stored, protocol, in_list_order=True).vectors, wanted, atol=1e-7)
    with pytest.raises(InputError, match="can't be in one order"):
        pool_templates(EmbeddingSet.open(tmp_path / "few"), protocol, in_list_order=True)


@pytest.mark.parametrize("column", ["media", "subject"])
def test_columns_in_files_do_as_well(tmp_path, column):
    faces, _, _, template, media = made()
    told = np.where(np.arange(len(media)) % 3 == 0, "", template) if column == "subject" else media
    own = EmbeddingSet(faces.vectors, faces.ids, template=template, **{column: told})
    found, wanted = pool_templates(in_files(own, tmp_path / "own")), pool_templates(own)
    assert np.array_equal(found.ids, wanted.ids)
    assert np.allclose(found.vectors, wanted.vectors, atol=1e-7)
    assert (found.subject is None) == (wanted.subject is None) == (column == "media")
    assert column == "media" or np.array_equal(found.subject, wanted.subject)
    with pytest.raises(InputError, match="no column 'template'"):
        pool_templates(in_files(faces, tmp_path / "none"))


def test_of_a_set_in_files_a_protocol_has_the_templates_that_its_pairs_name(tmp_path):
    faces, _, _, template, media = made()
    own = EmbeddingSet(faces.vectors, faces.ids, template=template, media=media)
    pairs = PairProtocol("some", ["T00", "T03"], ["T01", "T00"], [True, False])
    found = TemplateProtocol.from_set(pairs, in_files(own, tmp_path / "own"))
    whole = TemplateProtocol.from_set(pairs, own)
    assert found.templates.tolist() == ["T00", "T01", "T03"]
    assert np.array_equal(found.templates[found.left], whole.templates[whole.left])
    one, other = pool_templates(own, found), pool_templates(own, whole)
    assert np.array_equal(one.vectors, other.select(one.ids).vectors)
    with pytest.raises(InputError, match="no column 'template'"):
        TemplateProtocol.from_set(pairs, in_files(faces, tmp_path / "none"))
