"""From images to a report, by the command line and by Python, on drawn faces and two small networks made here."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import facespace
from facespace.cli import main
from facespace.io import jsonable

FOLDS, PEOPLE, IMAGES = 4, 10, 4
WIDTHS = {"net-a": 20, "net-b": 28}


def _draw(folder: Path) -> None:
    """A person is a texture of blobs; a picture of them is that texture shifted, lit and blurred anew, with noise."""
    rng = np.random.default_rng(0)
    for person in range(FOLDS * PEOPLE):
        # Twelve numbers make a face, fewer than either network gives, so that no network sees what the other can not.
        texture = cv2.resize(rng.uniform(40, 215, (4, 3)), (128, 128), interpolation=cv2.INTER_CUBIC)[:, :, None]
        (folder / f"p{person:02d}").mkdir(parents=True)
        for number in range(IMAGES):
            x, y = rng.integers(4, 13, 2)
            light = rng.uniform(0.9, 1.1)
            picture = light * texture[y : y + 112, x : x + 112] * (1.1, 1.0, 0.8) + rng.normal(0, 8, (112, 112, 3))
            cv2.imwrite(str(folder / f"p{person:02d}" / f"{number}.png"), np.clip(picture, 0, 255).astype(np.uint8))


def _network(folder: Path, name: str, width: int, seed: int) -> Path:
    """Means over 14 × 14 blocks, a random projection of its own, and a mean that is not zero; with its card."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(192, width)).astype(np.float32) / 14
    shift = rng.normal(size=width).astype(np.float32) / 2
    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["projected"]),
        helper.make_node("Add", ["projected", "shift"], ["embedding"]),
    ]
    ends = [("input", [None, 3, 112, 112]), ("embedding", [None, width])]
    values = [helper.make_tensor_value_info(end, TensorProto.FLOAT, shape) for end, shape in ends]
    weights = [numpy_helper.from_array(matrix, "matrix"), numpy_helper.from_array(shift, "shift")]
    graph = helper.make_graph(nodes, name, values[:1], values[1:], weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(folder / f"{name}.onnx")
    )
    card = folder / f"{name}.toml"
    card.write_text(
        f'name = "{name}"\nruntime = "onnx"\ndim = {width}\nfiles = [{{ name = "{name}.onnx" }}]\n'
        '[input]\nmean = 127.5\nstd = 64\n[alignment]\ntemplate = "arcface"\n'
    )
    return card


