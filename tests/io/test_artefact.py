"""Every damage to a file of ours is a FileFormatError that says what is wrong, or it loads: never another exception."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from facespace.cli import main
from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, NewerFileWarning
from facespace.io import read_artefact, write_artefact
from facespace.mapping import CanonicalSpace, LinearMap, PairStatistics, TwoSidedMap, fit_map

RNG = np.random.default_rng(0)


def repr_(value):
    return repr(value)[:12]


IDS = [f"p{i}/0" for i in range(40)]
SETS = {name: EmbeddingSet(RNG.normal(size=(40, d)), IDS, model=name) for name, d in (("a", 6), ("b", 5), ("c", 5))}


def _checkpoint(path):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    from facespace.explain import Checkpoint, place_head

    return Checkpoint("mobilefacenet-casia", "conv2", (4, 3, 2), head=place_head(4, 3, 2), facts={"epochs": 1}).save(path)


def _read_checkpoint(path):
    from facespace.explain import load_checkpoint

    return load_checkpoint(path)


KINDS = {
    "map": (lambda path: fit_map(SETS["a"], SETS["b"], "auto").save(path), LinearMap.load),
    "two-sided-map": (lambda path: fit_map(SETS["a"], SETS["b"], "joint").save(path), TwoSidedMap.load),
    "statistics": (
        lambda path: PairStatistics.of(SETS["a"].vectors, SETS["b"].vectors, source_model="a").save(path),
        PairStatistics.load,
    ),
    "hub": (lambda path: CanonicalSpace.fit(SETS).save(path), CanonicalSpace.load),
    "checkpoint": (_checkpoint, _read_checkpoint),
}


@pytest.fixture(params=KINDS)
def whole(request, tmp_path):
    """(kind, path of a good file, its reader, its arrays, its header as it was before layouts and digests)."""
    make, read = KINDS[request.param]
    path = make(tmp_path / f"{request.param}.safetensors")
    with safe_open(path, framework="numpy") as file:
        arrays, header = {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata())  # noqa: SIM118
    del header["digest"], header["layout"]  # so that what is damaged here is not found by the digest already
    return request.param, path, read, arrays, header


def _with_facts(header, **changes):
    facts = {**json.loads(header["facts"]), **changes}
    return {**header, "facts": json.dumps({k: v for k, v in facts.items() if v is not ...})}


def test_a_good_file_says_its_kind_and_comes_back(whole):
    kind, path, read, arrays, header = whole
    found = read_artefact(path, kind)
    assert found.kind == kind == header["kind"]
    assert found.layout == 1
    assert found.written_by.startswith("0.")
    assert set(found.arrays) == set(arrays)
    read(path)


@pytest.mark.parametrize("facts", ["", "{", "[]", "3", '"x"', "nope", "[" * 100_000])
def test_facts_that_are_no_json_object_are_refused(whole, facts):
    _, path, read, arrays, header = whole
    save_file(arrays, path, metadata={**header, "facts": facts})
    with pytest.raises(FileFormatError, match=path.name):
        read(path)


def test_every_single_array_that_is_missing_is_named(whole):
    kind, path, read, arrays, header = whole
    for name in arrays:
        save_file({n: a for n, a in arrays.items() if n != name}, path, metadata=header)
        if kind == "checkpoint" and name.startswith("original"):
            continue
        with pytest.raises(FileFormatError, match=path.name):
            read(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a).astype(a.dtype),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.inf, a).astype(a.dtype),
        lambda a: a.reshape(-1)[:-1],
        lambda a: a[..., None],
        lambda a: np.concatenate([a, a]),
        lambda a: a > 0,
        lambda a: np.zeros(a.shape, np.int64),
        lambda a: np.zeros((0,) * a.ndim, a.dtype),
    ],
    ids=["nan", "inf", "shorter", "one axis more", "twice", "bool", "integer", "empty"],
)
def test_an_array_of_other_numbers_or_shape_is_refused(whole, spoil):
    """Each by itself; a checkpoint's modules are checked by torch, the rest here."""
    _, path, read, arrays, header = whole
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            continue
        spoiled = np.ascontiguousarray(spoil(array))
        if spoiled.shape == array.shape and spoiled.dtype == array.dtype and np.array_equal(spoiled, array):
            continue
        save_file({**arrays, name: spoiled}, path, metadata=header)
        with pytest.raises(FileFormatError, match=path.name):
            read(path)


@pytest.mark.parametrize("value", [None, 3, 3.5, True, "x", [], {}, [1, 2], ["a", "a"], {"a": "b"}, 10**400], ids=repr_)
def test_a_fact_of_another_type_is_refused_or_does_no_harm(whole, value, capsys):
    """Whatever stands there, the reader raises FileFormatError or gives an object, and `info` prints or exits with 2."""
    _, path, read, arrays, header = whole
    for name in json.loads(header["facts"]):
        save_file(arrays, path, metadata=_with_facts(header, **{name: value}))
        try:
            read(path)
        except FileFormatError as error:
            assert path.name in error.message  # noqa: PT017
        assert main(["info", str(path)]) in (0, 2)
        assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("value", [None, "x", -1, True, [], {"error": 3}, {"parts": "x", "error": {"a": "b"}}])
