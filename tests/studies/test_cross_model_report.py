from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from facespace.report import terminal_matrix
from facespace.studies import cross_model_study
from facespace.studies.cross_model import answer, cross_model_matrix, cross_model_report, summary_table

FIGURES = ("cross-model", "roc", "scores")


class Page(HTMLParser):
    """The page's ids, its links within the page, and whatever it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.fetched = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if "id" in facts:
            self.ids.append(facts["id"])
        if facts.get("href", "").startswith("#"):
            self.links.append(facts["href"][1:])
        if "src" in facts or (tag == "link" and not facts.get("href", "").startswith("data:")):
            self.fetched.append(facts)


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, cross_model_report(study).write(folder)


def test_every_file_is_there_and_whole(written):
    folder, files = written
    names = {"report.html", *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg"))}
    assert {p.relative_to(folder).as_posix() for p in files} == names
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} == names
    for path in files:
        data = path.read_bytes()
        assert {".png": data.startswith(b"\x89PNG"), ".svg": b"</svg>" in data, ".html": b"</html>" in data}[path.suffix]


def test_the_page_is_complete_in_itself_and_its_links_lead_somewhere(written, study):
    text = (written[0] / "report.html").read_text()
    page = Page(text)
    assert page.fetched == []
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)
    assert study.signature in text
    for name in study.models:
        assert name in text


def test_the_answer_stands_before_everything_else(written, study):
    text = (written[0] / "report.html").read_text()
    head, cost = answer(study)
    worst = max((c for c in study.cells if (c.pairing, c.method) == ("same", "auto")), key=lambda c: c.loss_target)
    assert head.startswith("Yes")
    assert f"{worst.source} → {worst.target}" in cost
    assert f"{100 * worst.loss_target:.2f} at worst".replace("-", "−") in cost
    assert "chance" in cost
    assert text.index(head) < text.index("<table")
    assert re.search(r"<h2>Can these networks be compared", text)


def _with_accuracy(study, change):
    """The study with other accuracies: `change` of each cell, as a share."""
    cells = tuple(
        dataclasses.replace(
            c,
            accuracy=dataclasses.replace(c.accuracy, mean=change(c), folds=np.full(5, change(c))),
            loss_target=0.99 - change(c),
            loss_poorer=0.99 - change(c),
        )
        for c in study.cells
    )
    return dataclasses.replace(study, cells=cells)


@pytest.mark.parametrize(
    ("change", "head"),
    [
        (lambda c: 0.985, "Yes."),
        (lambda c: 0.985 if c.source == "small" else 0.95, "Yes, at a price."),
        (lambda c: 0.985 if c.source == "small" else 0.55, "Not all: 4 of 6 ordered pairs"),
        (lambda c: 0.55, "No."),
    ],
)
def test_the_answer_follows_the_worst_pair(study, change, head):
    assert answer(_with_accuracy(study, change))[0].startswith(head)


def test_a_gain_is_written_with_a_minus(study):
    assert "costs −0.50 points" in answer(_with_accuracy(study, lambda c: 0.995))[1]


def test_without_maps_there_is_still_an_answer(world, tmp_path):
    result = cross_model_study(world.sets[:2], world.protocol, methods=["identity"])
    assert answer(result)[0] in ("No.", "Not all: 1 of 2 ordered pairs stay near chance.", "Yes, at a price.")
    assert answer(result)[1].startswith("Without a map")
    assert len(cross_model_report(result).write(tmp_path)) == 7


def test_spaces_that_are_one_already_are_pointed_out(world):
    faces = world.sets[0]
    result = cross_model_study(
        [faces, faces.with_vectors(faces.vectors, "twin")], world.protocol, methods=["ridge", "identity"]
    )
    notes = {note.code: note for s in cross_model_report(result).sections if s.kind == "notes" for note in s.notes}
    assert notes["related"].level == "warning"
    assert "small → twin" in notes["related"].text
    assert "share a space" in answer(result)[1]


def test_matrix_holds_every_cell_and_own_accuracy_on_the_diagonal(study):
    matrix = cross_model_matrix(study)
    assert matrix.first == ("same", "auto", "accuracy")
    for cell in study.cells:
        at = study.models.index(cell.source), study.models.index(cell.target)
        key = (cell.pairing, cell.method)
        assert matrix.layers[*key, "accuracy"][at] == 100 * cell.accuracy.mean
        assert matrix.layers[*key, "loss"][at] == 100 * cell.loss_target
        assert matrix.layers[*key, "poorer"][at] == 100 * cell.loss_poorer
    own = [100 * r.accuracy.mean for r in study.native]
    assert np.diag(matrix.layers["matched", "ridge", "accuracy"]).tolist() == own
    assert np.isnan(np.diag(matrix.layers["same", "ridge", "loss"])).all()


def test_summary_table_names_the_pairing_only_where_there_are_several(study, world):
    one = cross_model_study(world.sets[:2], world.protocol, methods=["identity"])
    assert [c.label for c in summary_table(study, brief=True).columns][:2] == ["pairing", "method"]
    assert "pairing" not in [c.label for c in summary_table(one).columns]


@pytest.mark.parametrize("width", [80, 120])
def test_terminal_fits_its_width(study, width):
    from rich.console import Console

    from facespace.cli.study.cross_model import render

    console = Console(width=width, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(terminal_matrix(cross_model_matrix(study), width=width))
        console.print(render(study, ["out/report.html"]))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert lines[-1] == "Report: out/report.html"


def test_json_of_the_result_has_no_nan(study):
    from facespace.io import to_json

    json.loads(to_json(study), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
