from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from template_world import PAIRED, SINGLE, WIDTHS, template_world

from facespace.cli import main
from facespace.io import jsonable
from facespace.studies import template_study
from facespace.studies.templates import answer, methods_table, study_matrix, template_study_report

FARS = (1e-1, 1e-2)
FIGURES = {"bars-ols", "bars-rotation", "tar", "roc", "det"}


@pytest.fixture(scope="module")
def world():
    return template_world()


@pytest.fixture(scope="module")
def study(world):
    return template_study(world.sets, methods=("ols", "rotation"), fars=FARS)


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    return folder, template_study_report(study).write(folder)


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    return [faces.save(folder / f"{faces.model}.parquet") for faces in world.sets]


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(["study", "templates", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_report_has_its_bars_curves_and_tables(written, study):
    folder, files = written
    names = {"report.html", *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg"))}
    assert {p.relative_to(folder).as_posix() for p in files} == names
    text = (folder / "report.html").read_text()
    for name in (
        *WIDTHS,
        study.signature,
        "Every network against every other: a rotation",
        "Beside the paper",
        "beats rotation",
        "DET curves",
    ):
        assert name in text
    assert f"{SINGLE} images of {SINGLE} people" in text
    assert "None of these people is in a pair." in text
    assert text.index("Can templates of different networks") < text.index("<svg")


def test_the_bars_show_every_rate_of_every_ordered_pair(study):
    figures = {s.name: s for s in template_study_report(study).sections if getattr(s, "kind", "") == "figure"}
    spec = figures["bars-ols"].chart.to_dict()
    rects = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "rect")
    bars = spec["datasets"][rects["data"]["name"]]
    assert len(bars) == 9 * len(FARS)
    assert sum(b["hollow"] for b in bars) == 3 * len(FARS)
    foot = float(re.search(r"foot is (\d+) %", figures["bars-ols"].caption)[1]) / 100
    full = max(b["foot"] - b["top"] for b in bars) / (max(study.tar("ols").max(), 0) - foot)
    names = list(WIDTHS)
    for bar in bars:
        r, c, k = round(bar["foot"]), round(bar["left"]), ["FAR 1e-1", "FAR 1e-2"].index(bar["bar"])
        assert bar["foot"] - bar["top"] == pytest.approx(full * (study.tar("ols")[r, c, k] - foot), abs=2e-3), names[r]


def test_the_matrix_and_the_methods_table_hold_the_study_s_numbers(study):
    matrix = study_matrix(study)
    assert matrix.first == ("ols", "1e-2", "tar")  # 15.6 false accepts stand behind 1e-2
    cell = study.cell("wide", "small", "rotation")
    assert matrix.layers["rotation", "1e-1", "tar"][2, 0] == 100 * cell.tar[0].tar
    assert matrix.layers["rotation", "1e-2", "loss"][2, 0] == 100 * cell.loss[1]
    assert np.isnan(matrix.layers["ols", "1e-1", "loss"]).sum() == 3
    table = methods_table(study)
    heads = [column.label for column in table.columns]
    row = dict(zip(heads, table.rows[2], strict=True))
    cells = [c for c in study.cells if c.method == "ols"]
    rivals = [study.cell(c.source, c.target, "rotation") for c in cells]
    assert (row["FAR"], row["method"]) == ("1e-2", "ols")
    assert row["TAR"] == pytest.approx(100 * np.mean([c.tar[1].tar for c in cells]))
    assert row["worst loss"] == pytest.approx(100 * max(c.loss[1] for c in cells))
    better = sum(c.tar[1].tar > r.tar[1].tar for c, r in zip(cells, rivals, strict=True))
    assert row["beats rotation"] == f"{better} of 6"
    turned = [abs(c.tar[1].tar - study.cell(c.target, c.source, "ols").tar[1].tar) for c in cells]
    assert row["asymmetry"] == pytest.approx(100 * np.mean(turned))


def test_the_answer_names_the_rates(study):
    _, figures = answer(study)
    row = next(r for r in study.summary() if (r["far"], r["method"]) == (1e-2, "rotation"))
    assert f"{100 * row['tar']:.2f} % through a rotation" in figures
    assert f"{100 * row['own']:.2f} %" in figures


def test_the_json_document_is_the_library_s_result(run, files, world, tmp_path):
    code, out, err = run(*files, "--far", "1e-1,1e-2", "--json", "-o", tmp_path / "out", "--name", "mine", "--no-center")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert {f.rsplit("/", 1)[-1] for f in document.pop("files")} >= {"report.html", "results.json", "bars-rotation.svg"}
    assert document == json.loads(json.dumps(jsonable(template_study(world.sets, fars=FARS, name="mine", center=False))))
    assert set(document) == {
        *("signature", "pairs", "genuine", "impostor", "templates", "people", "fit", "fars", "models", "summary"),
        *("cells", "warnings"),
    }
    ends = {"auc_low", "auc_high", "eer_low", "eer_high"}
    assert set(document["cells"][0]) == {"source", "target", "method", "tar", "auc", "eer", *ends}
    assert set(document["cells"][0]["tar"][0]) == {"far", "tar", "low", "high", "threshold", "false_accepts", "loss"}
    assert document["genuine"] == PAIRED
    assert "|center:False|" in document["signature"]


def test_the_terminal_answers_first(run, files):
    code, out, _ = run(*files, "--far", "1e-1,1e-4", "--methods", "ols,rotation,identity", "--no-intervals")
    assert code == 0
    assert out.startswith(("Yes", "Hardly"))
    for word in ("small", "wide", "rotation", "worst loss", "Warning: TAR at FAR 0.0001", "template-study|"):
        assert word in out
    assert run(*files[:2], "--methods", "identity", "-q")[:2] == (0, "")


def _ijb(folder, world):
    """IJB lists of the people with two images and more: first image against last image of everybody."""
    people = {}
    for name in world.ids.tolist():
        people.setdefault(name.split("/")[0], []).append(name)
    several = [images for images in people.values() if len(images) > 1]
    with (folder / "ijbx_face_tid_mid.txt").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=" ")
        for p, images in enumerate(several):
            writer.writerow([images[0], 2 * p, 10 * p])
            writer.writerow([images[-1], 2 * p + 1, 10 * p + 1])
    with (folder / "ijbx_template_pair_label.txt").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=" ")
        writer.writerows([2 * p, 2 * q + 1, int(p == q)] for p in range(len(several)) for q in range(len(several)))
    (folder / "fit.txt").write_text("\n".join(images[0] for images in people.values() if len(images) == 1) + "\n")
    return folder


