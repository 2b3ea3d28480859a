from __future__ import annotations

import pytest
from map_command import Run, write_sets

from facespace.embeddings import EmbeddingSet
from facespace.mapping import LinearMap, fit_map
from facespace.verification import operating_far, transfer_threshold


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    fit_map(*(EmbeddingSet.load(folder / f"{name}.parquet") for name in "ab"), "ridge").save(folder / "m.safetensors")
    return folder


def _command(made):
    return "map", "threshold", made / "m.safetensors", made / "a.parquet", made / "b.parquet"


def _loaded(made):
    a, b = (EmbeddingSet.load(made / f"{name}.parquet") for name in "ab")
    return LinearMap.load(made / "m.safetensors"), a, b


def test_the_document_is_the_library_s_result(run, made):
    document = run.json(*_command(made), "--far", "0.1,0.01", "--pairs", 4000, "--seed", 3)
    found = transfer_threshold(*_loaded(made), 0.01, pairs=4000, seed=3)
    row = document["thresholds"][1]
    assert (row["far"], row["threshold"], row["low"], row["high"]) == (0.01, found.threshold, found.low, found.high)
    assert document["signature"] == found.signature
    assert document["pairs"] == found.pairs


def test_without_labels_the_share_of_one_person_can_be_given(run, made):
    document = run.json(*_command(made), "--far", "0.1", "--unlabelled", "--genuine-share", "0.02")
    assert document["thresholds"][0]["genuine_share"] == 0.02
    assert "people:unknown" in document["signature"]


def test_the_source_s_threshold_stands_for_its_rate(run, made):
    document = run.json(*_command(made), "--source-threshold", "0.5")
    assert document["thresholds"][0]["far"] == operating_far(_loaded(made)[1], 0.5)


def test_the_terminal_shows_threshold_and_warning(run, made):
    assert run(*_command(made), "--far", "1e-4") == 0
    for part in ("threshold", "95 % interval", "0.0001", "fewer than 10", "threshold-transfer|source:net-a"):
        assert part in " ".join(run.out.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--far", "0"), "above 0"),
        (("--far", "often"), "'often' is no false accept rate"),
        (("--genuine-share", "some"), "neither a number nor estimate"),
    ],
)
def test_bad_options_say_what_is_wrong(run, made, options, message):
    assert message in run.error(*_command(made), *options)["message"]


def test_exchanged_sets_are_noticed(run, made):
    command = _command(made)
    error = run.error(*command[:3], command[4], command[3])
    assert "source is 'net-a'" in error["message"]


def test_a_moved_gallery_s_threshold_is_of_cosines_about_zero(run, made):
    found = run.json(*_command(made), "--far", "0.1", "--pairs", 4000, "--as-stored")
    fitted, a, b = _loaded(made)
    assert found["thresholds"][0]["threshold"] == transfer_threshold(fitted.about_zero(), a, b, 0.1, pairs=4000).threshold
    for option, about in (("--as-stored", "about zero, as a store has it"), ("--unlabelled", "for a moved gallery give")):
        assert run(*_command(made), "--far", "0.1", "--pairs", 4000, option) == 0
        assert about in " ".join(run.out.split())
