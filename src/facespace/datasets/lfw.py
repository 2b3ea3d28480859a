"""Labeled Faces in the Wild: pairs.txt (ten folds) and pairsDevTrain.txt, pairsDevTest.txt (none).

Format: a header `folds<TAB>n` (or only `n`), then for every fold n genuine lines `name i j` and n impostor lines
`name1 i name2 j`. Source: Huang et al., Labeled Faces in the Wild, 2008, README of the view 1 and 2 lists.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import FileFormatError
from ._lines import Line, fields, read_lines, whole_number, wrong_line
from .protocol import PairProtocol


def read_lfw_pairs(path: str | Path) -> PairProtocol:
    """The pairs with ids `Name/Name_0001`; folds 0 … 9 when the header gives their number, else no folds.

    Raises FileFormatError with file and line number for a line of another form or out of place, and when the file has
    fewer or more pairs than its header promises.
    """
    path = Path(path)
    header, *lines = read_lines(path)
    numbers = [whole_number(part) for part in header[1].split()]
    if len(numbers) not in (1, 2) or any(not number for number in numbers):
        raise wrong_line(path, header, "the header of an LFW pairs list ('10<TAB>300', or one number)")
    folds, per_class = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    assert folds
    assert per_class  # the header's numbers are neither missing nor zero
    if len(lines) != 2 * folds * per_class:
        raise FileFormatError(
            f"{path} has {len(lines):,} pairs, but its first line promises {folds} × 2 × {per_class} = "
            f"{2 * folds * per_class:,}",
            "Is it truncated? Copy it again.",
        )
    left, right, same = [], [], []
    for index, line in enumerate(lines):
        genuine = index // per_class % 2 == 0
        one, two = _pair(path, line, genuine)
        left.append(one)
        right.append(two)
        same.append(genuine)
    fold = np.arange(len(lines)) // (2 * per_class) if len(numbers) == 2 else None
    name = f"lfw-{folds}fold" if len(numbers) == 2 else f"lfw-{path.stem}"
    return PairProtocol(name, np.array(left), np.array(right), np.array(same), fold)


def lfw_id(name: str, number: int) -> str:
    """The id of an image: its path in the LFW folder without extension.

    >>> lfw_id("Zico", 3)
    'Zico/Zico_0003'
    """
    return f"{name}/{name}_{number:04d}"


def _pair(path: Path, line: Line, genuine: bool) -> tuple[str, str]:
    parts = fields(line[1])
    if genuine and len(parts) == 3:
        one, i, two, j = parts[0], parts[1], parts[0], parts[2]
    elif not genuine and len(parts) == 4:
        one, i, two, j = parts
    else:
        form = "a genuine pair 'name i j'" if genuine else "an impostor pair 'name1 i name2 j'"
        raise wrong_line(path, line, f"{form}, which the header makes due here")
    first, second = whole_number(i), whole_number(j)
    if not first or not second:
        raise wrong_line(path, line, "a pair: image numbers are whole and start at 1")
    return lfw_id(one, first), lfw_id(two, second)
