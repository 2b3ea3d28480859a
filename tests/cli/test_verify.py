from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet


@pytest.fixture
def run(capsys):
    """Run `facespace verify …`: exit code, standard output, standard error."""

    def call(*arguments):
        code = main(["verify", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def files(tmp_path):
    """A set of 40 people with two images each, and its pairs: (set, pairs)."""
    rng = np.random.default_rng(0)
    centre = np.repeat(rng.normal(size=(40, 8)), 2, axis=0)
    ids = [f"p{n // 2:02d}/{n % 2}" for n in range(80)]
    EmbeddingSet(centre + 0.6 * rng.normal(size=centre.shape), ids, model="demo").save(tmp_path / "a.parquet")
    lines = ["id1,id2,same"]
    for p in range(40):
        lines += [f"p{p:02d}/0,p{p:02d}/1,1", f"p{p:02d}/0,p{(p + 1) % 40:02d}/1,0"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    return tmp_path / "a.parquet", tmp_path / "pairs.csv"


def test_json_is_one_document_and_nothing_else(run, files):
    code, out, err = run(files[0], "--pairs", files[1], "--json", "--far", "0.1,0.5")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert (document["pairs"], document["genuine"], document["impostor"]) == (80, 40, 40)
    assert [row["far"] for row in document["tar"]] == [0.1, 0.5]


def test_terminal_shows_figures_table_warnings_and_signature(run, files):
    code, out, _ = run(files[0], "--pairs", files[1])
    assert code == 0
    for part in (
        "accuracy",
        "AUC",
        "EER",
        "FAR",
        "TAR",
        "false accepts",
        "80 pairs: 40 genuine, 40 impostor",
        "! TAR at FAR",
    ):
        assert part in out
    assert "pairs|model:demo|" in out


def test_quiet_prints_nothing(run, files):
    assert run(files[0], "--pairs", files[1], "-q") == (0, "", "")


def test_output_folder_holds_the_same_document_and_a_report(run, files, tmp_path):
    _, out, _ = run(files[0], "--pairs", files[1], "--json", "-o", tmp_path / "out")
    assert (tmp_path / "out/results.json").read_text() == out
    page = (tmp_path / "out/report.html").read_text()
    assert json.loads(out)["signature"] in page
    assert sorted(file.name for file in (tmp_path / "out/figures").iterdir()) == [
        "roc.png",
        "roc.svg",
        "scores.png",
        "scores.svg",
    ]


def test_second_set_gives_the_right_images(run, files, tmp_path):
    faces = EmbeddingSet.load(files[0])
    faces.with_vectors(-faces.vectors, "mirror").save(tmp_path / "b.parquet")
    _, native, _ = run(files[0], "--pairs", files[1], "--json")
    code, mirrored, _ = run(files[0], tmp_path / "b.parquet", "--pairs", files[1], "--json")
    assert code == 0
    assert json.loads(mirrored)["auc"] == pytest.approx(1 - json.loads(native)["auc"])


def test_missing_ids_are_an_error_unless_allowed(run, files):
    with files[1].open("a") as file:
        file.write("\nghost/0,p00/0,0\n")
    code, _, err = run(files[0], "--pairs", files[1])
    assert code == 2
    assert "ghost/0" in err
    assert "--allow-missing" in err
    code, out, _ = run(files[0], "--pairs", files[1], "--allow-missing", "--json")
    assert code == 0
    assert json.loads(out)["missing"] == {"left": 1, "right": 0, "pairs": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{a}", "--pairs", "none.csv"), ["no such file", "none.csv"]),
        (("none.parquet", "--pairs", "{pairs}"), ["no such file", "none.parquet"]),
        (("{a}", "--pairs", "{pairs}", "--far", "1e-2,often"), ["often", "no false accept rate"]),
        (("{a}", "--pairs", "{pairs}", "--far", "2"), ["no false accept rate"]),
        (("{a}", "--pairs", "{a}"), ["is not text"]),
        (("{a}", "--pairs", "{pairs}", "-o", "{pairs}/out"), ["can't write"]),
    ],
)
def test_mistakes_exit_with_two_and_say_what_is_wrong(run, files, arguments, words):
    filled = [argument.format(a=files[0], pairs=files[1]) for argument in arguments]
    code, out, err = run(*filled)
    assert (code, out) == (2, "")
    for word in words:
        assert word in " ".join(err.split())
    code, out, err = run(*filled, "--json")
    assert (code, err) == (2, "")
    assert set(json.loads(out)["error"]) == {"type", "message", "hint"}


@pytest.fixture
def turned(files, tmp_path):
    """The set in another space, and the map there: (set, map)."""
    from facespace.mapping import LinearMap

    faces = EmbeddingSet.load(files[0])
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0].astype(np.float32)
    faces.with_vectors(faces.vectors @ turn, "turned").save(tmp_path / "b.parquet")
    zero, eye = np.zeros(8, dtype=np.float32), np.eye(8, dtype=np.float32)
    linear = LinearMap(turn, zero, zero, zero, zero, eye, "demo", "turned", {"method": "rotation", "pairs": 80})
    linear.save(tmp_path / "map.safetensors")
    return tmp_path / "b.parquet", tmp_path / "map.safetensors"


def test_the_right_map_restores_the_native_figures(run, files, turned):
    _, native, _ = run(files[0], "--pairs", files[1], "--json")
    code, out, _ = run(files[0], turned[0], "--pairs", files[1], "--map", turned[1], "--json")
    mapped = json.loads(out)
    assert code == 0
    assert mapped["auc"] == pytest.approx(json.loads(native)["auc"], abs=1e-9)
    assert "|model:demo|target:turned|map:rotation|" in mapped["signature"]
    assert not any("without a map" in warning for warning in mapped["warnings"])


def test_map_of_other_networks_and_map_without_second_set_are_refused(run, files, turned):
    code, _, err = run(turned[0], files[0], "--pairs", files[1], "--map", turned[1])
    assert code == 2
    assert "seem to be exchanged" in err
    code, _, err = run(files[0], "--pairs", files[1], "--map", turned[1])
    assert code == 2
    assert "only one is given" in err
