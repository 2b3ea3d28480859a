"""The readers under fuzz, by the name of their seeds' folder: each is called with a folder that holds a spoiled file.

What is read is used as far as it is cheap: a map maps, a shard is merged, what a run left behind is resumed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, cli, datasets
from facespace.capacity import load_image_student
from facespace.errors import FacespaceError
from facespace.explain import load_checkpoint
from facespace.gallery.stores import open_gallery
from facespace.images import read_image, read_landmarks
from facespace.mapping import CanonicalSpace, LinearMap, PairStatistics, load_map
from facespace.migration import MigrationPlan
from facespace.models import embed, load_network, read_card
from facespace.privacy import read_labels
from facespace.templates import load_shards, merge_shards

from .foreign import FOREIGN, IDS
from .seeds import tiny_backbone, tiny_card

# Here, lest every child load them anew.
for name in (
    "onnxruntime",
    "pyarrow.csv",
    "pyarrow.parquet",
    "scipy.sparse.csgraph",
    "sklearn.base",
    "torch",
    "rich.markup",
):
    importlib.import_module(name)
for name in ("info", "map", "canonical"):
    importlib.import_module(f"facespace.cli.{name}")

HEIC = ("heic",) if importlib.util.find_spec("pi_heif") else ()
IMAGES = ("jpg", "jpeg", "png", "webp", "tif", "bmp", "gif", "jp2", "avif", "ppm", *HEIC)
VECTORS = np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32)


class _RefusedError(FacespaceError):
    """The command line ended with exit code 2."""


def _the(folder: Path, pattern: str = "*") -> Path:
    return next(folder.glob(pattern))


def _set(folder: Path) -> None:
    EmbeddingSet.load(next(p for p in folder.iterdir() if ".ids." not in p.name)).columns()


def _map(folder: Path) -> None:
    found = load_map(folder / "map.safetensors")
    if isinstance(found, LinearMap):
        found.transform(VECTORS)
        found.check(VECTORS)
    else:
        found.way("source").transform(VECTORS)


def _hub(folder: Path) -> None:
    CanonicalSpace.load(folder / "hub.safetensors")


def _checkpoint(folder: Path) -> None:
    load_checkpoint(folder / "checkpoint.safetensors")


def _student(folder: Path) -> None:
    load_image_student(folder / "student.safetensors", tiny_backbone(), tiny_card(), device="cpu")


def _shard(folder: Path) -> None:
    merge_shards(load_shards(folder), fars=(0.1,))


def _partial(folder: Path) -> None:
    home = folder.parent / "seeds" / "partial-home" / "tiny"
    left = folder / "set.npz.partial"
    left.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            path.rename(left / path.name)
    embed(home / "images", home / "tiny.toml", out=folder / "set.npz", aligned=True, workers=1, resume=True)


def _gallery(url: str) -> None:
    store = open_gallery(url)
    for name in ("current", *store.info().places):
        for _ in store.scan(name):
            pass


def _pairs(folder: Path) -> None:
    datasets.read_pairs(_the(folder))


def _ijb(folder: Path) -> None:
    datasets.read_face_scores(_the(folder, "*5pts*"))
    datasets.read_ijb(folder)


def _network(folder: Path) -> None:
    home = folder.parent / "seeds" / "partial-home" / "tiny"
    load_network(read_card(home / "tiny.toml"), folder)


def _info(folder: Path) -> None:
    path = next(p for p in folder.iterdir() if p.suffix not in (".csv", ".txt"))
    for options in ([], ["--json"]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = cli.main(["info", str(path), *options])
        if code not in (0, 2):
            raise AssertionError(f"exit code {code}")
    if code:
        raise _RefusedError(said.getvalue())


READERS: dict[str, Callable[[Path], object]] = {
    **dict.fromkeys(("parquet", "npz", "npy", *FOREIGN), _set),
    "people": lambda folder: EmbeddingSet(VECTORS, IDS[:3]).with_people(_the(folder)),
    "map": _map,
    "statistics": lambda folder: PairStatistics.load(folder / "statistics.safetensors"),
    "hub": _hub,
    "checkpoint": _checkpoint,
    "student": _student,
    "shard": _shard,
    "partial": _partial,
    "sqlite": lambda folder: _gallery(f"sqlite:{folder}/faces.db#faces"),
    "faiss-gallery": lambda folder: _gallery(f"faiss:{folder}/faces.index?ids={folder}/ids.txt"),
    "plan": lambda folder: MigrationPlan.load(folder / "plan.json").digest,
    "pairs": _pairs,
    "bin": _pairs,
    "landmarks": lambda folder: read_landmarks(folder / "landmarks.txt"),
    "labels": lambda folder: read_labels(folder / "labels.csv"),
    "ijb": _ijb,
    "ijba": lambda folder: datasets.read_ijba(folder / "metadata.csv", folder / "comparisons.csv"),
    "template-csv": lambda folder: datasets.read_template_csv(folder / "faces.csv", folder / "pairs.csv"),
    "template-list": lambda folder: datasets.read_template_list(folder / "list.csv"),
    "mat": lambda folder: datasets.read_blufr(folder / "blufr.mat"),
    "card": lambda folder: read_card(folder / "tiny.toml"),
    **{f"image-{suffix}": lambda folder: read_image(folder / "image") for suffix in IMAGES},
    "onnx": _network,
    "info": _info,
}
#: Left out where they are not named by --only: HDF5's own library hangs on 1 in 170 spoiled files (SECURITY.md).
NAMED_ONLY = ("hdf5", "faiss-gallery")
#: The readers whose seeds are those of others.
BORROWED = {"info": ("parquet", "npz", "npy", "map", "statistics", "hub", "checkpoint", "student", "onnx")}
