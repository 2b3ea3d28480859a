"""The written files: structure, values, escaping, independence of any network."""

import base64
import hashlib
import json
import re
import struct
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from report_sample import MODELS

from facespace.errors import InputError, OutputError
from facespace.report import (
    Column,
    Curve,
    Figure,
    KeyFigure,
    KeyFigures,
    Matrix,
    Measure,
    Note,
    Notes,
    Report,
    Table,
    Text,
    curves,
)
from facespace.report import _theme as theme

VOID = {"meta", "link", "input", "br", "img", "path", "line", "rect"}


class Page(HTMLParser):
    """Elements as (tag, attributes, text of their own), with a check that tags nest."""

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.elements, self.open = [], []
        self.feed(source)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        element = [tag, dict(attributes), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, text):
        if self.open:
            self.open[-1][2] += text

    def all(self, tag, **attributes):
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [e for e in self.elements if e[0] == tag and all(e[1].get(n) == v for n, v in wanted.items())]


@pytest.fixture(scope="module")
def page(written):
    return Page(written[0][0].read_text(encoding="utf-8"))


def small(tmp_path, *sections, title="Small", **more):
    report = Report(title, **more)
    for section in sections:
        report.add(section)
    return Page(report.write(tmp_path)[0].read_text(encoding="utf-8"))


def test_files_are_the_page_and_each_figure_twice(written):
    folder = written[0][0].parent
    names = ["cross-model", "roc", "scores", "sensitivity"]
    assert written[0] == [folder / "report.html"] + [
        folder / "figures" / f"{name}.{kind}" for name in names for kind in ("svg", "png")
    ]
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == sorted(written[0])  # no temporary file stays
    assert written[0][0].stat().st_size < 1_500_000


def test_png_is_twice_the_svg_and_both_are_on_white(written):
    for svg, png in zip(written[0][1::2], written[0][2::2], strict=True):
        data, text = png.read_bytes(), svg.read_text()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        size = struct.unpack(">II", data[16:24])
        drawn = [float(re.search(rf' {side}="([\d.]+)"', text).group(1)) for side in ("width", "height")]
        assert size == pytest.approx([2 * d for d in drawn], abs=2)
        assert re.search(rf'<rect [^>]*fill="{theme.PAPER}"', text)


def test_head_and_outline(page):
    assert page.all("title")[0][2] == "Cross-model study"
    assert page.all("meta", name="viewport")
    assert page.all("html", lang="en")
    assert len(page.all("h1")) == 1
    assert [e[2] for e in page.all("h2")][1:3] == ["Every model against every other", "ROC curves"]
    targets = {e[1]["href"][1:] for e in page.all("a") if e[1]["href"].startswith("#")}
    assert len(targets) == 9
    assert targets <= {e[1].get("id") for e in page.elements}
    assert "cross-model|lfw-10fold" in "".join(e[2] for e in page.all("code"))


def test_ids_are_unique(page):
    ids = Counter(e[1]["id"] for e in page.elements if "id" in e[1])
    assert [i for i, n in ids.items() if n > 1] == []
    used = set(re.findall(r"url\(#([^)]+)\)", page.source))
    assert used <= set(ids)


def test_matrix_shows_its_first_layer_and_holds_the_others(page, written):
    matrix = written[1][2]
    first = matrix.layers[matrix.first]
    cells = [e for e in page.elements if e[0] == "td" and "data-c" in e[1]]
    assert [e[2] for e in cells] == [f"{v:.1f}" for v in first.ravel()]
    assert sum(e[1].get("class") == "same" for e in cells) == 11
    assert "--t:100" in cells[0][1]["style"]
    data = json.loads(page.all("script", type="application/json")[0][2])
    assert data["rows"] == list(MODELS)
    assert len(data["layers"]) == 2 * 7 * 3
    held = np.array(data["layers"]["1,2,1"], dtype=float)
    np.testing.assert_allclose(held, matrix.layers["matched", "rotation", "loss_target"], atol=6e-4)


def test_tables_are_semantic(page):
    assert all(e[1].get("scope") in ("row", "col") for e in page.all("th"))
    numeric = page.all("td", class_="n")
    assert numeric
    shown = next(e for e in numeric if e[2] == "1,024")
    assert shown[1]["data-v"] == "1024"
    assert all("aria-label" in e[1] for e in page.all("svg"))


