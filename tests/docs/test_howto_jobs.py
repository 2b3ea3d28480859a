"""The whole job of the how-to pages, done on a few real photos as a page says it, where these are."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from facespace.cli import main

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"
#: What each page promises of its job, in what is printed, and files that are then there.
JOBS = {
    "own-network": (r"32 of 32 images embedded.*accuracy (9[0-9]|100)\.", ("my-network.toml", "faces.parquet")),
    "own-pairs": (r"32 of 32 images embedded.*accuracy (9[0-9]|100)\..*16 pairs", ("faces.parquet",)),
    "find": (r"32 faces on 32 photos.*above .* person0/2", ("found/report.html", "photos.parquet")),
    "ijb": (r"136 pairs of 17 templates", ("faces.parquet", "ijbc/report.html")),
}


@pytest.fixture
def folder(shared, tmp_path, monkeypatch):
    """What the pages take for given: photos, a list of pairs, a network, IJB's files; 16 people, two photos each."""
    protocols = shared / "data/protocols/lfw"
    genuine = [line.split("\t") for line in (protocols / "pairs.txt").read_text().splitlines() if line.count("\t") == 2]
    people = list({name: (name, *two) for name, *two in genuine}.values())[:16]
    images = [
        (f"{name}/{name}_{int(image):04d}", f"person{p}/{i}")
        for p, (name, *two) in enumerate(people)
        for i, image in enumerate(two, 1)
    ]
    points = dict(line.split(",", 1) for line in (protocols / "landmarks-176.csv").read_text().splitlines())
    for folder in ("photos", "loose_crop", "meta"):
        (tmp_path / folder).mkdir()
    marks, faces = [], []
    for at, (source, target) in enumerate(images):
        (tmp_path / f"photos/{target}.jpg").parent.mkdir(exist_ok=True)
        shutil.copy(shared / f"data/lfw/{source}.jpg", tmp_path / f"photos/{target}.jpg")
        shutil.copy(shared / f"data/lfw/{source}.jpg", tmp_path / f"loose_crop/{at}.jpg")
        marks.append(f"{at}.jpg {points[source].replace(',', ' ')} 0.99\n")
        faces.append(f"{at}.jpg {at // 2 if at > 1 else at + 100} {at}\n")  # a template a person; of the first person two
    shutil.copy(tmp_path / "photos/person0/1.jpg", tmp_path / "ann.jpg")
    shutil.copy(shared / "models/edgeface-xxs.onnx", tmp_path / "my-network.onnx")
    pairs = [f"person{p}/1,person{p if same else (p + 1) % 16}/2,{same}\n" for same in (0, 1) for p in range(8)]
    (tmp_path / "pairs.csv").write_text("id1,id2,same\n" + "".join(pairs))
    templates = sorted({int(line.split()[1]) for line in faces})
    compared = [f"{a} {b} {int(min(a, b) >= 100)}\n" for a in templates for b in templates if a < b]
    for name, lines in (("name_5pts_score", marks), ("face_tid_mid", faces), ("template_pair_label", compared)):
        (tmp_path / f"meta/ijbc_{name}.txt").write_text("".join(lines))
    monkeypatch.setenv("FACESPACE_MODELS", str(shared / "models"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", JOBS)
def test_a_job_is_done_as_its_page_says(page, folder, monkeypatch, capsys):
    text = (HOWTO / f"{page}.md").read_text(encoding="utf-8")
    job = re.search(r'^```bash title="The whole job"\n(.*?)^```', text, re.MULTILINE | re.DOTALL)[1]
    for command in job.replace("\\\n", " ").splitlines():
        # a network that lies here, for one that pip would fetch
        monkeypatch.setattr(sys, "argv", shlex.split(command.replace("w600k-mbf", "edgeface-xxs")))
        assert main() == 0, f"{command}\n{capsys.readouterr().err}"
    told, files = JOBS[page]
    assert re.search(told, " ".join(capsys.readouterr().out.split()))
    assert not [name for name in files if not (folder / name).exists()]
