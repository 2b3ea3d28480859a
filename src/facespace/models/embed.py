"""`embed`: a folder of images becomes an EmbeddingSet.

The work itself is in _pipeline.py, what an interrupted run leaves behind in _partial.py.
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..embeddings import EmbeddingSet
from ..errors import InputError, OutputError, shorten
from ..images import LONG_SIDE, MAX_PIXELS, ImageFile, describe_others, name_images, read_image, scan_images
from ..io import SUFFIXES
from ..people import people_in
from ..results import fields, signature
from ._crops import GivenLandmarks, LandmarkSource, Skipped, choose_aligner
from ._partial import Batch, PartialSet
from ._pipeline import run_batches
from .card import ModelCard
from .registry import load_card
from .runtimes import load_network
from .weights import Progress, checksum, find_weights

ImageSource = str | Path | Sequence[str | Path] | Mapping[str, str | Path]


@dataclass(frozen=True)
class EmbedResult:
    """What `embed` made.

    Attributes:
        embeddings: the set; rows in the order of the images.
        skipped: the images without an embedding, each with its reason.
        images: how many images there were; len(embeddings) + len(skipped).
        several_faces: in how many images the detector saw more than one face.
        other_files: how many files of the folder are no images that can be read, by suffix in small letters.
        resumed: how many images an earlier, interrupted run had done.
        seconds: wall time of this run from the first image to the last, without loading the network.
        path: where the set was written, None if it was not.
    """

    embeddings: EmbeddingSet
    skipped: tuple[Skipped, ...]
    images: int
    several_faces: int
    resumed: int
    seconds: float
    path: Path | None = None
    other_files: Mapping[str, int] = field(default_factory=dict)

    @property
    def images_per_second(self) -> float:
        """Images of this run (without the resumed ones) by its wall time."""
        return (self.images - self.resumed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def reasons(self) -> dict[str, int]:
        """How many images were skipped for which reason."""
        return dict(Counter(s.reason for s in self.skipped))

    @property
    def signature(self) -> str:
        """One line that says how the set was made."""
        facts = self.embeddings.metadata
        weights = ",".join(digest[:12] for digest in facts["weights"].values())
        return signature(
            "embed",
            model=self.embeddings.model,
            weights=weights,
            alignment=facts["alignment"],
            faces=facts["faces"],
            images=self.images,
            embedded=len(self.embeddings),
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the vectors, as plain JSON types."""
        return {
            "signature": self.signature,
            **fields(self.embeddings, "model", "dim"),
            "output": self.path,
            "images": self.images,
            "embedded": len(self.embeddings),
            "skipped": [fields(skipped, "id", "file", "reason", "detail") for skipped in self.skipped],
            **fields(self, "reasons", "several_faces", "resumed", "other_files"),
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 2),
        }


