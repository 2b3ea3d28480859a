"""`embed`: images become an EmbeddingSet.

The work itself is in _pipeline.py; a run that ends in a folder of files in _job.py; what an interrupted run into one file
leaves behind in _partial.py.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from .._version import __version__
from ..embeddings import EmbeddingSet
from ..engine import Engine
from ..errors import GuessWarning, InputError, OutputError, shorten
from ..images import (
    CHOICES,
    LONG_SIDE,
    MAX_PIXELS,
    FaceSearch,
    ImageSource,
    decode_image,
    describe_others,
    named_by,
    open_images,
)
from ..io import MANIFEST, SUFFIXES, AnyKey, Seal, check_encryptable, check_folder, key_of, partial_of
from ._embed_result import EmbedResult
from ._job import FAILURES, NOTED, Job, Part, noted_of, nothing_embedded, run_to_folder, skipped_of
from ._partial import Batch, PartialSet
from ._pipeline import run_batches
from .card import ModelCard
from .faces import GivenLandmarks, LandmarkSource, choose_aligner
from .registry import load_card
from .runtimes import load_network
from .weights import Progress, checksum, find_weights

BATCH = 32  # decoded together, then computed together: to and fro for each image, either drives the other from the cache
ROWS_PER_FILE = 4096  # what a kill can lose


def embed(
    images: ImageSource,
    model: str | Path | ModelCard,
    *,
    out: str | Path | None = None,
    ids: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    rows_per_file: int = ROWS_PER_FILE,
    landmarks: LandmarkSource | None = None,
    aligned: bool = False,
    detector: str = "auto",
    detect_size: int = LONG_SIDE,
    min_face: int | None = None,
    turn: bool = True,
    faces: str = CHOICES[0],
    max_pixels: int = MAX_PIXELS,
    keep_damaged: bool = False,
    weights: str | Path | None = None,
    batch_size: int = BATCH,
    workers: int | None = None,
    engine: Engine | None = None,
    resume: bool = False,
    key: AnyKey | None = None,
    progress: Callable[[int, int], None] | None = None,
    download_progress: Progress | None = None,
) -> EmbedResult:
    """Embeddings of all images of a folder, of archives, tables or a list of files, by one network.

    Args:
        images: folder; ids are the paths under it without extension, and `subject` is the id's first folder
            (person/…/image.jpg), unknown for images that lie in none. Or tar archives (WebDataset: labels beside images
            are subjects) or Parquet files with a column of images: one, several, a folder of them, a pattern. Or files by
            id, or a list of files; ids are then the paths as given without extension.
        model: name of a card, path of a card's TOML file, or a card.
        out: file to write the set to (.parquet, .npz, .npy); while it runs, finished batches are kept in `out`.partial.
            Without suffix a folder of Parquet files with failures.csv, in bounded memory: for sets of any size.
        ids: csv with the columns file, id and perhaps subject: these images alone, by these ids.
        columns: the columns of Parquet files by role (image, id, subject), where names and types don't tell.
        rows_per_file: images for each file of a folder.
        landmarks: file of `detect` (Parquet) or of `read_landmarks`, or (5, 2) points by id, instead of a detector.
        aligned: the images are face crops, aligned to the ArcFace template or exactly as the network takes them.
        detector: yunet, scrfd, dlib or "auto", `models.good_detector`: yunet or scrfd that is here, else scrfd, which pip
            fetches, and dlib where that fails. Its scores are the set's column `quality`.
        detect_size, min_face, turn: see `images.FaceSearch`. faces: of several the "best" or the "largest"
            (`images.rank_faces`), or "all": the best of `couple` is then `couple`, the next `couple#2`, of nobody known.
        max_pixels, keep_damaged: see `images.read_image`.
        weights: folder to look for weights in first.
        batch_size: images a worker takes at a time. workers: threads; by default one per processor core.
        engine: where the files of a folder are made instead, each on one thread there.
        key: what the set is encrypted by; see `EmbeddingSet.save`. The parts of an unfinished run are, too.
        resume: go on where an interrupted run with the same settings and `out` stopped; a folder always does.
        progress: called with (images done, images in all). download_progress: see `fetch`.

    A card that was never tried (`ModelCard.doubt`) is a GuessWarning.

    Raises InputError where there are no images or when no image at all gives an embedding; ModelError when the network
    can't be had; OutputError when `out` can't be written. Single bad images are listed in the result's `skipped`.
    """
    card = model if isinstance(model, ModelCard) else load_card(model)
    if card.doubt:
        warnings.warn(card.doubt, GuessWarning, stacklevel=2)
    out = None if out is None else _writable(Path(out))
    if resume and out is None:
        raise InputError("resuming needs an output file", "Name it: that is where the unfinished run is kept.")
    source = open_images(images, columns)
    if ids is not None:
        source = named_by(source, ids)
    if aligned and landmarks is not None:
        raise InputError("aligned images need no landmarks", "Give either --aligned or --landmarks.")
    if min_face is not None:
        _at_least_one("smallest face", min_face)
    how = FaceSearch(_at_least_one("detect size", detect_size), min_face, turn)
    aligner = choose_aligner(landmarks, aligned, detector, weights, how, faces)
    if isinstance(aligner, GivenLandmarks):
        aligner.check(source.ids)
    decode = partial(decode_image, max_pixels=_at_least_one("limit on pixels", max_pixels), keep_damaged=keep_damaged)
    workers = _at_least_one("workers", workers if workers is not None else os.cpu_count() or 1)
    paths = tuple(find_weights(card, weights, progress=download_progress))
    metadata = {
        "weights": {path.name: checksum(path) for path in paths},
        "alignment": card.alignment(),
        "template": card.template.points.round(4).tolist(),
        "preprocessing": card.input.describe(),
        **aligner.facts,
        **({"keep_damaged": True} if keep_damaged else {}),
    }
    settings = {"model": card.name, **metadata, "max_pixels": max_pixels}
    seal = None if out is None else check_encryptable(out, key)
    settings |= {"encrypted": seal.key.id} if seal else {}
    size = _at_least_one("batch size", batch_size)
    job = Job(source, card, paths, aligner, decode, {**metadata, "facespace": __version__}, size, None, faces == "all")
    progress = progress or (lambda done, whole: None)
    try:
        if out is not None and not out.suffix:
            cut = {"batch_size": size, "rows_per_file": _at_least_one("rows per file", rows_per_file)}
            told = {**settings, **cut, "images": source.facts()}
            return _to_folder(replace(job, seal=seal), out, told, workers, engine, progress)
        if engine is not None:
            raise InputError("an engine writes a folder", "Name an output without suffix.")
        return _to_file(replace(job, seal=seal), out, settings, resume, workers, progress)
    except InputError as error:
        if source.others and "gave an embedding" in error.message:
            error.hint += f"; {describe_others(source.others)}"
        raise


def _to_folder(
    job: Job, out: Path, settings: dict[str, Any], workers: int, engine: Engine | None, progress: Callable[[int, int], None]
) -> EmbedResult:
    job = replace(job, folder=partial_of(out))
    count, others = len(job.images), job.images.others
    network = load_network(job.card, paths=job.paths, callers=workers) if engine is None else None

    def write(parts: Sequence[Part], tell: Callable[[int], None], seal: Seal | None) -> Iterator[dict[str, Any]]:
        sealed = replace(job, seal=seal)
        if network is not None:
            yield from sealed.lines(parts, network, workers, tell)
        elif engine is not None:
            for line in engine.map(sealed, parts):
                tell(line["images"])
                yield line

    start = time.perf_counter()
    lines, resumed = run_to_folder(count, out, settings, settings["rows_per_file"], write, progress, job.seal)
    seconds = time.perf_counter() - start
    return EmbedResult(
        EmbeddingSet.open(out, key=key_of(job.seal)),
        tuple(skipped_of(lines)),
        count,
        sum(line["several"] for line in lines),
        resumed,
        seconds,
        out,
        others,
        failures=out / FAILURES,
        noted_table=out / NOTED,
        noted=tuple(noted_of(lines)),
        encrypted=job.key_id,
    )


def _to_file(
    job: Job, out: Path | None, settings: dict[str, Any], resume: bool, workers: int, progress: Callable[[int, int], None]
) -> EmbedResult:
    network, source = load_network(job.card, paths=job.paths, callers=workers), job.images
    unfinished = None if out is None else PartialSet(out, settings, job.card.dim, resume, job.seal)
    total = Batch()
    if unfinished is not None:
        total.extend(unfinished.done)
    wanted = set(source.ids)
    done = {*total.images, *(s.id for s in total.skipped)} & wanted
    todo = (picture for picture in source.pictures(0, len(source)) if picture.id not in done)
    # A short list is spread over all workers.
    size = min(job.batch_size, max(1, -(-(len(source) - len(done)) // workers)))
    batches = iter(lambda: list(islice(todo, size)), [])
    finished = len(done)
    progress(finished, len(source))
    start = time.perf_counter()
    try:
        for batch in run_batches(batches, network, job.aligner, workers, job.decode, job.every):
            total.extend(batch)
            finished += len(batch)
            if unfinished is not None:
                unfinished.add(batch)
            progress(finished, len(source))
    finally:
        if unfinished is not None:
            unfinished.close()
    seconds = time.perf_counter() - start
    place = {name: i for i, name in enumerate(source.ids)}
    rows = sorted((i for i, name in enumerate(total.images) if name in place), key=lambda i: place[total.images[i]])
    if not rows:
        if unfinished is not None:
            unfinished.remove()  # there is nothing in it to go on with
        raise nothing_embedded(len(source), total.skipped)
    total = total.ordered(rows)
    embedded = job.make_set(total, 0, len(source))
    if unfinished is not None and out is not None:
        embedded.save(out, key=job.seal)
        unfinished.remove()
    skipped = sorted((s for s in total.skipped if s.id.partition("#")[0] in wanted or s.id in wanted), key=lambda s: s.id)
    noted = tuple(sorted((n for n in total.noted if n.id in wanted), key=lambda n: place[n.id]))
    return EmbedResult(
        embedded,
        tuple(skipped),
        len(source),
        len(total.several),
        len(done),
        seconds,
        out,
        source.others,
        noted=noted,
        encrypted=job.key_id,
    )


def _writable(path: Path) -> Path:
    # Known before hours of work, not after.
    if not path.suffix:
        check_folder(path)
    elif path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"{path}: can't write this kind of file",
            f"End the name in one of {shorten(SUFFIXES)}, or give a name without suffix for a folder of Parquet files.",
        )
    if path.is_dir():
        if (path / MANIFEST).exists() and not path.suffix:
            return path  # perhaps by this very run, killed when it had all; the journal knows
        if not path.suffix:
            raise OutputError(f"{path} is there already", "Name another folder, or remove it.")
        raise OutputError(f"can't write {path}: it is a folder", "Name a file in it.")
    return path


def _at_least_one(what: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{what} must be at least 1, not {value}")
    return value
