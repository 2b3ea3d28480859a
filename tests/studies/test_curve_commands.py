from __future__ import annotations

import csv
import json

import pytest

from facespace.cli import main
from facespace.io import jsonable
from facespace.studies import pairs_needed, rank_study, sensitivity_study


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(["study", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    """Two sets and the pairs as files."""
    folder = tmp_path_factory.mktemp("curves")
    sets = [faces.save(folder / f"{faces.model}.parquet") for faces in world.sets[:2]]
    protocol = world.protocol
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        writer.writerows(zip(protocol.left, protocol.right, protocol.same.astype(int), protocol.fold, strict=True))
    return sets, folder / "people.csv"


def test_sensitivity_is_the_library_s_result(run, files, world):
    options = ("--sizes", "8,40", "--repeats", 2, "--methods", "ridge,rotation", "--pairing", "matched", "--no-center")
    code, out, err = run("sensitivity", *files[0], "--pairs", files[1], *options, "--loss", 0.02, "--json", "--seed", 3)
    document = json.loads(out)
    assert (code, err, document.pop("files")) == (0, "", [])
    assert document == jsonable(
        sensitivity_study(
            *world.sets[:2],
            world.protocol,
            sizes=[8, 40],
            repeats=2,
            methods=["ridge", "rotation"],
            pairing="matched",
            center=False,
            loss=0.02,
            seed=3,
        )
    )


def test_rank_is_the_library_s_result(run, files, world):
    code, out, err = run("rank", *files[0], "--pairs", files[1], "--ranks", "2,5", "--methods", "ridge", "--json")
    document = json.loads(out)
    assert (code, err, document.pop("files")) == (0, "", [])
    assert document == jsonable(rank_study(*world.sets[:2], world.protocol, ranks=[2, 5], methods=["ridge"]))


def test_pairs_needed_is_the_library_s_result(run, files, world):
    code, out, err = run("pairs-needed", *files[0], "--loss", 0.02, "--method", "rotation", "--repeats", 2, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == jsonable(pairs_needed(*world.sets[:2], 0.02, method="rotation", repeats=2))


@pytest.mark.parametrize(("command", "figure"), [("sensitivity", "sensitivity.png"), ("rank", "rank.svg")])
def test_the_report_and_the_terminal(run, files, tmp_path, command, figure):
    folder = tmp_path / "new" / command
    code, out, _ = run(command, *files[0], "--pairs", files[1], "--methods", "ridge", "--loss", 0.03, "-o", folder)
    assert code == 0
    assert "enough to lose at most 3 points" in " ".join(out.split())
    assert "report.html" in out.replace("\n", "")
    document = json.loads((folder / "results.json").read_text())
    assert set(document["files"]) == {str(p) for p in folder.rglob("*") if p.is_file()}
    assert (folder / "figures" / figure).exists()
    assert run(command, *files[0], "--pairs", files[1], "--methods", "identity", "-q")[:2] == (0, "")


def test_the_terminal_answers_how_many_more(run, files):
    code, out, _ = run("pairs-needed", *files[0], "--loss", 0.02, "--repeats", 2)
    assert code == 0
    assert "pairs are enough" in " ".join(out.split())
    assert "pairs-needed|" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sensitivity", "{a}", "{b}", "--pairs", "{pairs}", "--sizes", "10,many"], ["--sizes", "'many'"]),
        (["sensitivity", "{a}", "{a}", "--pairs", "{pairs}"], ["small, small"]),
        (["sensitivity", "{a}", "{b}", "--pairs", "none.csv"], ["no such file"]),
        (["rank", "{a}", "{b}", "--pairs", "{pairs}", "--ranks", "99"], ["99 exceed 12"]),
        (["rank", "{a}", "{b}", "--pairs", "{pairs}", "-o", "{a}"], ["can't write", "small.parquet"]),
        (["pairs-needed", "{a}", "{b}", "--loss", "1"], ["a loss is a fraction", "got 1.0"]),
        (["rank", "{a}", "{b}", "--pairs", "{pairs}", "--loss", "0.5"], ["0.01 being one point"]),
        (["pairs-needed", "{a}", "{b}", "--method", "rigde"], ["did you mean 'ridge'"]),
    ],
)
def test_mistakes_exit_with_two(run, files, arguments, words):
    filled = [a.format(a=files[0][0], b=files[0][1], pairs=files[1]) for a in arguments]
    code, out, err = run(*filled)
    assert (code, out) == (2, "")
    for word in words:
        assert word in " ".join(err.split())
    assert set(json.loads(run(*filled, "--json")[1])["error"]) == {"type", "message", "hint"}