def test_ijb_lists_with_fitted_images(run, files, world, tmp_path):
    folder = _ijb(tmp_path, world)
    code, out, _ = run(
        *files,
        "--ijb",
        folder,
        "--name",
        "ijbx",
        "--fit-ids",
        folder / "fit.txt",
        "--far",
        "1e-1",
        "--json",
        "--methods",
        "ols",
    )
    document = json.loads(out)
    assert code == 0
    assert (document["pairs"], document["genuine"], document["fit"]["images"]) == (PAIRED**2, PAIRED, SINGLE)
    assert document["fit"]["images_in_templates"] == 0
    assert any("is not known" in text for text in document["warnings"])  # IJB's lists name nobody


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{a}"], ["at least two sets; got 1"]),
        (["{a}", "{b}", "--far", "1e-2,low"], ["--far takes numbers", "1e-2,low"]),
        (["{a}", "{b}", "--methods", "olz"], ["'olz'", "did you mean 'ols'"]),
        (["{a}", "{b}", "--fit-ids", "none.txt"], ["no such file", "none.txt"]),
        (["{a}", "{b}", "--fit-ids", "{empty}"], ["names no image"]),
        (["{a}", "{b}", "--ijb", "{folder}", "--name", "ijbx"], ["--fit-ids"]),
        (["{a}", "{b}", "-o", "{a}"], ["can't write"]),
    ],
)
def test_mistakes_exit_with_two(run, files, world, tmp_path, arguments, words):
    (tmp_path / "empty.txt").write_text("\n")
    folder = _ijb(tmp_path, world)
    filled = [s.format(a=files[0], b=files[1], empty=tmp_path / "empty.txt", folder=folder) for s in arguments]
    code, out, err = run(*filled)
    assert (code, out) == (2, "")
    for word in words:
        assert word in " ".join(err.split())
