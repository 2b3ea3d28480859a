"""No command writes over what it reads, whichever option names it; and other options that can't be are told by a line."""

from __future__ import annotations

import csv
import inspect
import shutil
from pathlib import Path
from typing import Annotated, get_args, get_origin

import numpy as np
import pytest
import typer
from map_command import Run, write_sets

import facespace.cli.application as application
from facespace.cli import main
from facespace.cli.options import WRITTEN
from facespace.embeddings import EmbeddingSet


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    ids = EmbeddingSet.load(folder / "b.parquet").ids.tolist()
    pairs = [(f"p{n:02d}/{k}", f"p{m:02d}/1", int(n == m)) for n in range(30) for m in (n, n + 1) for k in (0, 2)]
    with (folder / "pairs.csv").open("w", newline="") as text:
        rows = [(a, b, same, a[1:3]) for a, b, same in pairs if a in ids and b in ids]
        csv.writer(text).writerows([("id1", "id2", "same", "fold"), *((a, b, s, int(f) % 3) for a, b, s, f in rows)])
    assert (
        main(
            [
                "map",
                "fit",
                f"{folder}/a.parquet",
                f"{folder}/b.parquet",
                "--method",
                "ridge",
                "-q",
                "-o",
                f"{folder}/m.safetensors",
            ]
        )
        == 0
    )
    assert main(["canonical", "fit", f"{folder}/a.parquet", f"{folder}/b.parquet", "-o", f"{folder}/hub.safetensors"]) == 0
    return folder


OVERWRITING = {
    "a set by its mapped one": "map apply m.safetensors a.parquet -o a.parquet",
    "a set by itself in the hub": "canonical apply hub.safetensors a.parquet -o ./a.parquet",
    "one of the sets that are fused": "canonical fuse hub.safetensors a.parquet b.parquet -o b.parquet",
    "a map by ONNX": "map export m.safetensors -o m.safetensors",
    "a map by a sharper one": "map refine m.safetensors a.parquet b.parquet -o m.safetensors",
    "a hub by a larger one": "canonical join hub.safetensors c.parquet a.parquet -o hub.safetensors",
    "a set by scores": "verify b.parquet --pairs pairs.csv --scores b.parquet",
    "a set named with its columns": "verify b.parquet:vector=vector --pairs pairs.csv --scores b.parquet",
    "a list of pairs by scores": "verify b.parquet --pairs pairs.csv --scores pairs.csv",
    "a set by matches": "identify b.parquet c.parquet --matches c.parquet",
    "a gallery by its plan": "migrate plan sqlite:b.parquet#x --map m.safetensors --check a.parquet c.parquet -o b.parquet",
    "a set by ids": "audit labels b.parquet --write b.parquet",
    "a set by templates": "audit mixture b.parquet --templates b.parquet",
    "a network by its card": "models new m.safetensors -o m.safetensors",
    "a link to a set": "map apply m.safetensors a.parquet -o link.parquet",
}  # fmt: skip


@pytest.mark.parametrize("command", OVERWRITING.values(), ids=OVERWRITING)
def test_what_a_command_reads_is_never_overwritten(run, made, tmp_path, monkeypatch, command):
    for path in made.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "link.parquet").symlink_to("a.parquet")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.chdir(tmp_path)
    error = run.error(*command.split())
    assert error["type"] == "OutputError"
    assert "would be overwritten" in error["message"]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_name_is_not_taken_for_the_file_that_is_called_so(run, made, tmp_path, monkeypatch):
    """`embed photos -m NETWORK -o NETWORK` again: the output is there, and nothing reads it."""
    monkeypatch.chdir(tmp_path)
    apply = ("canonical", "apply", made / "hub.safetensors", made / "a.parquet", "--model", "net-a", "-o", "net-a")
    assert run(*apply, "-q") == run(*apply, "-q") == 0
    assert len(EmbeddingSet.load(tmp_path / "net-a")) == 120


def test_two_outputs_are_two_files(run, made, tmp_path):
    fit = ("map", "fit", made / "a.parquet", made / "b.parquet", "--method", "ridge")
    error = run.error(*fit, "-o", tmp_path / "m.safetensors", "--statistics", tmp_path / "m.safetensors")
    assert "would be written twice" in error["message"]


