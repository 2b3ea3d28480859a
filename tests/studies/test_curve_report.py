from __future__ import annotations

import dataclasses
import re

import pytest

from facespace.studies import rank_study, sensitivity_study
from facespace.studies.curves import answer, curve_report, needed_table, point_table


@pytest.fixture(scope="module")
def results(world):
    options = {"methods": ["ridge", "rotation"], "loss": 0.02}
    return {
        "pairs": sensitivity_study(*world.sets[:2], world.protocol, sizes=[6, 12, 25, 50, 100, 200], repeats=2, **options),
        "rank": rank_study(*world.sets[:2], world.protocol, **options),
    }


@pytest.mark.parametrize(("axis", "figure"), [("pairs", "sensitivity"), ("rank", "rank")])
def test_every_file_is_there_and_the_page_fetches_nothing(results, axis, figure, tmp_path):
    files = {p.relative_to(tmp_path).as_posix() for p in curve_report(results[axis]).write(tmp_path)}
    names = (figure, "loss")
    assert files == {"report.html", *(f"figures/{name}.{kind}" for name in names for kind in ("png", "svg"))}
    page = (tmp_path / "report.html").read_text()
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert results[axis].signature in page
    assert " ".join(answer(results[axis]))[:40] in page.replace("&#39;", "'")
    best = min(results[axis].methods, key=lambda m: results[axis].needed(m).value)
    number = results[axis].needed(best).value
    label = f"{number:,} pairs ({best})" if axis == "pairs" else f"rank {number:,} ({best})"
    drawing = (tmp_path / f"figures/{figure}.svg").read_text()
    assert label in drawing
    assert "target alone" in drawing


@pytest.mark.parametrize("axis", ["pairs", "rank"])
def test_the_answer_begins_with_the_number(results, axis):
    result = results[axis]
    head, tail = answer(result)
    best = min(result.needed(m).value for m in result.methods)
    start = f"{best:,} pairs are enough" if axis == "pairs" else f"Rank {best:,} is enough"
    assert head.startswith(start)
    assert "2 points of medium's own accuracy" in head
    assert "needs" in tail


def test_a_method_that_never_comes_there_is_said_in_words(results):
    result = results["rank"]
    accuracy = result.accuracy.copy()
    poor = next(at for at, m in enumerate(result.methods) if f" ({m})" not in answer(result)[0])
    accuracy[poor] *= 0.5
    tail = answer(dataclasses.replace(result, accuracy=accuracy))[1]
    assert f"{result.methods[poor]} never comes there" in tail


@pytest.mark.parametrize("axis", ["pairs", "rank"])
def test_never_is_said_with_what_the_whole_loses(results, axis, tmp_path):
    strict = dataclasses.replace(results[axis], loss=1e-8, accuracy=results[axis].accuracy * 0.9)
    head, tail = answer(strict)
    assert head.startswith("No ")
    assert "Even" in tail
    assert "to come within" in tail
    table = needed_table(strict)
    assert {row[1] for row in table.rows} == {None}
    curve_report(strict).write(tmp_path)


def test_one_repeat_has_a_report_too(world, tmp_path):
    result = sensitivity_study(*world.sets[:2], world.protocol, sizes=[30], methods=["ridge"], repeats=1)
    assert (tmp_path / "report.html") in curve_report(result).write(tmp_path)
    assert "drawn once" in (tmp_path / "report.html").read_text()


def test_long_curves_are_thinned_and_say_so(results):
    table = point_table(results["rank"], 5)
    assert (table.rows[0][0], table.rows[-1][0]) == (1, 12)
    assert len(table.rows) <= 6
    assert "of 12 values" in table.caption
    assert [c.label for c in point_table(results["pairs"], brief=True).columns] == ["pairs", "ridge", "±", "rotation", "±"]
