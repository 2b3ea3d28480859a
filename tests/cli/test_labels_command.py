"""`facespace audit labels`, and what --exclude and --images make of its list in other commands."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from map_command import Run

import facespace as fs
from facespace.datasets import demo_protocol, demo_sets
from facespace.embeddings import EmbeddingSet


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two networks of the demo with ten planted errors, its pairs, and pictures of all images."""
    folder = tmp_path_factory.mktemp("labels")
    pairs = demo_protocol()
    pairs = pairs.take(np.isin(pairs.fold, [0, 1, 2]))
    one, other = demo_sets()[2:4]
    one, other = one.select(pairs.ids), other.select(pairs.ids)
    impostor = np.flatnonzero(~pairs.same)[:10]
    vectors = [faces.vectors.copy() for faces in (one, other)]
    for part, faces in zip(vectors, (one, other), strict=True):
        part[faces.rows(pairs.left[impostor])] = part[faces.rows(pairs.right[impostor])]
    for name, part, faces in zip(("a", "b"), vectors, (one, other), strict=True):
        faces.with_vectors(part, name).save(folder / f"{name}.parquet")
    rows = zip(pairs.left, pairs.right, pairs.same, pairs.fold, strict=True)
    lines = [f"{left},{right},{int(same)},{fold}" for left, right, same, fold in rows]
    (folder / "pairs.csv").write_text("\n".join(["id1,id2,same,fold", *lines]) + "\n")
    rng = np.random.default_rng(0)
    for one_id in pairs.ids.tolist():
        path = folder / "images" / f"{one_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (120, 160, 3), dtype=np.uint8))
    planted = {frozenset(pair) for pair in zip(pairs.left[impostor].tolist(), pairs.right[impostor].tolist(), strict=True)}
    return folder, planted


@pytest.fixture
def run(capsys):
    return Run(capsys)