def test_no_parquet_is_put_into_a_folder_that_is_the_set(run, made, tmp_path):
    folder = EmbeddingSet.load(made / "a.parquet").save(tmp_path / "set", rows_per_file=50)
    other, deep = folder / "mapped.parquet", folder / "deep" / "mapped"
    for command in (
        ("map", "apply", made / "m.safetensors", folder, "-o", deep),
        ("gallery", "copy", folder, other),
        ("gallery", "copy", f"parquet:{folder}", deep),
        ("map", "apply", made / "m.safetensors", folder, "-o", other),
        ("canonical", "apply", made / "hub.safetensors", folder, "-o", other),
        ("canonical", "fuse", made / "hub.safetensors", folder, made / "b.parquet", "-o", other),
        ("verify", folder, "--pairs", made / "pairs.csv", "--scores", other),
        ("identify", made / "b.parquet", folder, "--matches", other),
    ):
        assert "would belong to the set" in run.error(*command)["message"]
    assert len(EmbeddingSet.load(folder)) == 120
    assert run("gallery", "copy", folder, f"sqlite:{folder / 'faces.db'}#faces", "-q") == 0
    assert run("gallery", "copy", folder, folder.with_name("other"), "-q") == 0


def _options():
    """Every option that is a path: its command, its name, what typer knows of it, and whether it is marked."""
    for module in application.COMMANDS:
        __import__(f"facespace.cli.{module}")

    def walk(app, words):
        for command in app.registered_commands:
            for name, option in inspect.signature(command.callback, eval_str=True).parameters.items():
                if get_origin(option.annotation) is Annotated:
                    kind, *about = get_args(option.annotation)
                    if Path in (kind, *get_args(kind)):
                        yield words, name, about[0], WRITTEN in about
        for group in app.registered_groups:
            yield from walk(group.typer_instance, f"{words}{group.name} ")

    return list(walk(application.app, ""))


SAYING = ("to write", "write the", "write whom", "is written", "png of")


def test_every_option_that_says_it_writes_a_file_is_marked():
    options = [found for found in _options() if isinstance(found[2], typer.models.OptionInfo)]
    files = [found for found in options if "Folder for" not in found[2].help and found[1] != "files"]
    writing = [found for found in files if found[1] == "output" or any(word in found[2].help.lower() for word in SAYING)]
    assert len(writing) >= 20
    assert [(words, name) for words, name, _, marked in writing if not marked] == []


def test_onnx_is_written_under_its_own_ending(run, made, tmp_path):
    error = run.error("map", "export", made / "m.safetensors", "-o", tmp_path / "m.txt")
    assert error["hint"] == "Use m.onnx."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_an_output_that_is_no_new_name_is_an_error(run, made, tmp_path, monkeypatch, output):
    monkeypatch.chdir(tmp_path)
    assert run.error("map", "apply", made / "m.safetensors", made / "a.parquet", "-o", output)["type"] == "OutputError"


