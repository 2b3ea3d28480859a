"""How batches run: decoding, alignment and the network, in parallel.

Each worker thread takes a whole batch through all three, the network computing in that same thread. So one worker decodes
while another computes, every core has work all the time, and no batch waits for the threads of another: on few cores this
is faster than a network that spreads each batch over all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import cv2
import numpy as np

from ..images import Image, Picture, Template
from ._crops import Aligner, Skipped, drop_bad_vectors, make_crop
from ._partial import Batch
from .runtimes import Network

_AHEAD = 3  # batches for each worker: there is work while a file is being written


def run_batches(
    batches: Iterable[list[Picture]],
    network: Network,
    aligner: Aligner,
    workers: int,
    decode: Callable[[bytes, str], Image],
) -> Iterator[Batch]:
    """The batches' outcomes in order; at most some batches per worker are under way or wait to be taken."""
    waiting: deque[Future[Batch]] = deque()
    with _one_opencv_thread(), ThreadPoolExecutor(workers) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(embed_batch, batch, network, aligner, network.card.template, decode))
                if len(waiting) >= _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    # The workers are the parallelism; OpenCV's own threads would fight with them over the cores.
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def embed_batch(
    images: Sequence[Picture],
    network: Network,
    aligner: Aligner,
    template: Template,
    decode: Callable[[bytes, str], Image],
) -> Batch:
    """One batch through decoding, alignment and the network."""
    made: list[Picture] = []
    result = Batch()
    crops = np.empty((len(images), *template.shape, 3), np.uint8)
    for image in images:
        crop = make_crop(image, aligner, template, decode)
        if isinstance(crop, Skipped):
            result.skipped.append(crop)
            continue
        crops[len(made)] = crop[0]
        result.faces.append(crop[1])
        made.append(image)
    if not made:
        return result
    vectors = network(crops[: len(made)])
    good, bad = drop_bad_vectors(made, vectors)
    result.skipped += bad
    result.ids = [image.id for image, ok in zip(made, good, strict=True) if ok]
    result.faces = [n for n, ok in zip(result.faces, good, strict=True) if ok]
    result.vectors = list(vectors[good])
    return result