def test_the_list_is_written_and_leaves_the_errors_out(made, run, tmp_path):
    folder, planted = made
    listed = tmp_path / "exclude.txt"
    a, b = folder / "a.parquet", folder / "b.parquet"
    found = run.json("audit", "labels", a, b, "--write", listed, "-o", tmp_path / "out", "--images", folder / "images")
    assert planted <= {frozenset((one["left"], one["right"])) for one in found["duplicates"]}
    lines = listed.read_text().splitlines()
    assert lines[0].startswith("# labels|networks:a+b|")
    assert lines[1:] == found["exclude"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg") >= len(planted)
    assert len(page) < 1_500_000

    whole = run.json("verify", a, "--pairs", folder / "pairs.csv")
    assert any("10 impostor pairs score like one person" in warning for warning in whole["warnings"])
    without = run.json("verify", a, "--pairs", folder / "pairs.csv", "--exclude", listed)
    assert not any("score like one person" in warning for warning in without["warnings"])
    assert without["excluded"] == whole["pairs"] - without["pairs"] >= 10
    assert f"|excluded:{without['excluded']}|" in without["signature"]
    assert whole["excluded"] == 0
    assert "excluded:" not in whole["signature"]
    both = run.json("verify", a, "--against", b, "--pairs", folder / "pairs.csv", "--exclude", listed)
    assert both["pairs"] == without["pairs"]
    assert f"|excluded:{without['excluded']}|" in both["signature"]


def test_thresholds_and_capacity_take_the_list(made, run, tmp_path):
    folder, planted = made
    listed = tmp_path / "exclude.txt"
    listed.write_text("# why\n" + "".join(f"{min(pair)}\n" for pair in planted))
    a, b = folder / "a.parquet", folder / "b.parquet"
    sets = [EmbeddingSet.load(path) for path in (a, b)]
    fs.fit_map(*sets, "ridge", judge=False).save(tmp_path / "map.safetensors")
    command = ("map", "threshold", tmp_path / "map.safetensors", a, b, "--far", "1e-5")
    whole, without = run.json(*command), run.json(*command, "--exclude", listed)
    assert any("far beyond the others" in told for told in whole["warnings"])
    assert (whole["excluded"], without["excluded"]) == (0, len({min(pair) for pair in planted}))
    assert f"|excluded:{without['excluded']}|" in without["signature"]
    assert without["thresholds"][0]["threshold"] < whole["thresholds"][0]["threshold"]
    size = fs.gallery_size(sets[0], fpir=0.1, fnir=0.2, resamples=20, exclude=sorted({min(pair) for pair in planted}))
    assert size.counts["excluded"] == without["excluded"]


def test_reports_show_the_worst_errors(made, run, tmp_path):
    folder, _ = made
    a, b, pairs, images = folder / "a.parquet", folder / "b.parquet", folder / "pairs.csv", folder / "images"
    run.json("verify", a, "--pairs", pairs, "--images", images, "-o", tmp_path / "one")
    page = (tmp_path / "one" / "report.html").read_text()
    assert 'id="s-false-rejects"' in page
    assert 'id="s-doubtful-labels"' in page
    apart = page[page.index('<section id="s-doubtful-labels"') :]
    assert apart[: apart.index("</section>")].count("data:image/jpeg") >= 10
    assert len(page) < 2_000_000
    run.json("verify", a, "--against", b, "--pairs", pairs, "--images", images, "-o", tmp_path / "two")
    page = (tmp_path / "two" / "report.html").read_text()
    assert 'id="s-false-rejects-1"' in page
    assert re.search(r"0\.\d\d\d; the other -?0\.\d\d\d, (right|wrong too)", page)


def test_identify_shows_the_worst_answers(made, run, tmp_path):
    folder, _ = made
    faces = EmbeddingSet.load(folder / "a.parquet")
    first = np.unique(faces.subject, return_index=True)[1][::2]
    faces.take(first).save(tmp_path / "gallery.parquet")
    faces.take(np.setdiff1d(np.arange(len(faces)), first)).save(tmp_path / "probes.parquet")
    sets = tmp_path / "gallery.parquet", tmp_path / "probes.parquet"
    run.json("identify", *sets, "--images", folder / "images", "-o", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert 'id="s-strangers"' in page
    strangers = page[page.index('<section id="s-strangers"') :]
    assert strangers[: strangers.index("</section>")].count("data:image/jpeg") == 20
    assert "--images is for the report" in run.error("identify", *sets, "--images", folder / "images")["message"]


def test_options_that_do_not_go_together_are_refused(made, run):
    folder, _ = made
    told = run.error("verify", folder / "a.parquet", "--pairs", folder / "pairs.csv", "--images", folder / "images")
    assert told["message"] == "--images is for the report of pairs of images"


def test_identify_leaves_the_list_out_on_both_sides(made, run, tmp_path):
    folder, _ = made
    faces = EmbeddingSet.load(folder / "a.parquet")
    person = faces.subject
    first = np.unique(person, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(faces)), first)
    half = first[: len(first) // 2]
    sides = faces.take(half), faces.take(rest)
    names = [str(tmp_path / f"{name}.parquet") for name in ("gallery", "probes")]
    for side, name in zip(sides, names, strict=True):
        side.save(name)
    sides[0].save(tmp_path / "stored", rows_per_file=50)
    out = [side.ids[:3].tolist() for side in sides]
    listed = tmp_path / "exclude.txt"
    listed.write_text("\n".join(["# why", *out[0], *out[1], "nobody/1"]))
    fewer = [side.take(np.arange(3, len(side))) for side in sides]
    expected, whole = fs.identify(*fewer), run.json("identify", *names)
    assert whole["excluded"] == 0
    for gallery in (names[0], str(tmp_path / "stored")):
        found = run.json("identify", gallery, names[1], "--exclude", listed, "--matches", tmp_path / "matches.csv")
        for key in ("cmc", "fnir"):
            for ours, theirs in zip(found[key], expected.to_dict()[key], strict=True):
                assert ours == pytest.approx(theirs, rel=1e-6)  # sums of people in another order
        assert (found["gallery"], found["probes"]) == tuple(expected.to_dict()[key] for key in ("gallery", "probes"))
        assert found["excluded"] == 6
        assert "|excluded:6|" in found["signature"]
        assert found["warnings"][0] == "3 images of the gallery and 3 probes were to be left out, and don't count"
        assert not any("unknown" in text for text in found["warnings"])
        rows = [line.split(",") for line in (tmp_path / "matches.csv").read_text().splitlines()]
        assert len(rows) == 1 + len(fewer[1])
        assert not {row[0] for row in rows} & set(out[1])
        assert not {row[2] for row in rows} & set(out[0])
    listed.write_text("\n".join(sides[1].ids.tolist()))
    assert "probes are among those to leave out" in run.error("identify", *names, "--exclude", listed)["message"]


@pytest.mark.parametrize(
    "command",
    [
        ["cross-model", "--methods", "rotation"],
        ["sensitivity", "--methods", "rotation", "--sizes", "50", "--repeats", "1"],
        ["rank", "--methods", "rotation", "--ranks", "16"],
        ["pairs-needed", "--repeats", "1"],
        ["agreement", "--resamples", "20"],
        ["templates", "--methods", "rotation", "--no-intervals"],
    ],
)
def test_studies_leave_the_list_out(made, run, tmp_path, command):
    folder, planted = made
    sets = [EmbeddingSet.load(folder / f"{name}.parquet") for name in "ab"]
    out = sorted({name for pair in planted for name in pair})
    listed = tmp_path / "exclude.txt"
    listed.write_text("\n".join(out))
    fewer = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    for faces, path in zip(sets, fewer, strict=True):
        faces.take(np.flatnonzero(~np.isin(faces.ids, out))).save(path)
    lists: list[list[object]] = [[], []]
    if command[0] in ("cross-model", "sensitivity", "rank"):
        lines = (folder / "pairs.csv").read_text().splitlines()
        kept = [line for line in lines if not set(line.split(",")[:2]) & set(out)]
        (tmp_path / "pairs.csv").write_text("\n".join(kept))
        lists = [["--pairs", folder / "pairs.csv"], ["--pairs", tmp_path / "pairs.csv"]]
    ours = run.json(
        "study", command[0], folder / "a.parquet", folder / "b.parquet", *command[1:], *lists[0], "--exclude", listed
    )
    theirs = run.json("study", command[0], *fewer, *command[1:], *lists[1])
    assert any(text == f"{len(out)} images were to be left out, and don't count" for text in ours["warnings"])
    for document in (ours, theirs):
        for key in ("warnings", "signature", "seconds", "files", "native", "networks"):
            document.pop(key, None)
    assert ours == theirs


def test_blufr_leaves_the_list_out():
    from facespace.datasets.blufr import BlufrProtocol, BlufrSplit
    from facespace.errors import InputError
    from facespace.identification import verify_blufr

    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(12), 3)
    ids = np.array([f"p{p}/{i}" for i, p in enumerate(person.tolist())])
    test = np.arange(36)
    gallery = np.arange(0, 18, 3)
    split = BlufrSplit(np.empty(0, np.intp), test, gallery, np.setdiff1d(test, gallery))
    vectors = rng.normal(size=(12, 8))[person] + 0.4 * rng.normal(size=(36, 8))
    whole = BlufrProtocol("blufr", ids, person.astype(np.int64), (split,))
    less = whole.without([ids[0], ids[1], "nobody"])
    assert less.excluded == 2
    found = verify_blufr(EmbeddingSet(vectors, ids), protocol=less)
    assert "|excluded:2|" in found.signature
    assert found.splits[0].genuine == 12 * 3 - 3  # of the first person's three pairs none is left
    assert found.splits[0].mated == 12 - 1 - 1
    assert verify_blufr(EmbeddingSet(vectors, ids), protocol=whole).splits[0].genuine == 36
    with pytest.raises(InputError, match="no image of a split's gallery or probes is left"):
        whole.without(ids[gallery].tolist())
