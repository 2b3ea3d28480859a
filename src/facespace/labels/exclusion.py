"""Ids to be left out: which, and the file they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..io import atomic_write, one_or_more

Rows = NDArray[np.intp]


def cover(listed: NDArray[np.bool_], pairs: Sequence[tuple[Rows, Rows]]) -> Rows:
    """Rows, sorted, of which every pair has at least one: those `listed` (n,), then by turns who is in most pairs left.

    >>> cover(np.zeros(4, bool), [(np.array([0, 1, 2]), np.array([3, 3, 3]))]).tolist()
    [3]
    """
    out = set(np.flatnonzero(listed).tolist())
    left = {(int(i), int(j)) for one, other in pairs for i, j in zip(one, other, strict=True)}
    left = {pair for pair in left if not out & set(pair)}
    while left:
        counts: dict[int, int] = {}
        for pair in left:
            for row in pair:
                counts[row] = counts.get(row, 0) + 1
        worst = max(counts, key=lambda row: (counts[row], row))
        out.add(worst)
        left = {pair for pair in left if worst not in pair}
    return np.array(sorted(out), dtype=np.intp)


def write_exclusion(path: str | Path, ids: Iterable[str], comment: str = "") -> Path:
    """Write ids, one a line, below a comment. What `--exclude` reads."""
    with atomic_write(path) as temporary:
        lines = [f"# {comment}"] if comment else []
        temporary.write_text("".join(f"{line}\n" for line in [*lines, *one_or_more(ids)]), encoding="utf-8")
    return Path(path)