def test_a_seed_is_no_negative_number(run, made, tmp_path):
    fit = ("map", "fit", made / "a.parquet", made / "b.parquet", "-o", tmp_path / "m.safetensors")
    assert "--seed" in run.error(*fit, "--seed", "-1")["message"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ids_to_leave_out_are_read_in_every_unicode_form(run, made, tmp_path, encoding):
    faces = EmbeddingSet.load(made / "b.parquet")
    ids = np.array(["Jos\N{LATIN SMALL LETTER E WITH ACUTE}" if name == "p00/0" else name for name in faces.ids.tolist()])
    EmbeddingSet(faces.vectors, ids, model="net-b", subject=faces.subject).save(tmp_path / "b.parquet")
    pairs = (made / "pairs.csv").read_text().replace("p00/0", "Jos\N{LATIN SMALL LETTER E WITH ACUTE}")
    (tmp_path / "pairs.csv").write_text(pairs, encoding="utf-8")
    (tmp_path / "out.txt").write_text("Jose\N{COMBINING ACUTE ACCENT}\r\n", encoding=encoding)
    left = pairs.count("Jos")
    arguments = ("verify", tmp_path / "b.parquet", "--pairs", tmp_path / "pairs.csv", "--exclude", tmp_path / "out.txt")
    assert run.json(*arguments)["excluded"] == left > 0


@pytest.mark.parametrize("listed", ["p00/0", "p00/0.jpg"])
def test_ids_to_leave_out_are_found_with_or_without_the_ending_of_the_images_file(run, made, tmp_path, listed):
    (tmp_path / "out.txt").write_text(f"{listed}\n")
    exclude = ("--exclude", tmp_path / "out.txt")
    text = (made / "pairs.csv").read_text()
    (tmp_path / "pairs.csv").write_text(text.replace("p00/0", "p00/0.jpg"))
    faces = EmbeddingSet.load(made / "b.parquet")
    ids = np.where(faces.ids == "p00/0", "p00/0.jpg", faces.ids)
    EmbeddingSet(faces.vectors, ids, model="net-b", subject=faces.subject).save(tmp_path / "b.parquet")
    for faces_in, pairs_in in ((made, made), (tmp_path, made), (tmp_path, tmp_path)):
        found = run.json("verify", faces_in / "b.parquet", "--pairs", pairs_in / "pairs.csv", *exclude)
        assert found["excluded"] == sum("p00/0" in line for line in text.splitlines()) > 0


def test_ids_to_leave_out_that_are_no_text_are_an_error(run, made, tmp_path):
    (tmp_path / "out.txt").write_bytes(b"p00/0\np01/\xe9\n")
    error = run.error("verify", made / "b.parquet", "--pairs", made / "pairs.csv", "--exclude", tmp_path / "out.txt")
    assert "is not text: byte" in error["message"]


def test_ids_to_leave_out_of_which_none_is_there_are_told(run, made, tmp_path):
    (tmp_path / "out.txt").write_text("P00/0\nnobody\n")
    told = f"! none of the 2 ids of {tmp_path / 'out.txt'} is there, so nothing is left out: P00/0, nobody"
    exclude = ("--exclude", tmp_path / "out.txt", "--json")
    assert run("verify", made / "b.parquet", "--pairs", made / "pairs.csv", *exclude) == 0
    assert run.err.startswith(told)
    sets = (made / "a.parquet", made / "b.parquet")
    assert run("map", "threshold", made / "m.safetensors", *sets, "--far", "0.1", *exclude) == 0
    assert run.err.startswith(told)
    (tmp_path / "out.txt").write_text("p00/0\nnobody\n")
    assert run("map", "threshold", made / "m.safetensors", *sets, "--far", "0.1", *exclude) == 0
    assert run.err == ""


def test_a_share_of_genuine_pairs_is_a_share_where_people_are_known_too(run, made):
    sets = (made / "a.parquet", made / "b.parquet")
    error = run.error("map", "threshold", made / "m.safetensors", *sets, "--genuine-share", "2")
    assert "at least 0 and below 1" in error["message"]


def test_an_empty_argument_is_an_error(run, made, tmp_path, monkeypatch):
    """`key rotate "$SET" --to new.key` without SET encrypted all that lay in the folder one was in."""
    for name in ("a.parquet", "b.parquet"):
        shutil.copy(made / name, tmp_path)
    key = tmp_path / "elsewhere" / "new.key"
    key.parent.mkdir()
    assert run("key", "new", key) == 0
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.parquet")}
    for command in (
        ("key", "rotate", "", "--to", key),
        ("key", "new", ""),
        ("info", ""),
        ("map", "fit", "a.parquet", "b.parquet", "-o", ""),
        ("map", "fit", "a.parquet", "b.parquet", "--output="),
        ("verify", "a.parquet", "--far", ""),
    ):
        assert run.error(*command)["message"] == "an argument is empty"
    assert {path: path.read_bytes() for path in tmp_path.glob("*.parquet")} == before
    assert run("info", "a.parquet", "-q") == 0


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_told(run, made, tmp_path, number):
    """`--memory nan` ended in a traceback, `--threshold nan` in no match at all."""
    for command in (
        ("info", made / "a.parquet", "--memory", number),
        ("identify", made / "b.parquet", made / "c.parquet", "--matches", tmp_path / "m.csv", "--threshold", number),
        ("map", "threshold", made / "m.safetensors", made / "a.parquet", made / "b.parquet", "--source-threshold", number),
    ):
        assert f"{number} is no number" in run.error(*command)["message"]
    assert (
        "is not a number"
        in run.error("identify", made / "b.parquet", made / "c.parquet", "--fpir", f"0.1,{number}")["message"]
    )


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_interrupt_amid_the_work_is_told_and_nothing_is_printed(made, monkeypatch, capsys, more):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("facespace.overview.Overview.of", interrupted)
    assert main(["info", str(made / "a.parquet"), *more]) == 130
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "interrupted\n")
