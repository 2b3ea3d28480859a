"""Two-sided maps and cohorts through the command line: what each command does with them is what the library does."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from map_command import Run

from facespace.datasets import read_pairs
from facespace.embeddings import EmbeddingSet
from facespace.identification import identify
from facespace.mapping import TwoSidedMap, fit_map, load_map
from facespace.verification import transfer_threshold, verify

PEOPLE, STRANGERS, IMAGES = 40, 60, 3


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """People's images a and b by two networks, strangers' sa and sb, the joint map fitted on these, and lists; to read."""
    folder = tmp_path_factory.mktemp("joint")
    rng = np.random.default_rng(0)
    centre = np.repeat(rng.normal(size=(PEOPLE + STRANGERS, 10)), IMAGES, axis=0)
    ids = np.array([f"p{i // IMAGES:03d}/{i % IMAGES}" for i in range(len(centre))])
    subject = np.array([name[:4] for name in ids])
    for name, width in (("a", 16), ("b", 12)):
        x = (centre + 0.5 * rng.normal(size=centre.shape)) @ rng.normal(size=(10, width)) + rng.normal(size=width)
        for prefix, rows in (("", slice(0, PEOPLE * IMAGES)), ("s", slice(PEOPLE * IMAGES, None))):
            faces = EmbeddingSet(x[rows], ids[rows], model=f"net-{name}", subject=subject[rows])
            faces.save(folder / f"{prefix}{name}.parquet")
    with (folder / "pairs.csv").open("w", newline="") as file:
        rows = [(f"p{p:03d}/0", f"p{(p + d) % PEOPLE:03d}/1", int(d == 0)) for p in range(PEOPLE) for d in (0, 1, 7)]
        csv.writer(file).writerows([("id1", "id2", "same"), *rows])
    with (folder / "templates.csv").open("w", newline="") as file:
        rows = [(name, f"t{name[:4]}-{i}") for name in ids[: PEOPLE * IMAGES] for i in (0, 1) if (name[-1] == "2") == i]
        csv.writer(file).writerows([("id", "template"), *rows])
    with (folder / "template_pairs.csv").open("w", newline="") as file:
        rows = [(f"tp{p:03d}-0", f"tp{(p + d) % PEOPLE:03d}-1", int(d == 0)) for p in range(PEOPLE) for d in (0, 1, 7)]
        csv.writer(file).writerows([("template1", "template2", "same"), *rows])
    load(folder, "a").take(np.arange(0, 60, 3)).save(folder / "gallery-a.parquet")
    load(folder, "b").take(np.arange(0, 60, 3)).save(folder / "gallery-b.parquet")
    load(folder, "a").take(np.flatnonzero(np.arange(PEOPLE * IMAGES) % 3 > 0)).save(folder / "probes.parquet")
    fit_map(load(folder, "sa"), load(folder, "sb"), "joint").save(folder / "m.safetensors")
    fit_map(load(folder, "sa"), load(folder, "sb"), "ridge").save(folder / "ridge.safetensors")
    return folder


def load(folder, name):
    return EmbeddingSet.load(folder / f"{name}.parquet")


def cohort(folder):
    return load(folder, "sa"), load(folder, "sb")


def test_fit_writes_the_map_of_the_library_and_info_describes_it(run, made, tmp_path):
    out = tmp_path / "m.safetensors"
    document = run.json("map", "fit", made / "sa.parquet", made / "sb.parquet", "-o", out, "--method", "joint")
    expected = TwoSidedMap.load(made / "m.safetensors")
    assert load_map(out).name == expected.name
    space = document["common_space"]
    assert (space["name"], space["dim"]) == (expected.name, 12)
    assert space["correlations"] == pytest.approx(expected.correlations.tolist())
    for key, value in {"source_model": "net-a", "target_model": "net-b", "source_dim": 16, "target_dim": 12}.items():
        assert document[key] == value
    found = run.json("info", out)
    assert found["kind"] == "two-sided-map"
    assert {key: found[key] for key in document if key not in ("map", "files", "excluded")} == {
        key: document[key] for key in document if key not in ("map", "files", "excluded")
    }
    for command in (["info", out], ["map", "fit", made / "sa.parquet", made / "sb.parquet", "-o", out, "--method", "joint"]):
        assert run(*command) == 0
        for words in ("net-a + net-b", "16 + 12 numbers", expected.name, "180 pairs of 60 people", "joint(ρ=0.03)"):
            assert words in " ".join(run.out.split())


def test_the_regularization_can_be_given(run, made, tmp_path):
    arguments = ["map", "fit", made / "sa.parquet", made / "sb.parquet", "-o", tmp_path / "m.safetensors"]
    assert run.json(*arguments, "--method", "joint", "--regularization", "0.5")["regularization"] == 0.5
    assert "auto chooses" in run.error(*arguments, "--regularization", "0.5")["message"]
    assert "neither a number" in run.error(*arguments, "--method", "joint", "--regularization", "x")["message"]
    assert "about the means" in run.error(*arguments, "--method", "joint", "--no-center")["message"]


def test_apply_moves_either_side_and_the_moved_are_compared_without_a_map(run, made, tmp_path):
    joint = TwoSidedMap.load(made / "m.safetensors")
    for name, width in (("a", 16), ("b", 12)):
        document = run.json("map", "apply", made / "m.safetensors", made / f"{name}.parquet", "-o", tmp_path / f"{name}.npz")
        assert (document["model"], document["dim"], document["warnings"]) == (joint.name, 12, [])
        assert EmbeddingSet.load(tmp_path / f"{name}.npz").dim == 12 <= width
    protocol = read_pairs(made / "pairs.csv")
    expected = verify(load(made, "a"), load(made, "b"), protocol=protocol, map=joint)
    pairs = ["--pairs", made / "pairs.csv"]
    moved = run.json("verify", tmp_path / "a.npz", tmp_path / "b.npz", *pairs)
    direct = run.json("verify", made / "a.parquet", made / "b.parquet", "--map", made / "m.safetensors", *pairs)
    assert direct["auc"] == expected.auc
    assert moved["auc"] == pytest.approx(expected.auc, abs=1e-4)
    assert "|map:joint|" in direct["signature"]


def test_apply_and_check_ask_for_the_side_where_the_name_does_not_say_it(run, made, tmp_path):
    bare = load(made, "b")
    EmbeddingSet(bare.vectors, bare.ids).save(tmp_path / "bare.npz")
    for command in (["apply", made / "m.safetensors", tmp_path / "bare.npz", "-o", tmp_path / "o.npz"],
                    ["check", made / "m.safetensors", tmp_path / "bare.npz"]):  # fmt: skip
        assert "--side source or --side target" in run.error("map", *command)["hint"]
        run.json("map", *command, "--side", "target")
        assert "needs vectors of width 16" in run.error("map", *command, "--side", "source")["message"]
        assert "unknown side 'left'" in run.error("map", *command, "--side", "left")["message"]
    assert run.json("map", "check", made / "m.safetensors", made / "a.parquet")["in_domain"] is True
    named = run.json("map", "check", made / "m.safetensors", made / "b.parquet", "--side", "target")
    assert named["in_domain"] is True
    error = run.error(
        "map", "apply", made / "m.safetensors", made / "a.parquet", "-o", tmp_path / "o.npz", "--side", "target"
    )
    assert "exchanged" in error["hint"]
    one = run.error(
        "map", "apply", made / "ridge.safetensors", made / "a.parquet", "-o", tmp_path / "o.npz", "--side", "target"
    )
    assert "leaves its target's vectors as they are" in one["message"]


def test_export_writes_the_side_asked_for(run, made, tmp_path):
    pytest.importorskip("onnx")
    assert "--side source or --side target" in run.error("map", "export", made / "m.safetensors", "-o", "x.onnx")["hint"]
    document = run.json("map", "export", made / "m.safetensors", "-o", tmp_path / "m.onnx", "--side", "target")
    assert (document["source_dim"], document["target_dim"]) == (12, 12)
    name = TwoSidedMap.load(made / "m.safetensors").name
    assert run.json("info", tmp_path / "m.onnx")["map"] == {"source": "net-b", "target": name, "method": "joint"}


def test_what_needs_the_targets_own_space_refuses_it_with_a_hint(run, made, tmp_path):
    sets = made / "a.parquet", made / "b.parquet"
    error = run.error("map", "refine", made / "m.safetensors", *sets, "-o", tmp_path / "o.safetensors")
    assert "holds 'two-sided-map'" in error["message"]
    assert "every --method but joint" in error["hint"]


def test_explaining_by_an_open_map_refuses_it_too(run, made, tmp_path):
    pytest.importorskip("torch")
    through = "explain", "a.jpg", "b.jpg", "--map", made / "m.safetensors", "-o", tmp_path / "o.png"
    assert "every --method but joint" in run.error(*through, "--method", "reconstruction")["hint"]
    # By default it is occlusion then, which takes it, and goes on to ask for its networks.
    error = run.error(*through, "--model", "mobilefacenet-casia")
    assert "leads from net-a, not from mobilefacenet-casia" in error["message"]


def test_threshold_and_against_take_it(run, made):
    a, b, joint = load(made, "a"), load(made, "b"), TwoSidedMap.load(made / "m.safetensors")
    sets = made / "a.parquet", made / "b.parquet"
    found = run.json("map", "threshold", made / "m.safetensors", *sets, "--far", "0.05", "--pairs", "5000")
    assert found["thresholds"][0]["threshold"] == transfer_threshold(joint, a, b, 0.05, pairs=5000).threshold
    error = run.error("map", "threshold", made / "m.safetensors", *sets[::-1])
    assert "exchanged" in error["hint"]
    both = run.json(
        "verify", *sets, "--map", made / "ridge.safetensors", "--pairs", made / "pairs.csv",
        "--against", sets[0], "--against-b", sets[1], "--against-map", made / "m.safetensors",
    )  # fmt: skip
    assert "(joint)" in str(both)


def test_identify_takes_the_map_and_a_cohort(run, made, tmp_path):
    joint = TwoSidedMap.load(made / "m.safetensors")
    gallery, probes = load(made, "gallery-b"), load(made, "probes")
    command = ["identify", made / "gallery-b.parquet", made / "probes.parquet", "--map", made / "m.safetensors"]
    assert run.json(*command)["cmc"][0]["rate"] == identify(gallery, probes, map=joint).cmc[0].rate
    strangers = ["--cohort", made / "sa.parquet", "--cohort-gallery", made / "sb.parquet"]
    found = run.json(*command, *strangers, "-o", tmp_path / "out")
    expected = identify(gallery, probes, map=joint, cohort=cohort(made))
    assert found["cmc"][0]["rate"] == expected.cmc[0].rate
    assert found["fnir"][0]["threshold"] == expected.fnir[0].threshold
    assert "cohort:180x180" in found["signature"]
    assert (tmp_path / "out/report.html").exists()


def test_identify_names_the_cohort_that_is_missing_or_of_another_network(run, made):
    command = ["identify", made / "gallery-b.parquet", made / "probes.parquet", "--map", made / "m.safetensors"]
    assert "--cohort-gallery" in run.error(*command, "--cohort", made / "sa.parquet")["hint"]
    assert "--cohort" in run.error(*command, "--cohort-gallery", made / "sb.parquet")["hint"]
    swapped = ["--cohort", made / "sb.parquet", "--cohort-gallery", made / "sa.parquet"]
    assert "embedded by 'net-b'" in run.error(*command, *swapped)["message"]
    alike = ["--cohort", made / "a.parquet", "--cohort-gallery", made / "sb.parquet"]
    assert "images of the gallery and the probes are in the cohort" in run.error(*command, *alike)["message"]


def test_one_network_needs_one_cohort(run, made):
    command = ["identify", made / "gallery-a.parquet", made / "probes.parquet", "--cohort", made / "sa.parquet"]
    expected = identify(load(made, "gallery-a"), load(made, "probes"), cohort=(load(made, "sa"),) * 2)
    assert run.json(*command)["fnir"][0]["threshold"] == expected.fnir[0].threshold
    twice = run.json(*command, "--cohort-gallery", made / "sa.parquet")
    assert twice["fnir"][0]["threshold"] == expected.fnir[0].threshold


def test_templates_take_both_whole_and_in_parts(run, made, tmp_path):
    sets = [made / "a.parquet", made / "b.parquet", "--map", made / "m.safetensors"]
    lists = ["--templates", made / "templates.csv", "--pairs", made / "template_pairs.csv", "--far", "0.1"]
    strangers = ["--cohort", made / "sa.parquet", "--cohort-b", made / "sb.parquet"]
    plain = run.json("verify", *sets, *lists)
    whole = run.json("verify", *sets, *lists, *strangers)
    assert "|map:joint|" in plain["signature"]
    assert "cohort:180x180" in whole["signature"]
    assert whole["tar"][0]["threshold"] < plain["tar"][0]["threshold"]
    for part in ("1/2", "2/2"):
        run.json("verify", *sets, *lists, *strangers, "--shard", part, "-o", tmp_path / "parts")
    assert run.json("verify", tmp_path / "parts", "--merge", "--far", "0.1") == whole
    error = run.error("verify", tmp_path / "parts", "--merge", "--cohort", made / "sa.parquet")
    assert "--merge needs the folder of the shards alone" in error["message"]
    assert "--cohort-b" in run.error("verify", *sets, *lists, "--cohort", made / "sa.parquet")["hint"]


def test_blufr_takes_no_cohort(run, made):
    command = ["verify", made / "a.parquet", "--blufr", made / "pairs.csv", "--cohort", made / "sa.parquet"]
    assert "--cohort" in run.error(*command)["hint"]


def test_a_likelihood_ratio_serves_every_comparison(run, made, tmp_path):
    ratio = tmp_path / "ratio.safetensors"
    assert run("map", "fit", made / "sa.parquet", made / "sb.parquet", "--method", "likelihood", "-o", ratio) == 0
    sides = made / "a.parquet", made / "b.parquet", "--map", ratio
    found = run.json("verify", *sides, "--pairs", made / "pairs.csv")
    assert (
        found["auc"]
        == verify(load(made, "a"), load(made, "b"), protocol=read_pairs(made / "pairs.csv"), map=load_map(ratio)).auc
    )
    assert found["auc"] > 0.9
    lists = "--templates", made / "templates.csv", "--pairs", made / "template_pairs.csv"
    assert run.json("verify", *sides, *lists)["auc"] > 0.9
    people = run.json("identify", made / "gallery-b.parquet", made / "probes.parquet", "--map", ratio, "--ranks", "1")
    expected = identify(load(made, "gallery-b"), load(made, "probes"), map=load_map(ratio))
    assert people["cmc"][0]["rate"] == expected.cmc[0].rate > 0.5  # of twenty people
    told = run.json("map", "threshold", ratio, made / "a.parquet", made / "b.parquet", "--far", "0.05", "--pairs", "4000")
    assert -1 < told["thresholds"][0]["threshold"] < 1
    assert run("map", "check", ratio, made / "a.parquet") == 0
