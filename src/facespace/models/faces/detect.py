"""`detect`: the faces of all images, found once for every network."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from ..._version import __version__
from ...errors import FacespaceError, InputError, OutputError
from ...images import (
    LONG_SIDE,
    MAX_PIXELS,
    FaceSearch,
    ImageFaces,
    ImageSource,
    Picture,
    decode_image,
    named_by,
    no_faces,
    open_images,
    write_faces,
)
from ...results import fields, signature
from ...shown import Result
from .aligners import Skipped
from .detectors import Detected, choose_detector


@dataclass(frozen=True, repr=False)
class DetectResult(Result):
    """What `detect` found.

    Attributes:
        path: the table of faces. images: how many there were. faces: how many faces were found in all.
        several: images with more than one face. turned: images that lie on a side or upside down.
        skipped: the images without a face, each with its reason. seconds: wall time.
        facts: the detector and how it looked. other_files: files of the folder that are no images, by suffix.
    """

    path: Path
    images: int
    faces: int
    several: int
    turned: int
    skipped: tuple[Skipped, ...]
    seconds: float
    facts: Mapping[str, Any]
    other_files: Mapping[str, int] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, int]:
        """How many images have no face for which reason."""
        return dict(Counter(s.reason for s in self.skipped))

    @property
    def signature(self) -> str:
        """One line that says how the faces were found."""
        how = {key: self.facts[key] for key in ("size", "min_face", "turn")}
        counts = {"images": self.images, "faces": self.faces}
        return signature(
            "detect", detector=self.facts["detector"], weights=self.facts["detector_sha256"][:12], **how, **counts
        )

    def brief(self) -> str:
        """The headline and its counts in a line."""
        return f"{self.faces:,} faces in {self.images:,} images, {len(self.skipped):,} without a face → {self.path}"

    def to_dict(self) -> dict[str, Any]:
        """The `detect` document."""
        return {
            **fields(self, "signature"),
            "output": self.path,
            **fields(self, "images", "faces", "several", "turned", "reasons", "other_files"),
            "skipped": [fields(skipped, "id", "file", "reason", "detail") for skipped in self.skipped],
            "seconds": round(self.seconds, 3),
        }


def detect(
    images: ImageSource,
    out: str | Path,
    *,
    ids: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    detector: str = "auto",
    size: int = LONG_SIDE,
    min_face: int | None = None,
    turn: bool = True,
    max_pixels: int = MAX_PIXELS,
    keep_damaged: bool = False,
    weights: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DetectResult:
    """Find the faces of all images and write them to a Parquet table, a row a face: box, landmarks, score, turn.

    `embed(images, …, landmarks=out)` then needs no detector, whichever the network. Arguments are those of `embed` and of
    `images.FaceSearch`.

    Raises InputError where no image shows a face, OutputError for another suffix than .parquet.
    """
    out = Path(out)
    if out.suffix.lower() != ".parquet" or out.is_dir():
        raise OutputError(f"{out}: faces are written to one .parquet file", f"Use {out.with_suffix('.parquet').name}.")
    if size < 1 or (min_face is not None and min_face < 1):
        raise InputError(f"sizes are at least 1 pixel, not {size} and {min_face}")
    source = open_images(images, columns)
    if ids is not None:
        source = named_by(source, ids)
    finder = choose_detector(detector, weights, FaceSearch(size, min_face, turn))
    decode = partial(decode_image, max_pixels=max_pixels, keep_damaged=keep_damaged)
    known = {key: finder.facts[key] for key in ("detector", "detector_sha256")}
    facts = {**known, "sure": finder.sure, "size": size, "min_face": min_face, "turn": turn, "facespace": __version__}
    start, told = time.perf_counter(), []
    pictures = source.pictures(0, len(source))
    for done, one in enumerate(_found(pictures, finder, decode, workers or os.cpu_count() or 1), 1):
        told.append(one)
        if progress is not None:
            progress(done, len(source))
    skipped = tuple(Skipped(name, file, one.reason, one.detail) for name, file, one in told if not len(one.faces))
    if len(skipped) == len(told):
        first = f"{skipped[0].file}: {skipped[0].reason} ({skipped[0].detail})" if skipped else ""
        raise InputError(f"none of the {len(told):,} images shows a face", f"First: {first}")
    write_faces(out, told, facts)
    counts = [len(one.faces) for _, _, one in told]
    turned = sum(one.degrees > 0 for _, _, one in told)
    several = sum(count > 1 for count in counts)
    seconds = time.perf_counter() - start
    return DetectResult(out, len(told), sum(counts), several, turned, skipped, seconds, facts, source.others)


def _found(
    pictures: Iterator[Picture], finder: Detected, decode: Callable[[bytes, str], Any], workers: int
) -> Iterator[tuple[str, str, ImageFaces]]:
    """(id, file, faces) of each picture, in order; some are under way on each of the threads."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the workers are the parallelism
    waiting: deque[Future[tuple[str, str, ImageFaces]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for picture in pictures:
                waiting.append(pool.submit(_look, picture, finder, decode))
                if len(waiting) >= 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            cv2.setNumThreads(before)


def _look(picture: Picture, finder: Detected, decode: Callable[[bytes, str], Any]) -> tuple[str, str, ImageFaces]:
    try:
        image = decode(picture.read_bytes(), str(picture.path))
    except FacespaceError as error:
        return picture.id, str(picture.path), no_faces("unreadable", error.message)
    found = finder.find(picture.id, image)
    if not len(found.faces):
        found = no_faces(finder.missing, f"image of {image.shape[1]} × {image.shape[0]} pixels", image.shape[:2])
    return picture.id, str(picture.path), found
