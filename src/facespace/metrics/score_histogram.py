"""ScoreHistogram: any number of scores in bounded memory, exact where the threshold is, and the same for any shards.

Two parts. 2²⁰ equal bins over −1 … 1 count all scores. Of the highest scores, down to the edge of a bin (the `floor`),
every distinct value is kept with its counts: as many bins from the top as have at most `capacity` distinct values. The
floor is thus a function of the scores alone, and more scores can only raise it; so whatever a merged histogram keeps,
every part has kept too, and parts merge in any order to the histogram of all scores. Above the floor the ROC is that of a
full sort; below it, its points are true points of the ROC, but only those at edges of bins (2⁻¹⁹ apart).

>>> import numpy as np
>>> scores, same = np.array([0.9, 0.8, 0.3, 0.1], dtype=np.float32), np.array([True, True, False, False])
>>> half = ScoreHistogram().update(scores[::2], same[::2])
>>> (half + ScoreHistogram().update(scores[1::2], same[1::2])).tar_at_far(0.5).tar
1.0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .roc import Roc, TarAtFar, allowed_accepts

Counts = NDArray[np.int64]
Floats = NDArray[np.float32]
Bins = NDArray[np.int32]

BINS = 1 << 20
CAPACITY = 1 << 21
_HALF = BINS // 2
_BATCH = 1 << 20  # scores counted at a time


class ScoreHistogram:
    """Counts of genuine and impostor scores.

    Scores are float32; cosines, or anything else (what lies outside −1 … 1 is in the outermost bins). Memory: 17 MB of
    bins and 20 bytes for each distinct score kept, at most `capacity`.

    Attributes:
        capacity: largest number of distinct scores kept exactly.
        floor: the lowest bin whose scores are kept exactly; 0 where all are.
        values: (v,) float32, the distinct scores kept, ascending.
        genuine, impostor: (v,) int64, how often each occurs.
        lowest: the smallest score of all, +∞ without any.
        n_genuine, n_impostor: how many scores were counted.
    """

    #: What `to_arrays` gives: shapes, with a letter for each length, and types.
    ARRAYS: ClassVar[dict[str, tuple[tuple[int | str, ...], type[np.generic]]]] = {
        **dict.fromkeys(("capacity", "floor"), ((), np.int64)),
        "lowest": ((), np.float64),
        "values": (("v",), np.float32),
        **dict.fromkeys(("genuine", "impostor"), (("v",), np.int64)),
        "bins": (("b",), np.int32),
        "counts": ((2, "b"), np.int64),
    }

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise InputError(f"a histogram keeps at least one score exactly, not {capacity}")
        self.capacity = capacity
        self.floor = 0
        self.values: Floats = np.empty(0, dtype=np.float32)
        self.genuine: Counts = np.empty(0, dtype=np.int64)
        self.impostor: Counts = np.empty(0, dtype=np.int64)
        self.lowest = float("inf")
        self.n_genuine = self.n_impostor = 0
        self._bins: NDArray[np.int64] = np.zeros((2, BINS), dtype=np.int64)  # genuine, impostor

    def __len__(self) -> int:
        return self.n_genuine + self.n_impostor

    def __repr__(self) -> str:
        return f"ScoreHistogram({self.n_genuine:,} genuine, {self.n_impostor:,} impostor, {len(self.values):,} exact)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoreHistogram):
            return NotImplemented
        names = ("capacity", "floor", "lowest", "values", "genuine", "impostor", "_bins")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def update(self, scores: ArrayLike, same: ArrayLike) -> ScoreHistogram:
        """Count `scores` (n,), of which those with `same` (n,) are genuine; returns itself.

        Raises InputError for NaN or infinite scores and lengths that differ.
        """
        every, truth = np.asarray(scores, dtype=np.float32), np.asarray(same, dtype=np.bool_)
        if every.ndim != 1 or every.shape != truth.shape:
            raise InputError(f"{every.shape} scores but {truth.shape} labels", "Give two vectors of one length.")
        for part in _batches(len(every)):
            if not np.isfinite(every[part]).all():
                raise InputError(f"{int((~np.isfinite(every)).sum()):,} scores are NaN or infinite")
        for part in _batches(len(every)):
            self.lowest = min(self.lowest, float(every[part].min()) + 0.0)
            bins, genuine = _bin(every[part]), truth[part]
            for row, members in enumerate((genuine, ~genuine)):
                self._count(row, bins[members])
        # Keep what may lie above the new floor: first as many scores as fit, more of them where many are ties.
        room = max(self.capacity + self.capacity // 8, _BATCH)
        while True:
            lowest = max(self.floor, self._bin_of_highest(room) if len(every) > room else 0)
            kept = self._with(every, truth, lowest)
            if lowest == self.floor or len(kept[0]) > self.capacity:
                break
            room *= 2
        self._take(*kept)
        return self

    def _count(self, row: int, bins: Bins) -> None:
        if len(bins) > BINS // 16:
            self._bins[row] += np.bincount(bins, minlength=BINS)
        else:
            used, held = _runs(np.sort(bins))
            self._bins[row, used] += held
        self.n_genuine, self.n_impostor = self.n_genuine + (1 - row) * len(bins), self.n_impostor + row * len(bins)

    def _bin_of_highest(self, room: int) -> int:
        """The lowest bin such that at most `room` scores are in it and above."""
        return BINS - int(np.searchsorted(np.cumsum((self._bins[0] + self._bins[1])[::-1]), room, side="right"))

    def _with(self, scores: Floats, same: NDArray[np.bool_], lowest: int) -> tuple[Floats, Counts, Counts]:
        """`values`, `genuine` and `impostor` of the scores kept and the new ones, from bin `lowest` up."""
        found: tuple[list[Floats], list[Floats]] = ([], [])
        for part in _batches(len(scores)):
            high = _bin(scores[part]) >= lowest
            members, of_one = scores[part][high], same[part][high]
            found[0].append(members[of_one])
            found[1].append(members[~of_one])
        start = int(np.searchsorted(_bin(self.values), lowest))
        runs = [(self.values[start:], self.genuine[start:], self.impostor[start:])]
        for row, parts in enumerate(found):
            values, counts = _runs(np.sort(np.concatenate([*parts, np.empty(0, dtype=np.float32)])) + np.float32(0))
            none = np.zeros_like(counts)
            runs.append((values, counts, none) if row == 0 else (values, none, counts))
        return _merged(runs)

    def _take(self, values: Floats, genuine: Counts, impostor: Counts) -> None:
        """Keep these, from the floor that leaves no more of them than fit."""
        self.__dict__.pop("_roc", None)
        bins = _bin(values)
        cut = int(np.searchsorted(bins, self.floor))
        if (surplus := len(values) - self.capacity) > cut:
            self.floor = int(bins[surplus - 1]) + 1  # the lowest one that fits
            cut = int(np.searchsorted(bins, self.floor))
        self.values, self.genuine, self.impostor = values[cut:].copy(), genuine[cut:].copy(), impostor[cut:].copy()

    def __add__(self, other: ScoreHistogram) -> ScoreHistogram:
        """The histogram of both; InputError when their capacities differ."""
        if self.capacity != other.capacity:
            raise InputError(
                f"histograms of capacity {self.capacity:,} and {other.capacity:,} can't be merged",
                "Make all parts with one capacity.",
            )
        total = ScoreHistogram(self.capacity)
        total._bins = self._bins + other._bins
        total.n_genuine, total.n_impostor = self.n_genuine + other.n_genuine, self.n_impostor + other.n_impostor
        total.lowest = min(self.lowest, other.lowest)
        total.floor = max(self.floor, other.floor)
        total._take(*_merged([(part.values, part.genuine, part.impostor) for part in (self, other)]))
        return total

    def roc(self) -> Roc:
        """The ROC: every distinct score above the floor, below it the edges of the bins that hold scores."""
        return self._roc

    @cached_property
    def _roc(self) -> Roc:
        below = self._bins[:, : self.floor]
        used = np.flatnonzero(below[0] | below[1])[::-1]
        edges = (used - _HALF) / _HALF
        if len(used) and used[-1] == 0:
            edges[-1] = min(self.lowest, edges[-1])
        parts = [
            np.concatenate([kept[::-1], row[used]]) for kept, row in zip((self.genuine, self.impostor), below, strict=True)
        ]
        return Roc.from_counts(np.concatenate([self.values[::-1].astype(np.float64), edges]), *parts)

    @property
    def exact_far(self) -> float:
        """`tar_at_far` equals that of a full sort for every FAR below this one; +∞ where every score is kept."""
        if not self._bins[:, : self.floor].any():
            return float("inf")
        return int(self.impostor.sum()) / self.n_impostor

    @property
    def auc_error(self) -> float:
        """How far the AUC may be from that of a full sort: scores of one bin below the floor are taken as ties."""
        genuine, impostor = (row[: self.floor].astype(np.float64) for row in self._bins)
        return float(0.5 * (genuine @ impostor) / (self.n_genuine * self.n_impostor))

    def tar_at_far(self, far: float) -> TarAtFar:
        """`Roc.tar_at_far`; where the threshold lies below the floor, at the next edge of a bin above it, with a warning."""
        row = self._roc.tar_at_far(far)
        if self.exact_far > 1 or int(self.impostor.sum()) > allowed_accepts(far, self.n_impostor):
            return row
        note = (
            f"TAR at FAR {far:g} is read at the edge of a bin of width {1 / _HALF:.1g}, because the scores kept one by one "
            f"end at FAR {self.exact_far:.3g}"
        )
        threshold = row.threshold
        if row.false_accepts == 0:  # just above the largest impostor score: above its whole bin
            top = int(np.flatnonzero(self._bins[1])[-1])
            threshold = (top + 1 - _HALF) / _HALF if top + 1 < BINS else float("inf")
        return replace(row, threshold=threshold, warning="; ".join(filter(None, (row.warning, note))))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for a file, of `ARRAYS` (`lowest` not where there are no scores); `from_arrays` reads them."""
        used = np.flatnonzero(self._bins[0] | self._bins[1])
        return {
            "capacity": np.array(self.capacity),
            "floor": np.array(self.floor),
            **({"lowest": np.array(self.lowest)} if len(self) else {}),
            "values": self.values,
            "genuine": self.genuine,
            "impostor": self.impostor,
            "bins": used.astype(np.int32),
            "counts": self._bins[:, used],
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ScoreHistogram:
        """What `to_arrays` gave, of these shapes and types. Raises InputError where it is no histogram's."""
        found = cls(int(arrays["capacity"]))
        found.floor, found.lowest = int(arrays["floor"]), float(arrays.get("lowest", np.inf))
        found.values, found.genuine, found.impostor = arrays["values"], arrays["genuine"], arrays["impostor"]
        bins, counts, kept = arrays["bins"], arrays["counts"], np.stack([arrays["genuine"], arrays["impostor"]])
        if not 0 <= found.floor <= BINS or (len(bins) and not 0 <= bins.min() <= bins.max() < BINS):
            raise InputError(f"its bins are not among {BINS:,}")
        if (counts < 0).any() or (kept < 0).any() or counts.sum(dtype=np.float64) > 2**53:
            raise InputError("its counts are negative, or enormous")
        if (np.diff(bins) <= 0).any() or (np.diff(found.values) <= 0).any() or len(found.values) > found.capacity:
            raise InputError("its bins or scores are not in order, or too many")
        found._bins[:, bins] = counts
        above = np.zeros_like(found._bins)
        for row, held in zip(above, kept, strict=True):
            np.add.at(row, _bin(found.values), held)
        if not np.array_equal(above[:, found.floor :], found._bins[:, found.floor :]) or above[:, : found.floor].any():
            raise InputError("its scores and its bins count differently")
        found.n_genuine, found.n_impostor = counts.sum(axis=1).tolist()
        return found


def _bin(values: Floats) -> Bins:
    """Bin b holds the scores from (b − 2¹⁹) / 2¹⁹ up to the next edge; scaling by a power of two is exact in float32."""
    scaled = np.clip(values, -1.0, np.float32(1 - 2**-20))
    scaled *= np.float32(_HALF)
    bins: Bins = np.floor(scaled, out=scaled).astype(np.int32)
    bins += _HALF
    return bins


def _runs(ordered: NDArray[Any]) -> tuple[NDArray[Any], Counts]:
    """Distinct values of an ascending array, and how often each occurs."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.empty(0, np.intp)
    return ordered[starts], np.diff(np.append(starts, len(ordered)))


def _merged(runs: list[tuple[Floats, Counts, Counts]]) -> tuple[Floats, Counts, Counts]:
    """Ascending distinct values of all runs, and the sums of their genuine and impostor counts."""
    runs = [run for run in runs if len(run[0])] or runs[:1]
    if len(runs) == 1:
        return runs[0]
    values, genuine, impostor = (np.concatenate(column) for column in zip(*runs, strict=True))
    order = np.argsort(values, kind="stable")
    values = values[order]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return values[starts], np.add.reduceat(genuine[order], starts), np.add.reduceat(impostor[order], starts)


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, start + _BATCH) for start in range(0, n, _BATCH))
