"""`facespace compare` and `facespace find`: what they print and write, and that docs/json.md has every key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from test_explain_any import _own_places, faces, network  # noqa: F401
from test_json_documents import documented, leaves
from test_two_photos import people_table, photos  # noqa: F401

from facespace.cli import main
from facespace.io import write_json


@pytest.fixture
def options(tmp_path) -> list[str]:
    write_json(people_table().to_dict(), tmp_path / "table.json")
    return ["--model", str(network(tmp_path, "tiny", 8)), "--aligned", "--table", str(tmp_path / "table.json")]


def known(document: dict) -> list[str]:
    return sorted({".".join(path) for path, _ in leaves(document) if not documented(path)})


def test_compare_writes_a_page_or_a_picture(faces, options, tmp_path, capsys):  # noqa: F811
    assert main(["compare", *faces, *options, "-o", str(tmp_path / "page"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert known(found) == []
    assert found["same"] == (found["score"] >= found["threshold"])
    assert all(Path(file).is_file() for file in found["files"])
    assert json.loads((tmp_path / "page/results.json").read_text())["score"] == found["score"]
    assert main(["compare", *faces, *options, "-o", str(tmp_path / "two.png")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"score {found['score']:.3f}" in told
    assert found["likelihood_ratio"]["words"] in told
    assert f"threshold {found['threshold']:.2f} at FAR 0.1 %" in told
    assert (tmp_path / "two.png").stat().st_size > 1000
    assert main(["compare", *faces, *options, "-o", str(tmp_path / "two.gif")]) == 2
    assert ".png" in capsys.readouterr().err


def test_compare_without_a_table_says_so(faces, options, capsys):  # noqa: F811
    assert main(["compare", *faces, *options[:3]]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "not decided" in told
    assert "no table of tiny's scores" in told
    assert main(["compare", *faces, *options[:3], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["likelihood_ratio"] is None


def test_find_ranks_and_keeps_the_set(photos, options, tmp_path, capsys):  # noqa: F811
    (photos / "text.jpg").write_text("no picture")
    words = ["find", str(tmp_path / "probe.png"), str(photos), *options, "--set", str(tmp_path / "s.parquet")]
    assert main([*words, "--top", "3", "-o", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert known(found) == []
    assert (len(found["matches"]), found["compared"], found["kept"]) == (3, 12, 0)
    assert found["matches"][0]["id"] == "more/3"
    assert [each["reason"] for each in found["skipped"]] == ["unreadable"]
    page = (tmp_path / "out/report.html").read_text()
    assert page.count("<img") == 4  # the probe, which is the crop, and the three best
    assert "text.jpg" in page
    assert main([*words, "--top", "2"]) == 0
    lines = capsys.readouterr().out
    assert "12 faces on 12 photos" in lines
    assert "more/3" in lines
    assert "text.jpg" in lines.replace("\n", "")  # a long path is wrapped
    assert main([*words[:3], *options[:3], "--json"]) == 0
    assert {row["above"] for row in json.loads(capsys.readouterr().out)["matches"]} == {None}
