"""`facespace gallery` and `facespace migrate`: a whole move by commands, and what each says when it is not its turn."""

import csv
import json

import numpy as np
import pytest

from facespace import EmbeddingSet, fit_map
from facespace.cli import main


def people(count: int, seed: int) -> tuple[EmbeddingSet, EmbeddingSet]:
    spaces = np.random.default_rng(0)
    old, new = spaces.normal(size=(16, 24)), spaces.normal(size=(16, 32))
    random = np.random.default_rng(seed)
    faces = np.repeat(random.normal(size=(count, 16)), 3, axis=0)
    faces = faces + 0.35 * random.normal(size=faces.shape)
    ids = [f"s{seed}p{row // 3:03d}/{row % 3}" for row in range(len(faces))]
    return EmbeddingSet(faces @ old, ids, model="old"), EmbeddingSet(faces @ new, ids, model="new")


@pytest.fixture
def files(tmp_path):
    for seed, name in ((1, "fit"), (2, "check"), (3, "fresh"), (4, "gallery")):
        for side, faces in zip(("old", "new"), people(100, seed), strict=True):
            faces.save(tmp_path / f"{name}-{side}.parquet")
    fit_map(*people(100, 1), "ridge").save(tmp_path / "map.safetensors")
    return tmp_path


@pytest.fixture
def run(files, capsys, monkeypatch):
    monkeypatch.chdir(files)

    def call(line: str, code: int = 0):
        assert main(line.split()) == code
        out, err = capsys.readouterr()
        if "--json" in line:
            assert err == ""
            return json.loads(out)
        return " ".join((out + err).split())

    return call


URL = "sqlite:faces.db#people"
PLAN = f"migrate plan {URL} --map map.safetensors --check check-old.parquet check-new.parquet --far 1e-2 -o plan.json"


def test_a_whole_move(run, files):
    assert run(f"gallery copy gallery-old.parquet {URL} --json")["rows"] == 300
    assert "300 templates" in run(f"gallery info {URL}")
    plan = run(f"{PLAN} --margin 20 --report report --json")
    assert plan["decision"] == "go"
    assert set(plan["arms"]) == {"old", "gallery", "new"}
    assert (files / "report/report.html").stat().st_size > 20_000
    assert "planned: 0 of 300" in run("migrate status plan.json")
    assert "can't switch" in run("migrate switch plan.json", 2)
    assert run("migrate run plan.json --json")["state"] == "filled"
    verified = run("migrate verify plan.json --fresh fresh-old.parquet fresh-new.parquet --json")
    assert (verified["faults"], verified["fresh"]["people"]) == ([], 100)
    assert "Next: facespace migrate back plan.json, or finish" in run("migrate switch plan.json")
    assert run(f"gallery info {URL} --json")["dim"] == 32
    assert run("migrate enrol plan.json gallery-new.parquet --json") == {"replaced": 300, "unknown": 0}
    assert "as it was" in run("migrate back plan.json")
    run(f"gallery copy {URL} again.parquet")
    again, before = (EmbeddingSet.load(files / f"{name}.parquet") for name in ("again", "gallery-old"))
    assert again.model == "old"
    np.testing.assert_array_equal(again.select(before.ids).vectors, before.vectors)
    assert run("migrate finish plan.json --json")["state"] == "finished"
    assert "nothing left to do" in run("migrate run plan.json", 2)


def test_the_table_of_a_plan_and_what_comes_next(run):
    run(f"gallery copy gallery-old.parquet {URL}")
    text = run(f"{PLAN} --margin 20")
    for told in ("go TAR changes by", "gallery mapped, new queries", "Searches in the gallery", "migrate run plan.json"):
        assert told in text
    run(f"{PLAN} --margin 0.01".replace("plan.json", "stop.json"))
    assert "Run it --anyway" in run("migrate run stop.json", 2)


def test_verify_ends_with_1_where_it_is_not_as_promised(run, files):
    run(f"gallery copy gallery-old.parquet {URL}")
    run(f"{PLAN} --margin 20")
    run("migrate run plan.json")
    old, new = people(100, 5)
    noise = np.random.default_rng(0).normal(size=new.vectors.shape) * 4
    old.save(files / "odd-old.parquet")
    new.with_vectors(new.vectors + noise, "new").save(files / "odd-new.parquet")
    assert "not as promised" in run("migrate verify plan.json --fresh odd-old.parquet odd-new.parquet", 1)


def test_order_lists_people_the_worst_first(run, files):
    run(f"gallery copy gallery-old.parquet {URL}")
    run(f"{PLAN} --margin 20")
    run("migrate order plan.json --check check-old.parquet check-new.parquet -o order.csv")
    with (files / "order.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    errors = [float(row["predicted_error"]) for row in rows]
    assert errors == sorted(errors, reverse=True)
    assert len(rows) in (100, 300)  # people, or templates where the gallery knows none


@pytest.mark.parametrize(("line", "told"), [
    ("gallery info nowhere:x", "unknown kind of gallery"),
    ("gallery info sqlite:faces.db#people?colour=red", "unknown option of a sqlite gallery"),
    ("gallery info sqlite:none.db#people", "none.db"),
    ("migrate status none.json", "no such file"),
    (PLAN.replace("plan.json", "plan.txt"), "plans are written as .json"),
    (PLAN + " --direction queries", "none.db"),
    (PLAN.replace("1e-2", "2"), "rates between 0 and 1"),
])  # fmt: skip
def test_what_is_wrong_is_told(run, line, told):
    if told == "none.db" and line.startswith("migrate"):
        run(f"gallery copy gallery-old.parquet {URL}")
        told = "no map for the direction 'queries'"
    assert told in run(line, 2)


def test_a_copy_never_overwrites(run):
    run(f"gallery copy gallery-old.parquet {URL}")
    run(f"gallery copy gallery-old.parquet {URL}", 2)


def test_columns_that_a_copy_leaves_behind_are_named(run, files):
    faces = EmbeddingSet.load(files / "gallery-old.parquet")
    columns = {"subject": ["ann"] * len(faces), "media": faces.ids, "quality": np.ones(len(faces))}
    EmbeddingSet(faces.vectors, faces.ids, model="old", **columns).save(files / "rich.parquet")
    assert run("gallery copy rich.parquet sqlite:rich.db#faces --json")["left_out"] == ["media", "quality"]
    assert run("gallery copy gallery-old.parquet sqlite:plain.db#faces --json")["left_out"] == []
    assert "! columns that were not copied: media, quality" in run("gallery copy rich.parquet other.parquet")
    pytest.importorskip("faiss")
    found = run("gallery copy rich.parquet faiss:rich.index?ids=rich.txt --json")
    assert found["left_out"] == ["subject", "media", "quality"]
