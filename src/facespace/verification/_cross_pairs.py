"""Scores of random pairs across two sets in bounded memory: their upper tail, a histogram, how often each row took part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ..embeddings import EmbeddingSet, Floats, normalize
from ..engine import Engine, LocalEngine
from ..errors import InputError
from ..io import among
from ..metrics import FEW_FALSE_ACCEPTS
from ..people import people_of
from ..row_index import AnySet, Progress, RowIndex, mixed, steps

Rows = NDArray[np.intp]

_BLOCK = 1 << 18  # pairs drawn at a time
_INNER = 4096  # pairs scored at a time, so that their vectors stay in the processor's cache
IMAGES = 50_000  # of either set at most that pairs are drawn from: 100 MB of 512 numbers
_FEWEST_SCORES = 10_000  # below, a share of pairs of one person can't be told from the impostors' tail
_WITHIN = 0.4  # of a share of 1 % and more: how far its estimate may be off
BINS = 8192  # of the histogram, over cosines −1 … 1


@dataclass(frozen=True, eq=False)
class CrossScores:
    """Scores of `n` pairs of different images (of different people, where these are known).

    Attributes:
        n: pairs scored.
        tail: (k,) the largest scores, descending.
        left, right: (k,) which unit (image or person) is on either side of the pairs of `tail`.
        counts: (BINS,) histogram of all scores over −1 … 1.
        degree: (units,) in how many pairs each unit is.
    """

    n: int
    tail: Floats
    left: Rows
    right: Rows
    counts: NDArray[np.int64]
    degree: NDArray[np.int64]


def cross_scores(
    probes: NDArray[Any], references: NDArray[Any], units: CrossUnits, *, pairs: int, tail_share: float, seed: int
) -> CrossScores:
    """Cosines of rows of `probes` (n, r) and `references` (m, r): all pairs if there are at most `pairs`, else random ones.

    `tail_share` is the share of the scores that is kept as the tail. Memory depends on `pairs` only through the tail.
    """
    x, y = normalize(probes), normalize(references)
    left_rows, right_rows = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    scores = np.empty(0, dtype=np.float32)
    counts = np.zeros(BINS, dtype=np.int64)
    degree = np.zeros(units.count, dtype=np.int64)
    keep = max(1000, int(np.ceil(pairs * min(tail_share, 1.0))))
    n = 0
    for i, j in _drawn(len(x), len(y), pairs, seed):
        apart = units.left[i] != units.right[j]
        i, j = i[apart], j[apart]
        block = np.empty(len(i), dtype=np.float32)
        for start in range(0, len(i), _INNER):
            part = slice(start, start + _INNER)
            np.vecdot(x[i[part]], y[j[part]], out=block[part])
        n += len(i)
        counts += np.bincount(_bins(block), minlength=BINS)
        for rows, unit in ((i, units.left), (j, units.right)):
            degree += np.bincount(unit[rows], minlength=units.count)
        scores = np.concatenate([scores, block])
        left_rows, right_rows = np.concatenate([left_rows, i]), np.concatenate([right_rows, j])
        if len(scores) > keep:
            top = np.argpartition(-scores, keep)[:keep]
            scores, left_rows, right_rows = scores[top], left_rows[top], right_rows[top]
    if n == 0:
        raise InputError(
            "there is no pair of different images (of different people) to take an impostor score from",
            "Give sets of more images.",
        )
    order = np.argsort(-scores, kind="stable")
    left, right = units.left[left_rows[order]], units.right[right_rows[order]]
    return CrossScores(n, scores[order], left, right, counts, degree)


@dataclass(frozen=True, eq=False)
class CrossUnits:
    """`left` (n,), `right` (m,): which unit each row of two sets belongs to. Units are people if `labelled`, else images;
    `count` is their number. `drawn`: the rows are some of larger sets."""

    left: Rows
    right: Rows
    labelled: bool
    count: int
    drawn: bool = False

    @classmethod
    def of(
        cls,
        a: AnySet,
        b: AnySet,
        *,
        labels: bool,
        seed: int = 0,
        exclude: Sequence[str] = (),
        engine: Engine | None = None,
        progress: Progress | None = None,
    ) -> tuple[EmbeddingSet, EmbeddingSet, CrossUnits]:
        """People (`facespace.people`) where `labels` and both sets know some, else images by their ids; with the sets.

        Where people are the units, the images of unknown ones are left out: they may show anybody. Of more than `IMAGES`
        images a set is so many, which `seed` draws by the hashes of their ids. Those of `exclude` are left out then.
        """
        drawn = max(len(a), len(b)) > IMAGES
        a, b = _in_memory((a, b), labels, seed, engine or LocalEngine(), progress)
        if len(exclude):
            out = np.asarray(exclude, dtype=np.str_)
            a, b = (faces.take(np.flatnonzero(~among(faces.ids, out))) for faces in (a, b))
        people = people_of(a), people_of(b)
        known = labels and all(one.source != "nobody" for one in people)
        if known:
            a, b = (faces.take(np.flatnonzero(one.known)) for faces, one in zip((a, b), people, strict=True))
        one, two = (p.names[p.known] for p in people) if known else (a.ids, b.ids)
        names, unit = np.unique(np.concatenate([one, two]), return_inverse=True)
        return a, b, cls(unit[: len(a)], unit[len(a) :], known, len(names), drawn)


def _in_memory(
    sides: tuple[AnySet, AnySet], labels: bool, seed: int, engine: Engine, progress: Progress | None
) -> list[EmbeddingSet]:
    """The sets, or `IMAGES` images of each: those of the least hashes, whatever order or files they lie in."""
    if max(map(len, sides)) <= IMAGES:
        return [faces if isinstance(faces, EmbeddingSet) else faces.load() for faces in sides]
    indexes = [RowIndex.of(faces, engine, steps(progress, "reading ids", len(faces))) for faces in sides]
    known = labels and all(index.source != "nobody" for index in indexes)
    found = []
    for side, (faces, index) in enumerate(zip(sides, indexes, strict=True)):
        rows = np.flatnonzero(index.people) if known else np.arange(len(index))
        if len(rows) > IMAGES:  # other images of each side, so that more of them speak
            rows = rows[np.argsort(mixed(mixed(index.ids[rows], seed), side), kind="stable")[:IMAGES]]
        found.append(faces.take(rows))
    return found


def _drawn(n: int, m: int, pairs: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Blocks of pairs of rows: every one once if there are at most `pairs`, else `pairs` random ones."""
    rng = np.random.default_rng(seed)
    every = n * m <= pairs
    total = n * m if every else pairs
    for start in range(0, total, _BLOCK):
        size = min(_BLOCK, total - start)
        if every:
            i, j = np.divmod(np.arange(start, start + size), m)
        else:
            i, j = rng.integers(0, n, size), rng.integers(0, m, size)
        yield i, j