def _pairs(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        for person in range(FOLDS * PEOPLE):
            fold = person // PEOPLE
            for number in range(0, IMAGES, 2):
                other = fold * PEOPLE + (person + 1 + number) % PEOPLE
                writer.writerow([f"p{person:02d}/{number}", f"p{person:02d}/{number + 1}", 1, fold])
                writer.writerow([f"p{person:02d}/{number}", f"p{other:02d}/{number + 1}", 0, fold])


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The folder after `embed` of both networks, `map fit` and `map apply`, all by the command line."""
    folder = tmp_path_factory.mktemp("work")
    patch = pytest.MonkeyPatch()
    patch.setenv("FACESPACE_CONFIG", str(folder / "config"))
    patch.setenv("FACESPACE_CACHE", str(folder / "cache"))
    patch.delenv("FACESPACE_MODELS", raising=False)
    _draw(folder / "faces")
    _pairs(folder / "pairs.csv")
    a, b = (folder / f"{name}.parquet" for name in WIDTHS)
    for seed, (name, width) in enumerate(WIDTHS.items(), 1):
        card = _network(folder, name, width, seed)
        assert _call("embed", folder / "faces", "--model", card, "--aligned", "-o", folder / f"{name}.parquet", "-q") == 0
    assert _call("map", "fit", a, b, "-o", folder / "map.safetensors", "--method", "ridge", "-q") == 0
    assert _call("map", "apply", folder / "map.safetensors", a, "-o", folder / "mapped.npz", "-q") == 0
    yield SimpleNamespace(
        folder=folder, a=a, b=b, map=folder / "map.safetensors", mapped=folder / "mapped.npz", pairs=folder / "pairs.csv"
    )
    patch.undo()


def _call(*arguments: object) -> int:
    return main([str(a) for a in arguments])


@pytest.fixture
def document(capsys):
    """Run a command with --json: the parsed document, after checks that all went well."""

    def run(*arguments: object):
        assert _call(*arguments, "--json") == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return run


def test_embed_is_the_library_s_embed(work):
    for path, name in ((work.a, "net-a"), (work.b, "net-b")):
        found = facespace.EmbeddingSet.load(path)
        same = facespace.embed(work.folder / "faces", work.folder / f"{name}.toml", aligned=True).embeddings
        assert (len(found), found.dim, found.model) == (FOLDS * PEOPLE * IMAGES, WIDTHS[name], name)
        assert found.ids.tolist() == same.ids.tolist()
        assert found.subject.tolist() == [i.split("/")[0] for i in found.ids]
        np.testing.assert_allclose(found.vectors, same.vectors, rtol=1e-5, atol=1e-5)


def test_info_tells_what_each_file_is(work, document):
    assert document("info", work.a)["model"] == "net-a"
    mapped = document("info", work.mapped)
    assert (mapped["kind"], mapped["dim"], mapped["model"]) == ("set", WIDTHS["net-b"], "net-b<-net-a")
    found = document("info", work.map)
    assert (found["kind"], found["source_model"], found["target_model"]) == ("map", "net-a", "net-b")
    assert (found["pairs"], found["subjects"]) == (160, 40)
    assert document("info", work.folder / "net-a.onnx")["kind"] == "onnx"


def test_map_fit_and_apply_are_the_library_s(work):
    a, b = facespace.EmbeddingSet.load(work.a), facespace.EmbeddingSet.load(work.b)
    fitted, loaded = facespace.fit_map(a, b, "ridge"), facespace.LinearMap.load(work.map)
    np.testing.assert_allclose(loaded.weight, fitted.weight, atol=1e-6)
    np.testing.assert_allclose(facespace.EmbeddingSet.load(work.mapped).vectors, fitted.transform(a.vectors), atol=1e-5)


@pytest.mark.parametrize("which", ["native", "mapped", "unmapped-set"])
def test_verify_is_the_library_s_verify(work, document, which):
    a, b = facespace.EmbeddingSet.load(work.a), facespace.EmbeddingSet.load(work.b)
    protocol = facespace.read_pairs(work.pairs)
    if which == "native":
        told = document("verify", work.a, "--pairs", work.pairs)
        result = facespace.verify(a, protocol=protocol)
    elif which == "mapped":
        told = document("verify", work.a, work.b, "--map", work.map, "--pairs", work.pairs, "--far", "1e-1")
        linear = facespace.LinearMap.load(work.map)
        result = facespace.verify(a, b, protocol=protocol, map=linear, fars=[0.1])
    else:
        told = document("verify", work.mapped, work.b, "--pairs", work.pairs, "--seed", 5)
        result = facespace.verify(facespace.EmbeddingSet.load(work.mapped), b, protocol=protocol, seed=5)
    assert told == {**jsonable(result), "files": []}


def test_the_map_makes_the_networks_comparable(work, document):
    own = document("verify", work.b, "--pairs", work.pairs)["accuracy"]["mean"]
    mapped = document("verify", work.a, work.b, "--map", work.map, "--pairs", work.pairs)["accuracy"]["mean"]
    assert own > 0.9
    assert mapped > own - 0.05


def test_study_cross_model_is_the_library_s_and_writes_its_report(work, document, tmp_path):
    told = document(
        *("study", "cross-model", work.a, work.b, "--pairs", work.pairs),
        *("--methods", "auto,ridge,identity", "-o", tmp_path / "study"),
    )
    sets = [facespace.EmbeddingSet.load(path) for path in (work.a, work.b)]
    result = facespace.cross_model_study(sets, facespace.read_pairs(work.pairs), methods=("auto", "ridge", "identity"))
    assert {key: value for key, value in told.items() if key != "files"} == jsonable(result)
    for path in told["files"]:
        assert Path(path).stat().st_size > 0
    page = (tmp_path / "study" / "report.html").read_text()
    assert told["signature"] in page
    assert json.loads((tmp_path / "study" / "results.json").read_text()) == told
    for cell in told["cells"]:
        assert (cell["accuracy"] > 0.85) == (cell["method"] != "identity")
    own = document("verify", work.a, "--pairs", work.pairs)["accuracy"]["mean"]
    assert told["models"][0]["accuracy"] == pytest.approx(own)


def test_check_says_yes_to_the_source_and_no_to_the_target(work, capsys):
    assert _call("map", "check", work.map, work.a) == 0
    turned = facespace.EmbeddingSet.load(work.a)
    other = np.random.default_rng(3).normal(size=turned.vectors.shape)
    turned.with_vectors(other, "net-a").save(work.folder / "noise.parquet")
    assert _call("map", "check", work.map, work.folder / "noise.parquet") == 1
    assert "not in the map's domain" in capsys.readouterr().out


def test_a_network_with_the_map_behind_it_speaks_the_other_space(work, document, tmp_path):
    """`map export --model`, and then `embed` with the new file by a card of its own."""
    onnx = tmp_path / "net-ab.onnx"
    document("map", "export", work.map, "--model", work.folder / "net-a.onnx", "-o", onnx)
    text = (work.folder / "net-a.toml").read_text()
    card = tmp_path / "net-ab.toml"
    output = document("info", onnx)["outputs"]
    card.write_text(
        f'output = "{output[-1]["name"]}"\n'
        + text.replace("net-a", "net-ab").replace(f"dim = {WIDTHS['net-a']}", f"dim = {WIDTHS['net-b']}")
    )
    document("embed", work.folder / "faces", "--model", card, "--aligned", "-o", tmp_path / "ab.parquet")
    spoken = facespace.EmbeddingSet.load(tmp_path / "ab.parquet")
    mapped = facespace.EmbeddingSet.load(work.mapped)
    assert spoken.ids.tolist() == mapped.ids.tolist()
    np.testing.assert_allclose(spoken.normalized(), mapped.normalized(), atol=1e-4)
