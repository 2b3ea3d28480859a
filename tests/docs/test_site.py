"""`make docs` builds without a warning, from nothing but the checkout, and no link of the built site is broken."""

from __future__ import annotations

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