@pytest.mark.parametrize("kind", ["map", "two-sided-map"])
def test_a_fact_of_the_fit_that_is_shown_is_of_the_type_that_is_shown(tmp_path, kind, value, capsys):
    path = KINDS[kind][0](tmp_path / "m.safetensors")
    file = read_artefact(path, kind)
    for name in file.facts["facts"]:
        facts = {**file.facts, "facts": {**file.facts["facts"], name: value}}
        write_artefact(path, kind, file.arrays, facts)
        assert main(["info", str(path)]) in (0, 2)
        assert "Traceback" not in capsys.readouterr().err


def test_numbers_that_the_type_needed_can_not_hold_are_refused(tmp_path):
    arrays = {"far": np.array([1.0, 1e300]), "many": np.array([1, 2**63], np.uint64), "net.one": np.array([3], np.int64)}
    file = read_artefact(write_artefact(tmp_path / "x.safetensors", "made", {**arrays, "yes": np.array([True])}, {}))
    with pytest.raises(FileFormatError, match="1 numbers of far are NaN or infinite"):
        file.array("far", ("n",))
    with pytest.raises(FileFormatError, match="1 numbers of many don't fit into int64"):
        file.array("many", ("n",), np.int64)
    with pytest.raises(FileFormatError, match="yes holds bool, not int64"):
        file.array("yes", ("n",), np.int64)
    assert file.array("yes", None, np.bool_).tolist() == [True]
    assert file.like({"one": np.array(0)}, "net.")["one"].shape == ()  # as files held numbers before layouts
    assert isinstance(file.like({"one": np.array(0)}, "net.")["one"], np.ndarray)


def test_the_same_content_gives_the_same_bytes(whole, tmp_path):
    """safetensors by itself writes the header's entries in another order each time."""
    kind, path, _, _, _ = whole
    found = read_artefact(path, kind)
    for number in range(5):
        again = write_artefact(tmp_path / f"{number}.safetensors", kind, found.arrays, found.facts)
        assert again.read_bytes() == path.read_bytes()
    odd = write_artefact(tmp_path / "odd.safetensors", "made", {"é\n\x7f": np.ones(1)}, {"ü": "\x00\u2028\ud7ff"})
    assert read_artefact(odd).facts == {"ü": "\x00\u2028\ud7ff"}
    assert list(read_artefact(odd).arrays) == ["é\n\x7f"]


def test_unknown_arrays_and_facts_are_left_alone(whole):
    _, path, read, arrays, header = whole
    save_file({**arrays, "more": np.ones(3)}, path, metadata={**_with_facts(header, more="x"), "new": "y"})
    read(path)


def test_a_newer_layout_says_so_and_loads_if_it_can(whole):
    kind, path, read, arrays, header = whole
    write_artefact(path, kind, arrays, json.loads(header["facts"]), layout=2)
    with pytest.warns(NewerFileWarning, match="written by a newer facespace"):
        read(path)
    write_artefact(path, kind, {name: a for name, a in arrays.items() if name != min(arrays)}, {}, layout=2)
    with pytest.warns(NewerFileWarning), pytest.raises(FileFormatError, match="newer layout"):
        read(path)


def test_the_digest_can_not_be_left_out(whole):
    _, path, read, arrays, header = whole
    save_file(arrays, path, metadata={**header, "layout": "1"})
    with pytest.raises(FileFormatError, match="damaged"):
        read(path)


@pytest.mark.parametrize("header", [{}, {"format": "facespace"}, {"format": "other", "kind": "map"}, {"facespace": "{"}])
def test_other_programs_files_are_not_taken_for_ours(whole, header):
    _, path, read, arrays, _ = whole
    save_file(arrays, path, metadata=header)
    with pytest.raises(FileFormatError, match="none of facespace's"):
        read(path)


def test_a_file_of_another_kind_is_named(whole, tmp_path):
    kind, path, *_ = whole
    for other, (_, read) in KINDS.items():
        if other != kind:
            with pytest.raises(FileFormatError, match=f"holds '{kind}', but '{other}' is needed"):
                read(path)


def test_one_flipped_bit_is_found(whole):
    """The digest covers names, types, shapes, numbers, kind, layout and facts."""
    _, path, read, _, _ = whole
    content = path.read_bytes()
    for place in RNG.choice(len(content), 60, replace=False):
        spoiled = bytearray(content)
        spoiled[place] ^= 1 << int(RNG.integers(8))
        path.write_bytes(spoiled)
        with pytest.raises(FileFormatError, match=path.name):
            read(path)


def test_a_truncated_file_is_refused(whole):
    _, path, read, _, _ = whole
    content = path.read_bytes()
    for share in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:share])
        with pytest.raises(FileFormatError, match=path.name):
            read(path)


def test_info_knows_what_ships(capsys):
    from facespace.models import EXPLAINERS

    assert main(["info", str(EXPLAINERS / "mobilefacenet-casia.safetensors"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["backbone"]) == ("checkpoint", "mobilefacenet-casia")
    assert set(found["parts"]) == {"head", "decoder", "original"}


def test_the_suffix_says_what_it_is(tmp_path):
    with pytest.raises(FileFormatError, match=r"map files end in \.safetensors"):
        write_artefact(tmp_path / "m.npz", "map", {}, {})