def test_csv_is_in_the_page_in_full_precision(tmp_path):
    table = Table("t", ["Name", Column("Accuracy", "%", ".1f")], [["a, b", 98.7654321], ["c", None]])
    page = small(tmp_path, table)
    link = page.all("a", download="t.csv")[0][1]["href"]
    assert base64.b64decode(link.split("base64,")[1]).decode() == 'Name,Accuracy (%)\n"a, b",98.7654321\nc,\n'
    assert [e[2] for e in page.all("td")] == ["98.8", "–"]


def test_nothing_is_fetched(page):
    """No address is left but the names of XML vocabularies, and the browser is told to fetch nothing."""
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page.source))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not page.all("link")
    assert not page.all("img")
    assert "@import" not in page.source
    assert not re.search(r"url\((?!#)", page.source)
    assert not any("src" in e[1] for e in page.elements)
    policy = next(e[1]["content"] for e in page.all("meta") if e[1].get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    script = next(e[2] for e in page.all("script") if not e[1])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_hostile_names_stay_text(tmp_path):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    page = small(
        tmp_path,
        Text(evil, [evil]),
        KeyFigures([KeyFigure(evil, evil, evil)], title=evil),
        Notes([Note(evil, "warning", evil)], title=evil),
        Matrix("m", [evil, "b"], [evil, "b"], {(evil, "v"): np.eye(2)}, {"v": Measure(evil, evil)}, title=evil, caption=evil,
               row_title=evil, column_title=evil, selectors=[evil], details={(evil,): [[evil] * 2] * 2}),
        Table("t", [Column(evil, evil, hint=evil)], [[evil]], title=evil, caption=evil),
        Figure("f", curves([Curve(evil, [0.1, 1], [0, 1], evil), Curve("b", [0.1, 1], [0, 1], "c")]), evil, evil, evil),
        title=evil,
        subtitle=evil,
        signature=evil,
    )  # fmt: skip
    assert not page.all("img")
    assert [e[1] for e in page.all("script")] == [{"type": "application/json"}, {}]
    assert not [name for e in page.elements for name in e[1] if name.startswith("on")]
    assert page.all("title")[0][2] == page.all("h1")[0][2] == evil
    assert json.loads(page.all("script", type="application/json")[0][2])["rows"] == [evil, "b"]
    assert any(e[2] == evil for e in page.all("th"))  # neither in tables
    assert any(e[2].startswith(evil[:12]) for e in page.all("text"))  # nor in drawings, which cut long names


def test_every_figure_colour_has_a_partner_in_the_dark(page):
    style = page.all("style")[0][2]
    for colour in (theme.PAPER, theme.INK, theme.MUTED, *theme.SERIES):
        assert f'[fill="{colour}"] {{' in style
        assert f'[stroke="{colour}"] {{' in style
    assert f'[stroke="{theme.LINE}"] {{' in style
    assert all(f"--heat-{name}: light-dark({colour}," in style for name, colour in theme.HEAT.items())
    drawn = {c for e in page.elements for c in (e[1].get("fill"), e[1].get("stroke")) if c and c.startswith("#")}
    assert drawn <= {theme.PAPER, theme.INK, theme.MUTED, theme.LINE, *theme.SERIES}


def test_sections_of_one_title_get_anchors_of_their_own(tmp_path):
    page = small(tmp_path, Text("Same", ["a"]), Text("Same", ["b"]), Text("Same", ["c"]))
    assert [e[1]["id"] for e in page.all("section")] == ["s-same", "s-same--2", "s-same--3"]


def test_a_short_report_has_no_contents(tmp_path):
    assert not small(tmp_path, Text("One", ["a"]), Text("Two", ["b"])).all("nav")


def test_names_are_checked():
    report = Report("r")
    report.add(Table("t", ["a"], []))
    with pytest.raises(InputError, match="already has a section named 't'"):
        report.add(Table("t", ["a"], []))
    with pytest.raises(InputError, match=r"'\.\./x' can't name a section"):
        report.add(Table("../x", ["a"], []))
    with pytest.raises(InputError, match="row 1 of table 'u' has 1 cells for 2 columns"):
        Table("u", ["a", "b"], [[1, 2], [3]])


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="can't write"):
        Report("r").write(tmp_path / "file" / "out")
