"""`facespace verify` beyond one list of pairs: --blufr, --against."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.io import savemat

from facespace.cli import main
from facespace.embeddings import EmbeddingSet


@pytest.fixture
def folder(tmp_path):
    """Two systems' sets of 40 people with 3 images each, a list of pairs and a BLUFR configuration of them."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(40), 3)
    stems = [f"P{p:02d}_{n:04d}" for p in range(40) for n in (1, 2, 3)]
    ids = [f"{s[:3]}/{s}" for s in stems]
    vectors = rng.normal(size=(40, 8))[person] + 0.5 * rng.normal(size=(120, 8))
    EmbeddingSet(vectors, ids, model="old").save(tmp_path / "old.parquet")
    EmbeddingSet(vectors + rng.normal(0, 0.3, vectors.shape), ids, model="new").save(tmp_path / "new.parquet")
    i, j = np.triu_indices(120, 1)
    lines = [f"{ids[a]},{ids[b]},{int(person[a] == person[b])}" for a, b in zip(i, j, strict=True)]
    (tmp_path / "pairs.csv").write_text("\n".join(["id1,id2,same", *lines]))

    def cells(*columns):
        found = np.empty((len(columns), 1), dtype=object)
        found[:, 0] = [np.asarray(c)[:, None] + 1 for c in columns]
        return found

    names = np.empty((120, 1), dtype=object)
    names[:, 0] = [f"{s}.jpg" for s in stems]
    test = [np.flatnonzero(person < 30), np.flatnonzero(person >= 10)]
    gallery = [t[::6] for t in test]
    savemat(
        tmp_path / "config.mat",
        {
            "imageList": names,
            "labels": person[:, None] + 1,
            "trainIndex": cells(*(np.setdiff1d(np.arange(120), t) for t in test)),
            "testIndex": cells(*test),
            "galIndex": cells(*gallery),
            "probIndex": cells(*(np.setdiff1d(t, g) for t, g in zip(test, gallery, strict=True))),
        },
    )
    return tmp_path


def run(capsys, folder, *arguments):
    """Exit code, and what was printed."""
    known = {p.name for p in folder.iterdir()}
    code = main([str(folder / a) if a in known or a == "out" else a for a in arguments])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_blufr_prints_both_rates_and_writes_a_report(capsys, folder):
    code, text = run(capsys, folder, "verify", "old.parquet", "--blufr", "config.mat", "-o", "out")
    assert code == 0
    assert "verification at FAR 0.1 %" in text
    document = json.loads((folder / "out/results.json").read_text())
    assert f"{100 * document['vr']['quoted']:.2f} %" in text
    assert len(document["splits"]) == 2
    assert "BLUFR on LFW: old" in (folder / "out/report.html").read_text()


def test_blufr_between_two_systems(capsys, folder):
    code, text = run(capsys, folder, "verify", "old.parquet", "new.parquet", "--blufr", "config.mat", "--json")
    assert code == 0
    assert "model:old|target:new" in json.loads(text)["signature"]


def test_against_says_which_system_is_better(capsys, folder):
    code, text = run(
        capsys, folder, "verify", "old.parquet", "--against", "new.parquet", "--pairs", "pairs.csv", "-o", "out"
    )
    assert code == 0
    assert "new is lower in" in text.replace("\n", " ")
    document = json.loads((folder / "out/results.json").read_text())
    assert (document["first"], document["second"], document["people"]) == ("old", "new", 40)
    assert document["accuracy"]["difference"] < 0
    assert "new is lower in" in (folder / "out/report.html").read_text()


def test_against_itself_nothing_differs(capsys, folder):
    code, text = run(capsys, folder, "verify", "old.parquet", "--against", "old.parquet", "--pairs", "pairs.csv", "--json")
    assert code == 0
    document = json.loads(text)
    assert (document["first"], document["second"]) == ("old (first)", "old (second)")
    assert {row["high"] for row in document["tar"]} == {0}


def test_pairs_that_one_system_lacks_are_left_out_for_both(capsys, folder):
    few = EmbeddingSet.load(folder / "new.parquet")
    few.take(np.arange(1, 120)).save(folder / "few.parquet")
    arguments = ("verify", "old.parquet", "--against", "few.parquet", "--pairs", "pairs.csv", "--json")
    code, text = run(capsys, folder, *arguments)
    assert code == 2
    assert "P00/P00_0001" in json.loads(text)["error"]["message"]
    code, text = run(capsys, folder, *arguments, "--allow-missing")
    assert code == 0
    assert json.loads(text)["warnings"][0].startswith("119 of 7,140 pairs were left out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--impostors", "9", "--pairs", "pairs.csv"), "made of the people"),
        (("--pairs", "pairs.csv", "--blufr", "config.mat"), "verify needs one protocol"),
        (("--pairs", "pairs.csv", "--against-b", "new.parquet"), "describe a second system"),
        (("--blufr", "config.mat", "--against", "new.parquet"), "not on BLUFR"),
        (("--blufr", "pairs.csv"), "can't be read as a MATLAB file"),
    ],
)
def test_what_does_not_go_together_is_said(capsys, folder, arguments, message):
    code, text = run(capsys, folder, "verify", "old.parquet", *arguments)
    assert code == 2
    assert message in text.replace("\n", " ")
