"""What every result can do: one line, a notebook's page, a report and figures from Python."""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import fields, is_dataclass

import pytest
from every_result import ELSEWHERE, RESULTS, World

import facespace
from facespace.errors import InputError, UnknownNameError
from facespace.migration import MigrationPlan
from facespace.report import Table
from facespace.shown import Result

LONGEST = 1000  # characters of a repr


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def made(world):
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = RESULTS[name](world)
        return kept[name]

    return of


def _classes(base):
    return {base, *(inner for below in base.__subclasses__() for inner in _classes(below))} - {Result}


def test_every_class_of_results_is_one_and_is_tried_here():
    """What has a signature and a document is a Result, and there is one of it among those below."""
    for module in pkgutil.walk_packages(facespace.__path__, "facespace."):
        if not module.name.startswith(("facespace.cli", "facespace.__main__")):
            found = importlib.import_module(module.name)
            for value in vars(found).values():
                if isinstance(value, type) and is_dataclass(value) and hasattr(value, "to_dict"):
                    names = {field.name for field in fields(value)}
                    if ("signature" in names or hasattr(value, "signature")) and value.__module__ == module.name:
                        assert issubclass(value, Result), value
    assert {kind.__name__ for kind in _classes(Result)} == {*RESULTS, *ELSEWHERE}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_says_itself_in_a_line(made, name):
    told = repr(made(name))
    assert told.startswith(f"{name}(")
    assert len(told) < LONGEST
    assert "\n" not in told
    assert any(letter.isdigit() for letter in told)
    assert " at 0x" not in told
    assert "array(" not in told


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_itself_in_a_notebook(made, name):
    result = made(name)
    page = result._repr_html_()
    assert page.startswith("<div")
    assert page.count("<div") == page.count("</div>")
    assert page.count("<table") == page.count("</table>")
    assert "<script" not in page
    assert ("<table" in page) or ("<img" in page)


@pytest.mark.parametrize("name", [n for n in RESULTS if n not in ("CapacityResult", "HubResult", "TemplateStudyResult")])
def test_a_result_with_a_report_writes_it_and_others_say_what_to_do(made, name, tmp_path):
    result = made(name)
    if not result.reported_by:
        with pytest.raises(InputError, match="has no report"):
            result.report(tmp_path)
        with pytest.raises(InputError, match="has no figure"):
            result.figure()
        return
    report = result.report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert result.signature.split("|")[0] in page
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert document["signature"] == result.signature
    assert [path for path in document["files"] if path.endswith("report.html")]
    assert report.sections


#: Shares and differences of shares that may stand without an interval, by result and table, and why.
ALONE = {
    "VerificationResult folds": {"accuracy"},  # a fold's; their mean has one
    "BlufrResult splits": {"VR", "DIR"},  # a split's; the protocol quotes mean − deviation
    "AttributeResult attributes": {"base rate"},  # of the list, not of a probe
    "CapacityComparison networks": {"FMR"},  # where the threshold was put
    "CapacityComparison ratios": {"draws"},  # of the draws behind the interval
    "CapacityPlan two-images": {"draws"},
    "HidingGameResult methods": {"tied"},  # pixels of the maps
    "SensitivityResult needed": {"loss"},  # of one accuracy less another, which both have one
    "SensitivityResult points": {"loss"},
    "RankResult needed": {"loss"},
    "RankResult points": {"loss"},
    "TemplateStudyResult cells": {"loss"},  # scores of pairs are not kept, which a difference's would need
    "TemplateStudyResult methods": {"own TAR", "TAR", "mean loss", "median loss", "worst loss", "asymmetry"},
    "HubResult ways": {"mean loss", "worst loss"},  # not computed yet
    "HubResult networks": {"in the hub"},
    "HubResult fusion-summary": {"mean gain", "of own scores' mean"},
    "HubResult fusion": {"fused in the hub", "mean of own scores", "best single", "gain"},
}
_ENDS = ("low", "95 %", "±")


def _alone(table):
    for column, after in zip(table.columns, [*table.columns[1:], None], strict=True):
        if column.label in (*_ENDS, "high", "± sd") or not (column.unit in ("%", "points") or column.label == "AUC"):
            continue
        if after is None or after.label not in _ENDS:
            yield column.label


@pytest.mark.parametrize("name", RESULTS)
def test_no_share_stands_in_a_report_without_its_interval(made, name):
    result = made(name)
    if not result.reported_by:
        return
    found = {f"{name} {s.name}": set(_alone(s)) for s in result.report().sections if isinstance(s, Table)}
    assert {place: labels for place, labels in found.items() if labels} == {
        place: labels for place, labels in ALONE.items() if place.split()[0] == name
    }


def test_figures_are_charts_by_name(made):
    result = made("VerificationResult")
    assert result.figure().to_dict() == result.figure("roc").to_dict()
    assert result.figure("scores").to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite")
    with pytest.raises(UnknownNameError, match="did you mean 'scores'"):
        result.figure("score")
    with pytest.raises(InputError, match="no figure"):
        made("BlufrResult").figure()


def test_options_of_the_report_are_passed_on(made):
    assert made("VerificationResult").report(title="Mine").title == "Mine"


def test_maps_and_hubs_show_how_they_were_made(world):
    a, b = world.sets[:2]
    both = facespace.fit_map(a, b, "joint", regularization=0.1)
    hub = facespace.CanonicalSpace.fit({a.model: a, b.model: b})
    for shown in (world.map, both, hub):
        page = shown._repr_html_()
        assert a.model in page
        assert "<table" in page
        assert len(repr(shown)) < LONGEST
    assert "1,6" in both._repr_html_() or f"{len(a):,}" in both._repr_html_()


def test_what_comes_out_of_files_is_text_of_the_page():
    evil = facespace.EmbeddingSet([[1.0, 2.0]], ["<script>alert(1)</script>"], model="<b>", subject=["<i>"])
    page = evil._repr_html_()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_a_plan_says_itself_in_a_line():
    told = {field.name: {} for field in fields(MigrationPlan)}
    plan = MigrationPlan(**{**told, "decision": "go", "reason": "r" * 5000, "url": "gallery.parquet", "signature": "s"})
    assert len(repr(plan)) < LONGEST
    assert repr(plan).startswith("MigrationPlan(go: r")
    assert plan.reported_by == "migration.plan_report"
