"""Output that can't be taken as it is: encodings, full disks, readers that have gone, names that would steer a terminal."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

from facespace.cli import application, main
from facespace.cli.printing import Terminal
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, visible

NASTY = "evil\x1b[31m\x1b]0;title\x07\x9b2J\u202ename"


@pytest.fixture
def faces(tmp_path):
    rng = np.random.default_rng(0)
    ids = [f"p{i // 2}/é{i}" for i in range(40)]
    EmbeddingSet(rng.normal(size=(40, 8)), ids, model=NASTY + "é").save(tmp_path / "a.parquet")
    rows = [f"{ids[i]},{ids[i + 1]},{int(i % 2 == 0)}" for i in range(39)]
    (tmp_path / "pairs.csv").write_text("\n".join(["id1,id2,same", *rows]), encoding="utf-8")
    return ["verify", str(tmp_path / "a.parquet"), "--pairs", str(tmp_path / "pairs.csv"), "--far", "0.1"]


def run(arguments, stdout=subprocess.PIPE, **environment):
    command = "import sys; from facespace.cli import main; sys.exit(main())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(
        [sys.executable, "-c", command, *arguments], env=environment, stdout=stdout, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_any_encoding_takes_the_output_and_json_stays_json(faces, encoding):
    text = run(faces, PYTHONIOENCODING=encoding)
    assert (text.returncode, text.stderr) == (0, b"")
    assert b"AUC" in text.stdout
    document = run([*faces, "--json"], PYTHONIOENCODING=encoding)
    assert (document.returncode, document.stderr) == (0, b"")
    assert NASTY + "é" in json.loads(document.stdout.decode("utf-8"))["signature"]
    wrong = run([*faces[:2], "--pairs", "é.csv"], PYTHONIOENCODING=encoding)
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_one_line_and_exit_code_2(faces, options, unbuffered):
    with open("/dev/full", "w") as full:
        done = run([*faces, *options], stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr.count(b"error:") == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [[], ["--json"], ["--help"], ["--version"]])
def test_a_reader_that_has_gone_is_no_error(faces, options, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    arguments = options if options == ["--version"] else [*faces, *options]
    done = run(arguments, stdout=writing, PYTHONUNBUFFERED=unbuffered)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_interruption_while_importing_is_no_traceback(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(application.importlib, "import_module", interrupted)
        assert main(["verify"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    monkeypatch.delitem(sys.modules, "facespace.cli.application")
    monkeypatch.setattr(
        builtins,
        "__import__",
        lambda name, *rest, plain=builtins.__import__: (interrupted if name == "typer" else plain)(name, *rest),
    )
    assert main(["--version"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("arguments", [[NASTY], ["verify", f"--{NASTY}"], ["verify", "x", "--far", NASTY], ["map", NASTY]])
def test_wrong_usage_never_steers_the_terminal(arguments, capsys):
    assert main(arguments) == 2
    printed = "".join(capsys.readouterr())
    assert not set("\x1b\x07\x9b\u202e") & set(printed)
    assert "evil" in printed


def test_a_decomposition_that_fails_is_the_projects_error(monkeypatch, capsys, faces):
    def fails(*arguments, **options):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np, "vecdot", fails)
    assert main(faces) == 2
    assert "a decomposition of these embeddings fails: SVD did not converge" in " ".join(capsys.readouterr().err.split())
    assert main([*faces, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "InputError"


def test_names_never_steer_the_terminal(faces, capsys, tmp_path):
    for arguments in (
        faces,
        [*faces, "--json"],
        ["info", faces[1]],
        [*faces, "--far", "0.1", "--map", str(tmp_path / f"{NASTY}.safetensors")],
        ["verify", str(tmp_path / f"{NASTY}.parquet"), "--pairs", faces[3]],
    ):
        main(arguments)
        printed = "".join(capsys.readouterr())
        assert not set("\x1b\x07\x9b\u202e") & set(printed)
        assert "evil" in printed


def test_what_is_hidden_is_written_out_and_colours_stay():
    assert visible("a\x1b[31m\tb\n") == "a\\x1b[31m\tb\n"
    console = Terminal(force_terminal=True, color_system="standard", width=80, highlight=False, _environ={})
    with console.capture() as shown:
        console.print("[red]x\x1b]0;t\x9c[/]")
    assert shown.get() == "\x1b[31mx\\x1b]0;t\\x9c\x1b[0m\n"


def test_an_estimator_whose_svd_fails_raises_inputerror(monkeypatch):
    from facespace.mapping import fit_map

    def fails(*arguments, **options):
        raise np.linalg.LinAlgError("SVD did not converge")

    rng = np.random.default_rng(0)
    a, b = (EmbeddingSet(rng.normal(size=(30, 4)), [f"{i}" for i in range(30)], model=m) for m in "ab")
    for module in (np.linalg, scipy.linalg):  # the fast driver and the slow one
        monkeypatch.setattr(module, "svd", fails)
    with pytest.raises(InputError, match="can't be fitted on these pairs: SVD did not converge"):
        fit_map(a, b, method="rotation")


def test_names_are_inert_in_tables_and_written_out_in_charts(tmp_path):
    from facespace.report import Curve, Figure, Report, Table, curves

    table = Table("t", ["=head", "x"], [["=1+1", -1.5], ["@a", "-2.5"], ["+b", None], ["-c", "a=b"]])
    assert table.csv() == "'=head,x\n'=1+1,-1.5\n'@a,-2.5\n'+b,\n'-c,a=b\n"
    report = Report("names", NASTY)
    report.add(table)
    report.add(Figure("f", curves([Curve(NASTY + "\udce9", [0.0, 1.0], [0.0, 1.0])])))
    drawing = next(path for path in report.write(tmp_path) if path.suffix == ".svg").read_text()
    assert "evil\\x1b[31m" in drawing
    assert not set("\x1b\x07\x9b\u202e") & set(drawing)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files there")
def test_a_full_disk_while_saving_safetensors_is_an_outputerror(tmp_path):
    code = f"""
import resource, numpy as np
from facespace.errors import OutputError
from facespace.io import write_artefact
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_artefact({str(tmp_path / "x.safetensors")!r}, "t", {{"a": np.zeros(100_000)}}, {{}})
except OutputError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert "can't write" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
