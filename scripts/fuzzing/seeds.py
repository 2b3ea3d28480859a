"""Valid files of every kind that facespace reads, small, each in a folder of its own: READER/VARIANT/files."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facespace import CanonicalSpace, EmbeddingSet, fit_map
from facespace.datasets import write_bin
from facespace.images import ARCFACE
from facespace.mapping import pair_statistics
from facespace.models import embed, load_card
from facespace.templates import score_shard

from .foreign import foreign_sets

N = 24
IDS = [f"p{i // 2:02d}/{i % 2}" for i in range(N)]
HEIC = Path(__file__).parents[2] / "tests/images/ramp.heic"  # OpenCV writes none
CARD = """name = "tiny"
runtime = "onnx"
dim = 6
files = [{ name = "tiny.onnx", sha256 = "", url = "https://example.org/tiny.onnx" }]
output = "embedding"
training = "none"
[input]
mean = [127.5, 127.5, 127.5]
std = 128
colour = "BGR"
[alignment]
points = [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]
size = [112, 112]
columns = [8, 104]
[licence]
name = "MIT"
embeddings = true
[lfw]
accuracy = 0.99
"""


def sets() -> tuple[EmbeddingSet, EmbeddingSet]:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(N // 2, 6)), 2, axis=0) + 0.2 * rng.normal(size=(N, 6))
    y = x @ rng.normal(size=(6, 5))
    columns: dict[str, Any] = {"template": IDS, "media": [f"v{i % 4}" for i in range(N)], "quality": np.linspace(0, 1, N)}
    people = [name.partition("/")[0] if n % 5 else None for n, name in enumerate(IDS)]
    a = EmbeddingSet(x, IDS, model="anna", subject=people, metadata={"faces": "given", "n": 3}, **columns)
    return a, EmbeddingSet(y, IDS, model="berta")


def make_seeds(root: Path) -> None:
    """Write them all below `root`."""
    for make in (
        _sets,
        foreign_sets,
        _artefacts,
        _galleries,
        _trained,
        _shards,
        _lists,
        _templates,
        _others,
        _images,
        _networks,
    ):
        make(lambda reader, variant: _place(root / reader / variant))


def _place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


Place = Callable[[str, str], Path]


def _sets(place: Place) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    a, b = sets()
    vectors = a.vectors.tolist()
    a.save(place("parquet", "ours") / "set.parquet")
    b.save(place("parquet", "small") / "set.parquet", dtype="float16")
    plain = {"id": IDS, "vector": vectors, "subject": IDS, "quality": [1.0] * N}
    pq.write_table(pa.table(plain), place("parquet", "foreign") / "set.parquet")
    coded = {**plain, "id": pa.array(IDS).dictionary_encode(), "vector": pa.array(vectors, pa.list_(pa.float64(), 6))}
    where = place("parquet", "uncompressed") / "set.parquet"
    pq.write_table(pa.table(coded), where, compression="none", row_group_size=9, data_page_version="2.0")
    for codec in ("snappy", "gzip", "brotli"):
        pq.write_table(pa.table({"id": IDS, "vector": vectors}), place("parquet", codec) / "set.parquet", compression=codec)
    a.save(place("npz", "ours") / "set.npz")
    np.savez_compressed(place("npz", "foreign") / "set.npz", vectors=a.vectors, ids=np.array([i.encode() for i in IDS]))
    for faces, variant in ((a, "ours"), (b, "few")):
        faces.save(place("npy", variant) / "set.npy")
    np.save(place("npy", "txt") / "set.npy", b.vectors.astype(np.float64, order="F"))
    (place("npy", "txt") / "set.ids.txt").write_text("\n".join(IDS) + "\n", encoding="utf-8")
    np.save(place("npy", "plain") / "set.npy", b.vectors)
    rows = [f"{i};{i[:3]};0.5" for i in IDS]
    (place("npy", "plain") / "set.ids.csv").write_text("\n".join(["ID;subject;quality", *rows]), encoding="utf-8")


def _artefacts(place: Place) -> None:
    a, b = sets()
    fit_map(a, b, "ridge").save(place("map", "ridge") / "map.safetensors")
    fit_map(a, b, "auto").save(place("map", "auto") / "map.safetensors")
    fit_map(a, b, "joint").save(place("map", "joint") / "map.safetensors")
    fit_map(a, b, "likelihood").save(place("map", "likelihood") / "map.safetensors")
    pair_statistics(a, b).save(place("statistics", "two") / "statistics.safetensors")
    CanonicalSpace.fit({"anna": a, "berta": b}).save(place("hub", "two") / "hub.safetensors")


def _galleries(place: Place) -> None:
    from facespace.gallery.stores import Origin, Templates, open_gallery
    from facespace.migration import MigrationPlan

    a, _ = sets()
    rows = Templates(a.ids.tolist(), a.vectors, ["anna"] * N, [name.split("/")[0] for name in a.ids.tolist()])
    index = place("faiss-gallery", "plain")
    open_gallery(f"faiss:{index}/faces.index?ids={index}/ids.txt").write_all(iter([rows]), "anna")
    shutil.rmtree(index / "faces.index.facespace", ignore_errors=True)  # seeds are files
    for name in ("plain", "moving"):
        store = open_gallery(f"sqlite:{place('sqlite', name)}/faces.db#faces")
        store.write_all(iter([rows]), "anna")
    store.begin(Origin("plan", "berta", a.dim))
    for part in store.parts(8):
        store.put(part, store.read(part))
    store.complete()
    facts = {
        "path": "map.safetensors",
        "blake2b": "00",
        "source": "anna",
        "target": "berta",
        "method": "ridge",
        "pairs": 9,
        "fitted_in_gallery": 0,
    }
    arm = dict.fromkeys(("far", "tar", "low", "high", "threshold", "far_low", "far_high"), 0.5)
    loss = {**dict.fromkeys(("loss", "low", "high"), 0.01), "people": 9, "trials": 18}
    whole = {"url": "sqlite:faces.db#faces", "gallery": {"count": 9}, "direction": "gallery", "maps": {"templates": facts}}
    whole |= {
        "check": {"people": 9, "people_seen": "AAECAwQFBgc="},
        "far": 1e-3,
        "fpir": 0.01,
        "margin": 0.01,
        "level": 0.95,
        "lookups": {},
        "order": None,
    }
    whole |= {"arms": dict.fromkeys(("old", "gallery", "new"), arm), "losses": {"gallery": loss}, "decision": "go"}
    whole |= {
        "reason": "it is so",
        "people_needed": None,
        "thresholds": {"mapped": 0.3},
        "cost": {},
        "warnings": [],
        "signature": "",
    }
    MigrationPlan(**whole).save(place("plan", "whole") / "plan.json")


def _trained(place: Place) -> None:
    from facespace.capacity import DeepMDS, ImageStudent
    from facespace.explain import Affine, Checkpoint, make_decoder, place_head

    whole = Checkpoint("mobilefacenet-casia", "conv2", (2, 7, 7), (3, 2, 2), threshold=0.3, facts={"passes": 1})
    whole.head, whole.decoder = place_head(2, 7, 7), make_decoder(2, (3, 2, 2))
    whole.to_original = Affine(np.eye(4, 2), np.zeros(4))
    whole.save(place("checkpoint", "whole") / "checkpoint.safetensors")
    whole.save(place("checkpoint", "small") / "checkpoint.safetensors", small=True)

    a, _ = sets()
    projection = DeepMDS(2, hidden=3, steps=2).fit(a.vectors)
    student = ImageStudent(tiny_backbone(), projection, tiny_card(), passes=2, epochs=1, batch=8, device="cpu")
    student.fit(np.random.default_rng(0).integers(0, 256, (N, 16, 16, 3), dtype=np.uint8), a.vectors)
    student.save(place("student", "tiny") / "student.safetensors")


def tiny_backbone() -> Any:
    from torch import nn

    return nn.Sequential(nn.Conv2d(3, 2, 3, 4), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 6)).eval()


def tiny_card() -> Any:
    known = load_card("mobilefacenet-casia")
    return replace(known, dim=6, template=replace(known.template, size=(16, 16), columns=None))


def _shards(place: Place) -> None:
    from facespace.datasets import TemplateProtocol

    a, _ = sets()
    left, right = [IDS[i] for i in range(0, N, 2)] * 2, IDS[1::2] + IDS[3::2] + IDS[1:2]
    same = [one[:3] == two[:3] for one, two in zip(left, right, strict=True)]
    people = [name[:3] for name in IDS]
    protocol = TemplateProtocol.from_columns(
        "made", images=IDS, template=IDS, left=left, right=right, same=same, subject=people
    )
    score_shard(a, protocol=protocol).save(place("shard", "whole") / "shard-1-of-1.npz")
    score_shard(a, protocol=replace(protocol, subject=None), keep_scores=False).save(
        place("shard", "nobody") / "shard-1-of-1.npz"
    )


def _lists(place: Place) -> None:
    pairs = [(f"p{i:02d}/0.jpg", f"p{i:02d}/1.jpg", 1, i // 6) for i in range(12)]
    pairs += [(f"p{i:02d}/0.jpg", f"p{i + (1 if i % 6 < 5 else -5):02d}/1.jpg", 0, i // 6) for i in range(12)]
    words = {"truth": ("False", "True"), "deepface": ("No", "Yes"), "number": ("0.0", "1.0"), "word": ("diff", "same")}

    def rows(mark: str, form: str, labels: tuple[str, str] = ("0", "1")) -> list[str]:
        named = [{"a": a, "b": b, "s": labels[s], "f": str(f)} for a, b, s, f in pairs]
        return [mark.join(row[letter] for letter in form) for row in named]

    files = {
        "ours": ["id1,id2,same,fold", *rows(",", "absf")],
        "deepface": [",file_x,file_y,Decision", *("," + row for row in rows(",", "abs", words["deepface"]))],
        "semicolons": ["label;image1;image2", *rows(";", "sab", words["truth"])],
        "tabs": ["same\tid1\tid2", *rows("\t", "sab", words["word"])],
        "plain": rows(" ", "abs"),
        "plain-first": rows("\t", "sab", words["number"]),
        "plain-folds": rows(",", "absf", words["truth"]),
        "cplfw": [line for a, b, s, f in pairs for line in (f"{a} {s * (f + 1)}", f"{b} {s * (f + 1)}")],
        "calfw": ["name same_person", *(line for a, b, s, _ in pairs for line in (f"{a}\t{s}", f"{b}\t{s}"))],
        "ytf": [f"{f + 1}, {n}, {a[:5]}, {b[:5]}, {s}" for n, (a, b, s, f) in enumerate(pairs, 1)],
        "lfw": ["2\t2", *["Ann\t1\t2", "Bob A\t3\t4", "Ann\t1\tBob A\t2", "Cy\t1\tDee\t1"] * 2],
        "lfw-dev": ["2", "Ann\t1\t2", "Bob\t3\t4", "Ann\t1\tBob\t2", "Cy\t1\tDee\t1"],
    }
    for variant, lines in files.items():
        suffix = "csv" if variant in ("ours", "deepface", "semicolons") else "txt"
        (place("pairs", variant) / f"pairs.{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    images = [cv2.imencode(".jpg", np.full((8, 8, 3), 9 * i, np.uint8))[1] for i in range(24)]
    same = [True, False] * 6
    write_bin(place("bin", "ours") / "pairs.bin", [image.tobytes() for image in images], same)
    for protocol, variant in ((2, "python2"), (3, "arrays"), (5, "bools")):
        content = (images, same) if variant == "arrays" else ([image.tobytes() for image in images], np.array(same))
        (place("bin", variant) / "pairs.bin").write_bytes(pickle.dumps(content, protocol))
    points = np.round(ARCFACE.points.ravel(), 2).tolist()
    names = [f"{point}_{axis}" for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for axis in "xy"]
    table = [",".join([name, *map(str, points)]) for name in IDS]
    (place("landmarks", "csv") / "landmarks.txt").write_text("\n".join([",".join(["id", *names]), *table]) + "\n")
    listed = [" ".join([f"{name}.jpg", *map(str, points), "0.99"]) for name in IDS]
    (place("landmarks", "list") / "landmarks.txt").write_text("\n".join(listed) + "\n")
    labelled = [f"{name};{'yes' if i % 2 else ''};{20 + i}" for i, name in enumerate(IDS)]
    (place("labels", "semicolons") / "labels.csv").write_text("\n".join(["id;glasses;age", *labelled]) + "\n")


def _templates(place: Place) -> None:
    faces = [f"{i}.jpg {i // 2 + 100} {i}" for i in range(N)]
    pairs = [f"{100 + i} {100 + j} {int(j - i == 6)}" for i in range(6) for j in range(6, 12)]
    scores = [" ".join([f"{i}.jpg", *["10.5"] * 10, "0.9"]) for i in range(N)]
    for variant, suffix, pack in (("plain", "", bytes), ("packed", ".gz", lambda data: gzip.compress(data, 1, mtime=0))):
        folder = place("ijb", variant)
        for name, lines in (("face_tid_mid", faces), ("template_pair_label", pairs), ("name_5pts_score", scores)):
            (folder / f"ijbc_{name}.txt{suffix}").write_bytes(pack("\n".join(lines).encode() + b"\n"))
    about = [f"{i // 2},s{i // 2 % 6},img/{i}.jpg,{i},1.5,2.5" for i in range(N)]
    compared = [f"{i},{j}" for i in range(6) for j in range(6, 12)]
    folder = place("ijba", "csv")
    (folder / "metadata.csv").write_text("\n".join(["TEMPLATE_ID,SUBJECT_ID,FILE,MEDIA_ID,X,Y", *about]) + "\n")
    (folder / "comparisons.csv").write_text("\n".join(compared) + "\n")
    for variant, mark in (("csv", ","), ("tabs", "\t")):
        folder = place("template-csv", variant)
        lines = ["id,template,media,subject", *(f'"{i}.jpg",t{i // 2},{i},s{i // 2 % 6}' for i in range(N))]
        (folder / "faces.csv").write_text("\n".join(lines).replace(",", mark) + "\n")
        lines = ["template1,template2,same", *(f"t{i},t{j},{j - i == 6}" for i in range(6) for j in range(6, 12))]
        (folder / "pairs.csv").write_text("\n".join(lines).replace(",", mark) + "\n")
    lines = ["TEMPLATE_ID,SUBJECT_ID,FILENAME", *(f"{i // 2},{i // 4},img/{i}.jpg" for i in range(N))]
    (place("template-list", "plain") / "list.csv").write_text("\n".join(lines) + "\n")
    (place("template-list", "packed") / "list.csv").write_bytes(gzip.compress("\n".join(lines).encode(), 1, mtime=0))


def _others(place: Place) -> None:
    from scipy.io import savemat

    def cells(*columns: list[Any]) -> Any:
        found = np.empty((len(columns), 1), dtype=object)
        found[:, 0] = [np.array(column)[:, None] for column in columns] if isinstance(columns[0], list) else columns
        return found

    names = cells(*[f"{n}_000{i}.jpg" for n, i in zip("AABBCCD", "1212121", strict=True)])
    variables: Mapping[str, Any] = {
        "imageList": names,
        "labels": np.array([[1], [1], [2], [2], [3], [3], [4]], dtype=np.uint16),
        "trainIndex": cells([1, 2], [3, 4]),
        "testIndex": cells([3, 4, 5, 6, 7], [1, 2, 7]),
        "galIndex": cells([3, 5], [1]),
        "probIndex": cells([4, 6, 7], [2, 7]),
    }
    savemat(place("mat", "plain") / "blufr.mat", variables)
    savemat(place("mat", "packed") / "blufr.mat", variables, do_compression=True)
    (place("card", "own") / "tiny.toml").write_text(CARD)
    for name in ("openvino-0095", "mobileface-v2"):
        (place("card", name) / "tiny.toml").write_text(load_card(name).path.read_text(encoding="utf-8"), encoding="utf-8")


def _images(place: Place) -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8), (5, 5), 0)
    kinds = {"jpg": (), "png": (), "webp": (cv2.IMWRITE_WEBP_QUALITY, 80), "tif": (), "bmp": (), "gif": (), "jp2": ()}
    kinds |= {"avif": (), "ppm": (), "jpeg": (cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)}
    for suffix, options in kinds.items():
        made, data = cv2.imencode(f".{suffix}", picture, list(options))
        if made:
            (place(f"image-{suffix}", "colour") / "image").write_bytes(data.tobytes())
    (place("image-heic", "colour") / "image").write_bytes(HEIC.read_bytes())
    grey, deep = picture[:, :, 0], picture.astype(np.uint16) * 257
    for suffix, image, variant in (
        ("png", grey, "grey"),
        ("png", deep, "deep"),
        ("jpg", grey, "grey"),
        ("tif", deep, "deep"),
    ):
        (place(f"image-{suffix}", variant) / "image").write_bytes(cv2.imencode(f".{suffix}", image)[1].tobytes())
    clear = np.dstack([picture, grey])
    (place("image-webp", "lossless") / "image").write_bytes(cv2.imencode(".webp", clear)[1].tobytes())
    (place("image-png", "clear") / "image").write_bytes(cv2.imencode(".png", clear)[1].tobytes())
    plain = cv2.imencode(".jpg", picture)[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    (place("image-jpg", "turned") / "image").write_bytes(turned + b"video" * 20)


def _networks(place: Place) -> None:
    """A tiny network, and what a run of `embed` leaves behind when it is cut short."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    ends = [("input", ["n", 3, 112, 96]), ("embedding", ["n", 6])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    matrix = np.random.default_rng(0).normal(size=(36, 6)).astype(np.float32)
    graph = helper.make_graph(nodes, "tiny", values[:1], values[1:], [numpy_helper.from_array(matrix, "matrix")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    save(model, str(place("onnx", "network") / "tiny.onnx"))
    from facespace import LinearMap

    LinearMap.load(place("map", "ridge") / "map.safetensors").to_onnx(place("onnx", "map") / "tiny.onnx")
    home = place("partial-home", "tiny")
    (home / "tiny.toml").write_text(CARD)
    save(model, str(home / "tiny.onnx"))
    (home / "images").mkdir(exist_ok=True)
    for i in range(3):
        cv2.imwrite(str(home / "images" / f"{i}.png"), np.full((112, 112, 3), 40 * i, np.uint8))
    (home / "images" / "3.png").write_bytes(b"no image")
    partial = place("partial", "two")

    def stop(done: int, whole: int) -> None:
        if done == whole:
            raise KeyboardInterrupt

    try:
        out, card = partial / "set.npz", home / "tiny.toml"
        embed(home / "images", card, out=out, aligned=True, batch_size=1, workers=1, progress=stop)
    except KeyboardInterrupt:
        pass
    for path in (partial / "set.npz.partial").iterdir():
        path.rename(partial / path.name)
    (partial / "set.npz.partial").rmdir()
    json.loads((partial / "settings.json").read_text())