def embed(
    images: ImageSource,
    model: str | Path | ModelCard,
    *,
    out: str | Path | None = None,
    landmarks: LandmarkSource | None = None,
    aligned: bool = False,
    detector: str = "auto",
    detect_size: int = LONG_SIDE,
    max_pixels: int = MAX_PIXELS,
    keep_damaged: bool = False,
    weights: str | Path | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
    download_progress: Progress | None = None,
) -> EmbedResult:
    """Embeddings of all images of a folder (or of a list of files) by one network.

    Args:
        images: folder; ids are the paths under it without extension, and `subject` is the id's first folder
            (person/…/image.jpg), unknown for images that lie in none. Or files by id, or a list of files; ids are then the
            paths as given without extension.
        model: name of a card, path of a card's TOML file, or a card.
        out: file to write the set to (.parquet, .npz, .npy). While it runs, finished batches are kept in `out`.partial.
        landmarks: file of `read_landmarks`, or (5, 2) points by id, instead of a detector.
        aligned: the images are face crops, aligned to the ArcFace template or exactly as the network takes them.
        detector: "auto" (the first of yunet, scrfd, dlib whose weights are there) or one of these. Of several faces the
            one of `images.pick_face` is taken.
        detect_size: the long side in pixels that pictures are shrunk to for it; see `images.find_faces`.
        max_pixels, keep_damaged: see `images.read_image`.
        weights: folder to look for weights in first.
        batch_size: images a worker takes at a time. workers: threads; by default one per processor core.
        resume: go on where an interrupted run with the same settings and `out` stopped.
        progress: called with (images done, images in all). download_progress: see `fetch`.

    Raises InputError for a folder without images or when no image at all gives an embedding; ModelError when the network
    can't be had; OutputError when `out` can't be written. Single bad images are listed in the result's `skipped`.
    """
    card = model if isinstance(model, ModelCard) else load_card(model)
    out = None if out is None else _writable(Path(out))
    if resume and out is None:
        raise InputError("resuming needs an output file", "Name it: that is where the unfinished run is kept.")
    files, others = _image_files(images)
    grouped = isinstance(images, str | Path | Mapping)  # ids are then relative to something, so their folders mean people
    if aligned and landmarks is not None:
        raise InputError("aligned images need no landmarks", "Give either --aligned or --landmarks.")
    aligner = choose_aligner(landmarks, aligned, detector, weights, _at_least_one("detect size", detect_size))
    if isinstance(aligner, GivenLandmarks):
        aligner.check(files)
    read = partial(read_image, max_pixels=_at_least_one("limit on pixels", max_pixels), keep_damaged=keep_damaged)
    workers = _at_least_one("workers", workers if workers is not None else os.cpu_count() or 1)
    paths = find_weights(card, weights, progress=download_progress)
    network = load_network(card, paths=paths, callers=workers)
    metadata = {
        "weights": {path.name: checksum(path) for path in paths},
        "alignment": card.alignment(),
        "template": card.template.points.round(4).tolist(),
        "preprocessing": card.input.describe(),
        **aligner.facts,
        **({"keep_damaged": True} if keep_damaged else {}),
    }
    settings = {"model": card.name, **metadata, "max_pixels": max_pixels}
    unfinished = None if out is None else PartialSet(out, settings, card.dim, resume)
    total = Batch()
    if unfinished is not None:
        total.extend(unfinished.done)
    done = {*total.ids, *(s.id for s in total.skipped)} & {f.id for f in files}
    todo = [f for f in files if f.id not in done]
    # A short list is spread over all workers.
    size = min(_at_least_one("batch size", batch_size), max(1, -(-len(todo) // workers)))
    batches = [todo[i : i + size] for i in range(0, len(todo), size)]
    finished = len(done)
    if progress:
        progress(finished, len(files))
    start = time.perf_counter()
    try:
        for batch in run_batches(batches, network, aligner, workers, read):
            total.extend(batch)
            finished += len(batch)
            if unfinished is not None:
                unfinished.add(batch)
            if progress:
                progress(finished, len(files))
    finally:
        if unfinished is not None:
            unfinished.close()
    seconds = time.perf_counter() - start
    try:
        faces = _assemble(files, total, card, {**metadata, "facespace": __version__}, grouped)
    except InputError as error:
        if unfinished is not None:
            unfinished.remove()  # there is nothing in it to go on with
        if others:
            error.hint += f"; {describe_others(others)}"
        raise
    if unfinished is not None and out is not None:
        faces.save(out)
        unfinished.remove()
    wanted = {f.id for f in files}
    skipped = sorted((s for s in total.skipped if s.id in wanted), key=lambda s: s.id)
    several = sum(n > 1 for name, n in zip(total.ids, total.faces, strict=True) if name in wanted)
    return EmbedResult(faces, tuple(skipped), len(files), several, len(done), seconds, out, others)


def _image_files(images: ImageSource) -> tuple[list[ImageFile], dict[str, int]]:
    if isinstance(images, str | Path):
        return scan_images(images)
    if isinstance(images, Mapping):
        files = [ImageFile(unicodedata.normalize("NFC", name), Path(path)) for name, path in images.items()]
    else:
        files = name_images(images)
    if not files:
        raise InputError("the list of images is empty")
    return files, {}


def _assemble(
    files: Sequence[ImageFile], total: Batch, card: ModelCard, metadata: dict[str, Any], grouped: bool
) -> EmbeddingSet:
    row = {name: i for i, name in enumerate(total.ids)}
    ids = [f.id for f in files if f.id in row]
    if not ids:
        reasons = Counter(s.reason for s in total.skipped)
        told = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.most_common())
        raise InputError(
            f"none of the {len(files):,} images gave an embedding ({told})", f"First: {_first_lines(total.skipped)}"
        )
    vectors = np.stack([total.vectors[row[name]] for name in ids])
    people = people_in(ids) if grouped else None
    known = None if people is None or people.source == "nobody" else people.names
    return EmbeddingSet(vectors, ids, model=card.name, subject=known, metadata=metadata)


def _first_lines(skipped: Iterable[Skipped]) -> str:
    return "; ".join(f"{s.file}: {s.reason} ({s.detail})" for s in list(skipped)[:3])


def _writable(path: Path) -> Path:
    # Known before hours of work, not after.
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path}: can't write this kind of file", f"End the name in one of {shorten(SUFFIXES)}.")
    if path.is_dir():
        raise OutputError(f"can't write {path}: it is a folder", "Name a file in it.")
    return path


def _at_least_one(what: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{what} must be at least 1, not {value}")
    return value
