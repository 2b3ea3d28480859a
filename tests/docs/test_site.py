"""`make docs` builds without a warning, from nothing but the checkout, and no link of the built site is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if "href" in given:
            (self.targets if tag == "a" else self.loads).append(given["href"])
        if "src" in given:
            self.loads.append(given["src"])


class Article(HTMLParser):
    """What a page says itself, menus apart: its links, and its blocks of code under the title "The whole job"."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.jobs: list[str] = []
        self.inside = False
        self.title: str | None = None  # of the block that is being read
        self.within = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inside |= tag == "article"
        if self.inside and tag == "a" and "headerlink" not in (given.get("class") or ""):
            self.links.append(given.get("href") or "")
        if tag == "div" and "highlight" in (given.get("class") or "").split():
            self.title = None
        if tag == "span" and given.get("class") == "filename":
            self.within, self.title = "title", ""
        if tag == "code" and self.title == "The whole job":
            self.within = "job"
            self.jobs.append("")

    def handle_endtag(self, tag):
        self.inside &= tag != "article"
        if (self.within, tag) in (("title", "span"), ("job", "code")):
            self.within, self.title = "", self.title if self.within == "title" else None

    def handle_data(self, data):
        if self.within == "title":
            self.title += data
        elif self.within == "job":
            self.jobs[-1] += data


#: What a newcomer comes for, and a command that does it.
TASKS = {
    "upgrade a gallery": r"map apply",
    "compare networks": r"verify .* --against ",
    "a network of one's own": r"models new .*\.onnx",
    "pairs of one's own": r"verify .* --pairs pairs\.csv",
    "two photos": r"compare \S+\.jpg \S+\.jpg",
    "a folder of photos": r"find \S+\.jpg \S+/ ",
    "IJB": r"verify .* --ijb ",
    "size of a gallery": r"capacity ",
    "why two faces matched": r"explain \S+\.jpg \S+\.jpg",
    "a leak": r"audit ",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("zensical", reason='needs the extra: pip install -e ".[docs]"')
    copy = tmp_path_factory.mktemp("checkout") / "facespace"
    copy.mkdir()
    for name in ("docs", "scripts", "src"):
        left = shutil.ignore_patterns("__pycache__", "api", "commands", "demo", "*.pyc")
        shutil.copytree(ROOT / name, copy / name, ignore=left)
    shutil.copy(ROOT / "mkdocs.yml", copy)
    shutil.copytree(ROOT / "src/facespace/data/demo", copy / "src/facespace/data/demo")
    subprocess.run([sys.executable, "scripts/make_docs.py"], cwd=copy, check=True)
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(build, cwd=copy, capture_output=True, text=True, check=False)
    told = built.stdout + built.stderr
    assert built.returncode == 0, told
    assert "No issues found" in told
    assert not re.search("warning", told, re.IGNORECASE), told
    return copy / "site"


def test_no_link_is_broken(site):
    pages = {page: Links(page.read_text(encoding="utf-8")) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(pages) > 40
    broken = []
    for page, links in pages.items():
        for target in links.targets:
            if urlsplit(target).scheme or target.startswith("//"):
                continue
            address, place = urldefrag(urljoin(f"//site/{page.relative_to(site).as_posix()}", target))
            file = site / unquote(urlsplit(address).path.lstrip("/"))
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or (place and file in pages and unquote(place) not in pages[file].places):
                broken.append((page.relative_to(site).as_posix(), target))
    assert not broken


def commands_of(job: str) -> list[str]:
    """The lines of a block, those over several lines whole."""
    return [line.strip() for line in job.replace("\\\n", " ").splitlines() if line.strip()]


def test_a_newcomers_tasks_are_two_clicks_and_three_commands_away(site):
    seen: dict[Path, Article] = {}
    reached = {site / "index.html"}
    for _ in range(3):  # the start page, one click, two
        for page in reached - seen.keys():
            seen[page] = Article(page)
        near = {(page.parent / unquote(urldefrag(link)[0])) for page in seen for link in seen[page].links}
        reached = {target / "index.html" for target in near if "//" not in str(target) and target.is_dir()}
        reached = {Path(os.path.normpath(page)) for page in reached}
    jobs = [commands_of(job) for article in seen.values() for job in article.jobs]
    for task, command in TASKS.items():
        fit = [job for job in jobs if any(re.match(f"facespace {command}", line) for line in job)]
        assert fit, f"no job within two clicks: {task}"
        assert any(len(job) <= 3 and all(line.startswith("facespace ") for line in job) for job in fit), (task, fit)


def test_every_page_is_in_the_menu_once():
    menu = re.findall(r"^ +- [^:\n]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(menu) == len(set(menu)), sorted(page for page in menu if menu.count(page) > 1)
    made = ("reference/api", "reference/commands")  # whose index pages list the others
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages = {page for page in pages if not page.startswith(made)} | {f"{folder}/index.md" for folder in made}
    assert pages == set(menu)


def test_a_page_loads_nothing_from_elsewhere(site):
    loads = {target for page in site.rglob("*.html") for target in Links(page.read_text(encoding="utf-8")).loads}
    assert not [target for target in loads if urlsplit(target).scheme in ("http", "https") or target.startswith("//")]


def test_every_public_name_and_command_has_its_place(site):
    import facespace
    from facespace.cli.application import COMMANDS

    shown = " ".join(page.read_text(encoding="utf-8") for page in (site / "reference" / "api").rglob("*.html"))
    missing = [name for name in facespace.__all__ if f">{name}<" not in shown and name != "__version__"]
    assert not missing
    assert not [name for name in COMMANDS if not (site / "reference" / "commands" / name / "index.html").exists()]


def test_examples_in_docstrings_are_code(site):
    text = (site / "reference" / "api" / "datasets" / "index.html").read_text(encoding="utf-8")
    assert "<blockquote>" not in text
    assert "gp" in text  # the prompts of an example, as they are coloured


def test_fields_are_told_with_their_shapes_and_options_as_code(site):
    text = (site / "reference" / "api" / "mapping" / "index.html").read_text(encoding="utf-8")
    start = text.index('id="facespace.mapping.PairStatistics.cross"')
    assert "C = XᵀY, (p, q)" in text[start : start + 3000]
    verify = (site / "reference" / "commands" / "verify" / "index.html").read_text(encoding="utf-8")
    assert "With B and <code>--map</code>, A's" in verify
    assert "Example:" not in verify
