"""`facespace audit report`: exit codes for CI, the document, and what the page says of encrypted and plain sets."""

from __future__ import annotations

import json

import pytest
from map_command import Run, write_sets

from facespace.embeddings import EmbeddingSet
from facespace.io import jsonable, new_key_file
from facespace.privacy import audit_privacy


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    new_key_file(folder / "house.key")
    for name in "ab":
        EmbeddingSet.load(folder / f"{name}.parquet").save(folder / f"{name}-locked.parquet", key=folder / "house.key")
    return folder


def test_the_document_is_the_library_s_result(run, made, monkeypatch):
    monkeypatch.chdir(made)
    document = run.json("audit", "report", "a.parquet", "b.parquet", "--quick", "--seed", 2)
    assert document.pop("files") == []
    assert document == jsonable(audit_privacy(["a.parquet", "b.parquet"], quick=True, seed=2))
    assert [(row["file"], row["encrypted"]) for row in document["storage"]] == [("a.parquet", False), ("b.parquet", False)]


def test_the_exit_code_is_1_where_the_limit_is_exceeded(run, made, monkeypatch):
    monkeypatch.chdir(made)
    words = ("audit", "report", "a.parquet", "b.parquet", "--quick")
    above = run.json(*words, "--max-linkage", 0.999, code=1)
    assert above["worst"]["low"] < 0.999 < above["highest"]  # the rate itself may be lower: its upper limit is not
    assert (above["passed"], above["max_linkage"]) == (False, 0.999)
    assert run(*words, "--max-linkage", above["highest"]) == 0
    assert "within the" in " ".join(run.out.split())
    assert "without a set of another network" in run.error("audit", "report", "a.parquet", "--max-linkage", 0.5)["message"]


def test_the_page_of_plain_sets_names_the_plain_files(run, made, monkeypatch, tmp_path):
    monkeypatch.chdir(made)
    words = ("audit", "report", "a.parquet", "b.parquet", "--pairs", "pairs.csv")
    both = {*EmbeddingSet.load("a.parquet").ids.tolist()} & {*EmbeddingSet.load("b.parquet").ids.tolist()}
    pairs = [
        (f"p{n:02d}/{i}", f"p{m % 40:02d}/{j}", int(n == m), n % 4)
        for n in range(40)
        for m in range(n, n + 4)
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    kept = [",".join(map(str, pair)) for pair in pairs if {*pair[:2]} <= both]
    (made / "pairs.csv").write_text("\n".join(["id1,id2,same,fold", *kept]))
    assert run(*words, "-o", tmp_path / "out", "--quick") == 0, run.err
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    for text in ("2 of 2 files are plain (a.parquet, b.parquet)", "no certification", "ISO/IEC 30136", "ISO/IEC 24745",
                 "no change of them would show", "No labels were given"):  # fmt: skip
        assert text in page, text
    assert json.loads((tmp_path / "out/results.json").read_text())["protections"]["counts"]["pairs"] < len(kept)


def test_the_page_of_encrypted_sets_names_the_key(run, made, monkeypatch, tmp_path):
    monkeypatch.chdir(made)
    words = ("audit", "report", "a-locked.parquet", "b-locked.parquet", "--quick")
    assert run(*words) == 2  # without the key
    document = run.json(*words, "--key-file", "house.key", "-o", tmp_path / "out")
    assert {row["key"] for row in document["storage"]} == {"house"}
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "Every file (2) is encrypted, under &#39;house&#39;" in page
    assert "a changed byte, another key or another name would have stopped it" in page
    assert "are plain (" not in page
