"""TemplateShard: the scores of one part of a template protocol, and the file it is kept in.

The parts of a list are scored on different machines and merged to the result of one run (`merge_shards`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..errors import FileFormatError, InputError, shorten
from ..io import atomic_write, read_npz_artefact
from ..metrics import ScoreHistogram

_PREFIX = "histogram_"
_COLUMNS = {"scores": np.float32, "same": np.bool_, "left": np.int32, "right": np.int32}  # of each pair
_COUNTS = ("faces", "templates", "pairs", "genuine", "skipped", "missing_faces")


@dataclass(frozen=True, eq=False)
class TemplateShard:
    """Part `index` (from 1) of `count` of a comparison.

    Attributes:
        facts: protocol, networks, map, counts of the whole list; equal in all parts of one comparison.
        warnings: what concerns the whole comparison.
        histogram: the scores of this part, counted.
        scores: (k,) float32 in the order of the list; None when only counts were kept. With them:
        same: (k,) bool, and
        left, right: (k,) int32 codes of the two people of each pair, None when they are not known.
    """

    index: int
    count: int
    facts: Mapping[str, Any]
    histogram: ScoreHistogram
    scores: NDArray[np.float32] | None = None
    same: NDArray[np.bool_] | None = None
    left: NDArray[np.int32] | None = None
    right: NDArray[np.int32] | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def file_name(self) -> str:
        """What the command line calls its file: `shard-03-of-16.npz`."""
        width = len(str(self.count))
        return f"shard-{self.index:0{width}}-of-{self.count}.npz"

    def save(self, path: str | Path) -> Path:
        """Write to a .npz file, whole or not at all."""
        facts = {"shard": [self.index, self.count], "facts": dict(self.facts), "warnings": self.warnings}
        arrays: dict[str, Any] = {_PREFIX + name: array for name, array in self.histogram.to_arrays().items()}
        for name in _COLUMNS:
            if getattr(self, name) is not None:
                arrays[name] = getattr(self, name)
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez(file, facts=np.array(json.dumps(facts | {"version": __version__})), **arrays)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> TemplateShard:
        """Read what `save` wrote. Raises FileFormatError."""
        names = [*(_PREFIX + name for name in ScoreHistogram.ARRAYS), *_COLUMNS]
        file = read_npz_artefact(Path(path), "a shard of scores", names, "facts")
        shard, told, warnings = file.fact("shard", list), file.inner("facts"), file.fact("warnings", list)
        if len(shard) != 2 or not all(type(n) is int for n in shard) or not 0 < shard[0] <= shard[1] < 1 << 31:
            raise file.error(f"says shard: {shorten(shard)}, where 'number of count' is needed")
        if not all(isinstance(text, str) for text in warnings):
            raise file.error("has warnings that are no text")
        told.fact("protocol", str)
        for name in ("model", "target", "map", "mapped", "pooling", "cohort", "about"):
            told.fact(name, (str, type(None)), None)
        if wrong := [name for name in _COUNTS if told.fact(name, int) < 0]:
            raise file.error(f"says {wrong[0]}: {told.facts[wrong[0]]}")
        arrays = {
            name: file.array(_PREFIX + name, shape, kind)
            for name, (shape, kind) in ScoreHistogram.ARRAYS.items()
            if name != "lowest" or _PREFIX + name in file.arrays  # without scores there is none
        }
        try:
            histogram = ScoreHistogram.from_arrays(arrays)
        except InputError as error:
            raise file.error(f"holds no histogram: {error.message}") from None
        columns: dict[str, Any] = {
            name: file.array(name, (len(histogram),), kind) for name, kind in _COLUMNS.items() if name in file.arrays
        }
        if set(columns) not in (set(), {"scores", "same"}, set(_COLUMNS)):
            raise file.error(f"has only these columns of its pairs: {shorten(sorted(columns))}")
        if columns and np.count_nonzero(columns["same"]) != histogram.n_genuine:
            raise file.error("counts other pairs than it lists")
        return cls(shard[0], shard[1], dict(told.facts), histogram, warnings=tuple(warnings), **columns)


def load_shards(folder: str | Path) -> list[TemplateShard]:
    """Every `shard-*.npz` in a folder. Raises FileFormatError when there is none."""
    paths = sorted(Path(folder).glob("shard-*.npz"))
    if not paths:
        raise FileFormatError(f"no shard-*.npz in {folder}", "Make them with --shard 1/N … N/N -o FOLDER.")
    return [TemplateShard.load(path) for path in paths]


def whole(shards: Sequence[TemplateShard]) -> TemplateShard:
    """All parts of a comparison, given in any order, as one. InputError when they don't belong together or some lack."""
    if not shards:
        raise InputError("no shards to merge")
    first = shards[0]
    for other in shards[1:]:
        if other.count != first.count or dict(other.facts) != dict(first.facts):
            different = [k for k in {*first.facts, *other.facts} if first.facts.get(k) != other.facts.get(k)]
            words = [f"{k} {first.facts.get(k)!r} and {other.facts.get(k)!r}" for k in sorted(different)]
            if other.count != first.count:
                words.insert(0, f"{first.count} and {other.count} parts")
            raise InputError(f"shards of different comparisons can't be merged: {shorten(words)}")
    by_index = {shard.index: shard for shard in shards}
    if len(by_index) < len(shards):
        indexes = [shard.index for shard in shards]
        twice = sorted({i for i in indexes if indexes.count(i) > 1})
        raise InputError(f"shards given twice: {shorten(twice)} of {first.count}")
    if missing := [i for i in range(1, first.count + 1) if i not in by_index]:
        raise InputError(
            f"{len(missing):,} of {first.count} shards are missing: {shorten(missing)}",
            "Run them, or wait until they are done.",
        )
    ordered = [by_index[i] for i in sorted(by_index)]
    if len(ordered) == 1:
        return first
    histogram = ScoreHistogram(first.histogram.capacity)
    for shard in ordered:
        histogram += shard.histogram
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        parts = [getattr(shard, name) for shard in ordered]
        columns[name] = None if any(part is None for part in parts) else np.concatenate(parts)
    warnings = tuple(dict.fromkeys(text for shard in ordered for text in shard.warnings))
    return TemplateShard(1, 1, first.facts, histogram, warnings=warnings, **columns)
