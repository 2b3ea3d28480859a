from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(60, 8))
    people = [f"p{i:02d}" for i in range(60)]
    EmbeddingSet(centre[:40], [f"{p}/0" for p in people[:40]], model="net").save(tmp_path / "gallery.parquet")
    probes = np.concatenate([centre + 0.5 * rng.normal(size=centre.shape) for _ in range(3)])
    EmbeddingSet(probes, [f"{p}/{n}" for n in (1, 2, 3) for p in people], model="net").save(tmp_path / "probes.parquet")
    return tmp_path


def test_tables_document_and_report_agree(capsys, folder):
    arguments = ["identify", str(folder / "gallery.parquet"), str(folder / "probes.parquet"), "--fpir", "0.2"]
    assert main([*arguments, "-o", str(folder / "out")]) == 0
    text = capsys.readouterr().out
    document = json.loads((folder / "out/results.json").read_text())
    assert "Gallery of 40 entries, 40 people; 120 mated and 60 non-mated probes" in " ".join(text.split())
    assert f"{100 * document['cmc'][0]['rate']:.2f}" in text
    assert f"{100 * document['fnir'][0]['fnir']:.2f}" in text
    assert {path.rsplit("/", 1)[-1] for path in document["files"]} >= {"report.html", "cmc-curve.png", "fnir-curve.png"}
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cmc"] == document["cmc"]


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--ranks", "1,x"], "'x' is not a whole number"), (["--fpir", "2"], "below 1, not 2")],
)
def test_wrong_numbers_are_named(capsys, folder, options, message):
    assert main(["identify", str(folder / "gallery.parquet"), str(folder / "probes.parquet"), *options]) == 2
    assert message in capsys.readouterr().err


def test_lists_choose_the_templates_and_the_mean_is_over_galleries(capsys, folder):
    probes = EmbeddingSet.load(folder / "probes.parquet")
    EmbeddingSet(probes.vectors, [f"{i}" for i in range(180)], model="net").save(folder / "templates.parquet")
    owner = np.arange(180) % 60
    for name, rows in (("G1", range(30)), ("G2", range(30, 60)), ("mixed", range(60, 180))):
        lines = [f"{i},{owner[i]},x.jpg" for i in rows]
        (folder / f"{name}.csv").write_text("\n".join(["TEMPLATE_ID,SUBJECT_ID,FILENAME", *lines]))
    templates = str(folder / "templates.parquet")
    arguments = ["identify", templates, templates, "--gallery-list", str(folder / "G1.csv")]
    assert main(arguments) == 2
    assert "lists of templates come together" in capsys.readouterr().err
    arguments += ["--gallery-list", str(folder / "G2.csv"), "--probe-list", str(folder / "mixed.csv")]
    assert main([*arguments, "-o", str(folder / "out")]) == 0
    text = capsys.readouterr().out
    document = json.loads((folder / "out/results.json").read_text())
    one, two = (document["galleries"][name] for name in ("G1", "G2"))
    assert one["probes"] == two["probes"] == {"mated": 60, "nonmated": 60}
    mean = np.mean([one["cmc"][0]["rate"], two["cmc"][0]["rate"]])
    assert document["mean"]["cmc"][0]["rate"] == pytest.approx(mean)
    assert f"rank 1: {100 * mean:.2f} %" in " ".join(text.split())
    assert (folder / "out/G2/report.html").exists()
