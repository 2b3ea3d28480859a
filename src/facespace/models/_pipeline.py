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
from ._partial import Batch
from .faces import Aligner, Skipped, Taken, drop_bad_vectors, make_crops
from .runtimes import Network

_AHEAD = 3  # batches for each worker: there is work while a file is being written


def run_batches(
    batches: Iterable[list[Picture]],
    network: Network,
    aligner: Aligner,
    workers: int,
    decode: Callable[[bytes, str], Image],
    every: bool = False,
) -> Iterator[Batch]:
    """The batches' outcomes in order; at most some batches per worker are under way or wait to be taken."""
    waiting: deque[Future[Batch]] = deque()
    with _one_opencv_thread(), ThreadPoolExecutor(workers) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(embed_batch, batch, network, aligner, network.card.template, decode, every))
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
    every: bool = False,
) -> Batch:
    """One batch through decoding, alignment and the network; with `every` all faces, the second of `a` as `a#2`."""
    made: list[tuple[Picture, Taken]] = []
    result = Batch(count=len(images))
    for image in images:
        taken = make_crops(image, aligner, template, decode, every)
        if isinstance(taken, Skipped):
            result.skipped.append(taken)
        else:
            made += [(image, one) for one in taken]
    if not made:
        return result
    crops = np.stack([one.crop for _, one in made])
    # As many at a time as there are images, whatever number of faces they show.
    vectors = np.concatenate([network(crops[i : i + len(images)]) for i in range(0, len(crops), len(images))])
    rows = [(image.id + f"#{one.number}" * (one.number > 1), str(image.path)) for image, one in made]
    good, bad = drop_bad_vectors(rows, vectors)
    result.skipped += bad
    kept = np.flatnonzero(good).tolist()
    result.ids = [rows[i][0] for i in kept]
    result.images = [made[i][0].id for i in kept]
    result.faces, result.scores = [made[i][1].faces for i in kept], [made[i][1].score for i in kept]
    result.noted = [noted for i in kept if (noted := made[i][1].noted) is not None]
    result.vectors = list(vectors[good])
    return result
