"""What is installed: small enough to fetch, and the same in every place that says it."""

from __future__ import annotations

import tomllib
import zlib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_wheel_is_below_ten_megabytes():
    files = [path for path in (ROOT / "src" / "facespace").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(len(zlib.compress(path.read_bytes(), 6)) for path in files) < 9_900_000  # a wheel is a zip of these


def test_the_pythons_of_the_classifiers_are_those_of_the_workflow():
    told = {name.rpartition(" ")[2] for name in PROJECT["classifiers"] if "Python :: 3." in name}
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    tested = set(workflow["jobs"]["test"]["strategy"]["matrix"]["python"])
    assert told == tested
    assert PROJECT["requires-python"] == f">={min(told, key=lambda one: int(one.split('.')[1]))}"


def test_the_citation_names_the_authors_and_the_licence_of_the_package():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [one["name"] for one in cited["authors"]] == [one["name"] for one in PROJECT["authors"]]
    assert cited["license"] == PROJECT["license"]