def _bins(scores: Floats) -> Rows:
    place: Rows = np.clip((scores + 1) * (BINS / 2), 0, BINS - 1).astype(np.intp)
    return place


@dataclass(frozen=True)
class Share:
    """Share of the random pairs that is taken to be of one person, its limits, and why it is not to be leant on."""

    value: float
    low: float
    high: float
    note: str = ""


def excess(scores: CrossScores) -> Share:
    """Share of the scores above what the impostors' tail, continued from its bulk, can explain.

    A parabola through 30 % to 2 % of the scores continues the bulk well (it finds 0.02 % of 0.03 %, 0.22 of 0.41), but sees
    nothing of a share of 1 % and more, which lies in that part itself. Such a share is seen from 50 % to 10 %: by a parabola
    roughly, and then measured by a line, from 90 % to 30 % where it is larger still. On LFW with 1.4 to 4.5 % of the pairs
    of one person the line says 0.8 to 1.3 times as much.
    """
    few = scores.n < _FEWEST_SCORES
    line, curve, far = (_beyond(scores, *by) for by in ((0.5, 0.1, 1), (0.5, 0.1, 2), (0.9, 0.3, 1)))
    if curve > (0.01 if few else 0.005) or far > 0.06:
        line = far if far > 0.06 else line
        told = f"about {100 * line:.1f} % of the random pairs seem to be of one person, estimated within {_WITHIN:.0%}"
        note = (
            f"{told}: the threshold and its interval hang on that; sets with a subject column, or a known share, need none"
        )
        return Share(line, (1 - _WITHIN) * line, (1 + _WITHIN) * line, note)
    if few:
        told = f"{scores.n:,} scores are too few to tell how many are of one person (that takes {_FEWEST_SCORES:,})"
        note = f"{told}: none is taken out, and the interval allows for {100 * (1 + _WITHIN) * line:.1f} %"
        return Share(0.0, 0.0, (1 + _WITHIN) * line, note)
    found = _beyond(scores, 0.3, 0.02, 2, sure=True)
    return Share(found, found, max(2 * found, curve))


def _beyond(scores: CrossScores, top: float, bottom: float, degree: int, *, sure: bool = False) -> float:
    """The largest excess over the tail that the scores' `top` to `bottom` share predicts.

    The probit of the share at or above a score is nearly a straight line for impostors; a polynomial continues it.
    `sure`: only where at least three quarters of the scores are excess.
    """
    above = scores.counts[::-1].cumsum()[::-1] / scores.n
    edges = np.linspace(-1, 1, BINS, endpoint=False)
    bulk = (above <= top) & (above >= bottom)
    beyond = np.flatnonzero((above < bottom) & (above * scores.n >= FEW_FALSE_ACCEPTS))
    if np.count_nonzero(bulk) < 8 or len(beyond) == 0:
        return 0.0
    steps = np.polynomial.Polynomial.fit(edges[bulk], -ndtri(above[bulk]), degree)
    expected = ndtr(-np.maximum.accumulate(steps(edges[beyond])))
    excess = above[beyond] - expected
    return float(np.maximum(excess if not sure else np.where(expected <= 0.25 * above[beyond], excess, 0.0), 0.0).max())
