import json
import pickle
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine

CARD = """
name = "tiny"
runtime = "onnx"
dim = 6
files = [{ name = "tiny.onnx" }]
input = { mean = 127.5, std = 127.5 }
alignment = { template = "arcface" }
"""


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FACESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)


@pytest.fixture
def card(tmp_path) -> Path:
    """A network of one's own: the means over 56 × 56 blocks of the first two colours, six of them, with its card."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[56, 56], strides=[56, 56]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gather", ["flat", "six"], ["embedding"], axis=1),
    ]
    ends = [("input", [None, 3, 112, 112]), ("embedding", [None, 6])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    graph = helper.make_graph(nodes, "tiny", values[:1], values[1:], [numpy_helper.from_array(np.arange(6), "six")])
    folder = tmp_path / "network"
    folder.mkdir()
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(folder / "tiny.onnx"))
    (folder / "tiny.toml").write_text(CARD)
    return folder / "tiny.toml"


@pytest.fixture
def crops(tmp_path) -> Path:
    random = np.random.default_rng(0)
    for name in ("ann/1", "ann/2", "bob/1"):
        path = tmp_path / "crops" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), random.integers(0, 256, (112, 112, 3), dtype=np.uint8))
    return tmp_path / "crops"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_is_one_document_and_the_set_is_written(capsys, card, crops, tmp_path):
    (crops / "bob/2.png").write_bytes(b"text")
    out = tmp_path / "set.parquet"
    code, text, err = run(capsys, "embed", crops, "--model", card, "-o", out, "--aligned", "--json")
    told = json.loads(text)
    assert (code, err) == (0, "")
    assert told["embedded"] == 3
    assert [s["id"] for s in told["skipped"]] == ["bob/2"]
    assert told["output"] == str(out)
    assert EmbeddingSet.load(out).ids.tolist() == ["ann/1", "ann/2", "bob/1"]


def test_the_text_names_what_was_skipped_and_shows_no_bar_in_a_pipe(capsys, card, crops, tmp_path):
    (crops / "bob/2.png").write_bytes(b"text")
    for name in ("bob/3.mov", "bob/4.MOV", "read me.txt"):
        (crops / name).write_bytes(b"none")
    code, text, err = run(capsys, "embed", crops, "--model", card, "-o", tmp_path / "set.npz", "--aligned")
    assert (code, err) == (0, "")
    assert "3 files are no images that can be read: .mov, .txt" in text
    assert "3 of 4 images" in text
    assert "bob/2.png" in text.replace("\n", "")
    assert "embed|model:tiny" in text


def test_a_name_without_suffix_is_a_folder_with_a_table_of_failures(capsys, card, crops, tmp_path):
    for number in range(2, 9):
        (crops / f"bob/{number}.png").write_bytes(b"text")
    out = tmp_path / "faces"
    code, text, err = run(capsys, "embed", crops, "-m", card, "-o", out, "--aligned", "--rows-per-file", 2)
    assert (code, err) == (0, "")
    assert "3 of 10 images" in text
    assert "and 2 more (all of them:" in " ".join(text.split())  # wherever a long path made it wrap
    assert "failures.csv" in text.replace("\n", "")
    assert len(EmbeddingSet.open(out)) == 3
    code, text, _ = run(capsys, "embed", crops, "-m", card, "-o", out, "--aligned", "--json")
    assert (code, "is there already" in json.loads(text)["error"]["message"]) == (2, True)
    code, text, _ = run(capsys, "embed", crops, "-m", card, "-o", crops, "--aligned", "--json")
    assert (code, "is there already" in json.loads(text)["error"]["message"]) == (2, True)


def test_a_folder_that_the_same_run_has_finished_is_no_error(capsys, card, crops, tmp_path):
    words = ("embed", crops, "-m", card, "-o", tmp_path / "faces", "--aligned", "--rows-per-file", 2)
    assert run(capsys, *words)[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "faces").iterdir()}
    code, text, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(text)["resumed"] == json.loads(text)["images"] == 3
    assert {path.name: path.read_bytes() for path in (tmp_path / "faces").iterdir()} == before


def test_an_engine_makes_the_same_folder(capsys, card, crops, tmp_path, monkeypatch):
    asked, sent = [], []

    class Elsewhere(LocalEngine):
        """As a cluster gets its work."""

        def map(self, function, tasks, done=None):
            sent.extend(tasks := list(tasks))
            return super().map(pickle.loads(pickle.dumps(function)), tasks, done)

    monkeypatch.setattr("facespace.engine.choose_engine", lambda *names, **how: asked.append((*names, how)) or Elsewhere(2))
    options = ("-m", card, "--aligned", "--rows-per-file", 1, "-q")
    assert run(capsys, "embed", crops, *options, "-o", tmp_path / "a") == (0, "", "")
    assert not sent
    cluster = ("--engine", "ray", "--address", "head:6379", "--workers", 2)
    assert run(capsys, "embed", crops, *options, "-o", tmp_path / "b", *cluster) == (0, "", "")
    assert (asked[-1], len(sent)) == (("ray", {"address": "head:6379", "workers": 2}), 3)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    code, text, _ = run(capsys, "embed", crops, *options[:3], "-o", tmp_path / "c.npz", *cluster, "--json")
    assert (code, json.loads(text)["error"]["message"]) == (2, "an engine writes a folder")


def test_an_address_is_rays(capsys, card, crops, tmp_path):
    code, text, _ = run(capsys, "embed", crops, "-m", card, "-o", tmp_path / "s", "--address", "head:6379", "--json")
    assert (code, "an address is that of a Ray cluster" in json.loads(text)["error"]["message"]) == (2, True)


def test_archives_tables_and_ids_of_ones_choice(capsys, card, crops, tmp_path):
    names = ("ann/1", "ann/2", "bob/1")
    for number, name in enumerate(names):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as archive:
            archive.add(crops / f"{name}.png", f"{name}.png")
    table = pa.table({"a": [(crops / f"{name}.png").read_bytes() for name in names], "b": [b""] * 3, "n": names})
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "ids.csv").write_text("file,id\nann/2.png,x\n")
    archives = [tmp_path / f"{number}.tar" for number in range(3)]
    for images, ids in [
        (archives, names),
        ([tmp_path / "*.tar"], names),
        ([tmp_path / "t.parquet", "--columns", "image=a,id=n"], names),
        ([*archives, "--ids", tmp_path / "ids.csv"], ("x",)),
    ]:
        out = tmp_path / "set.npz"
        assert run(capsys, "embed", *images, "-m", card, "-o", out, "--aligned", "-q") == (0, "", "")
        assert tuple(EmbeddingSet.load(out).ids.tolist()) == ids
    code, text, _ = run(capsys, "embed", tmp_path / "t.parquet", "-m", card, "-o", out, "--columns", "image", "--json")
    assert (code, "nothing is said for 'image'" in json.loads(text)["error"]["message"]) == (2, True)


def test_quiet_prints_nothing(capsys, card, crops, tmp_path):
    assert run(capsys, "embed", crops, "--model", card, "-o", tmp_path / "s.npy", "--aligned", "-q") == (0, "", "")


def test_errors_exit_with_2_and_leave_no_file(capsys, card, crops, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = card.with_name("broken.toml")
    broken.write_text(CARD.replace("tiny.onnx", "broken.onnx"))
    card.with_name("broken.onnx").write_bytes(card.with_name("tiny.onnx").read_bytes()[:100])
    out = tmp_path / "set.parquet"
    for arguments, message in [
        ((empty, "--model", card, "-o", out, "--aligned"), "no images in"),
        ((crops, "--model", "edgface-xxs", "-o", out), "did you mean 'edgeface-xxs'"),
        ((crops, "--model", "edgeface-xxs", "-o", out, "--aligned"), "no weights edgeface-xxs.onnx"),
        ((crops, "--model", broken, "-o", out, "--aligned"), "can't be loaded as an ONNX network"),
        ((crops, "--model", card, "-o", tmp_path / "set.txt", "--aligned"), "can't write this kind of file"),
    ]:
        code, text, _ = run(capsys, "embed", *arguments, "--json")
        assert code == 2
        assert message in json.loads(text)["error"]["message"]
        code, text, err = run(capsys, "embed", *arguments)
        assert (code, text) == (2, "")
        assert "Traceback" not in err
    assert {p.name for p in tmp_path.iterdir()} == {"empty", "crops", "network"}


def test_models_list_has_the_promised_keys(capsys):
    code, text, _ = run(capsys, "models", "list", "--json")
    models = json.loads(text)["models"]
    assert code == 0
    assert len(models) == 18
    for model in models:
        assert {"name", "dim", "licence", "available", "explain"} <= set(model)
    assert "edgeface-xxs" in run(capsys, "models", "list")[1]


def test_show_tells_the_card(capsys):
    code, text, _ = run(capsys, "models", "show", "openvino-0095", "--json")
    told = json.loads(text)
    assert (code, told["dim"], told["input"]["format"]) == (0, 256, "BGR NCHW (x - 0) / 1")
    assert "Apache-2.0" in run(capsys, "models", "show", "openvino-0095")[1]


def test_an_added_model_works_by_its_name(capsys, card, crops, tmp_path):
    code, text, _ = run(capsys, "models", "add", card, "--json")
    assert (code, json.loads(text)["name"]) == (0, "tiny")
    listed = json.loads(run(capsys, "models", "list", "--json")[1])["models"]
    assert {m["name"]: m["available"] for m in listed}["tiny"] is True
    assert run(capsys, "embed", crops, "--model", "tiny", "-o", tmp_path / "s.parquet", "--aligned", "-q")[0] == 0


def test_a_faulty_card_is_not_added(capsys, card):
    card.write_text(CARD.replace("dim = 6", "dims = 6"))
    code, text, _ = run(capsys, "models", "add", card, "--json")
    assert code == 2
    assert "unknown key 'dims'; did you mean 'dim'" in json.loads(text)["error"]["message"]
