"""`read_pairs`: any pairs list, recognised by its first line (or its suffix, for insightface .bin).

Kinds: LFW pairs.txt; csv or tsv with a header id1, id2, same and perhaps fold; YouTube Faces splits.txt;
CPLFW pairs_CPLFW.txt; insightface .bin.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from ..io import delimiter_of, existing_file
from ._lines import Line, check_both_classes, read_lines, whole_number, wrong_line
from .insightface_bin import read_bin
from .lfw import read_lfw_pairs
from .protocol import PairProtocol, contiguous_folds

_SAME = {"0": False, "1": True, "false": False, "true": True}


def read_pairs(path: str | Path) -> PairProtocol:
    """The protocol in `path`, whichever of the known formats it has.

    Ids are: of LFW `Name/Name_0001`; of csv as written; of .bin the six-digit number of the image, `000000` first;
    of YouTube Faces the videos, `Name/0`; of CPLFW the file names without extension.

    Raises FileFormatError naming the file, the line and its text.
    """
    path = existing_file(path, "a pairs list")
    if path.suffix.lower() == ".bin":
        return read_bin(path).protocol(path.stem)
    first = read_lines(path)[0][1]
    header = [cell.strip().lower() for cell in re.split(r"[,;\t]", first)]
    if path.suffix.lower() in (".csv", ".tsv") or {"id1", "id2"} <= set(header):
        return read_csv_pairs(path)
    if re.fullmatch(r"\s*\d+(\s+\d+)?\s*", first):
        return read_lfw_pairs(path)
    if first.split() == ["name", "same_person"]:
        return read_cplfw_pairs(path)
    if len(header) == 5 and (whole_number(header[0]) is not None or "split" in header[0]):
        return read_ytf_splits(path)
    raise FileFormatError(
        f"{path}:1: {first[:120]!r} does not begin a pairs list",
        "Known: LFW's pairs.txt ('10<TAB>300'), a csv or tsv with the header id1,id2,same[,fold], YouTube Faces' "
        "splits.txt, CPLFW's pairs_CPLFW.txt, insightface .bin.",
    )


def read_csv_pairs(path: str | Path) -> PairProtocol:
    """csv (or tsv, or with semicolons) with the columns id1, id2, same (0, 1, true, false) and perhaps fold."""
    path = Path(path)
    lines = read_lines(path)
    header = lines[0]
    delimiter = delimiter_of(header[1])
    names = [cell.strip().lower() for cell in _cells(path, header, delimiter)]
    if missing := [name for name in ("id1", "id2", "same") if name not in names]:
        raise wrong_line(
            path, header, f"the header of a pairs list: no column {', '.join(missing)}; it needs id1,id2,same[,fold]"
        )
    at = {name: names.index(name) for name in ("id1", "id2", "same", "fold") if name in names}
    left, right, same, fold = [], [], [], []
    for line in lines[1:]:
        cells = _cells(path, line, delimiter)
        if len(cells) != len(names):
            raise wrong_line(path, line, f"{len(names)} fields, as the header has; it is {len(cells)}")
        one, two, truth = (cells[at[name]].strip() for name in ("id1", "id2", "same"))
        if not one or not two:
            raise wrong_line(path, line, "a pair: an id is empty")
        if truth.lower() not in _SAME:
            raise wrong_line(path, line, f"a pair: same is {truth!r}, not 0, 1, true or false")
        left.append(one)
        right.append(two)
        same.append(_SAME[truth.lower()])
        if "fold" in at:
            number = whole_number(cells[at["fold"]])
            if number is None:
                raise wrong_line(path, line, f"a pair: fold is {cells[at['fold']]!r}, not a whole number")
            fold.append(number)
    return _protocol(path, path.stem, left, right, same, fold if "fold" in at else None)


def read_ytf_splits(path: str | Path) -> PairProtocol:
    """YouTube Faces: lines `split, pair, name/video, name/video, same`; the ids are the videos, folds from 0.

    Source: Wolf, Hassner, Maoz, Face Recognition in Unconstrained Videos with Matched Background Similarity, 2011.
    """
    path = Path(path)
    lines = read_lines(path)
    if "split" in lines[0][1].lower() and whole_number(lines[0][1].split(",")[0]) is None:
        lines = lines[1:]  # some copies have a header
    left, right, same, fold = [], [], [], []
    for line in lines:
        cells = [cell.strip() for cell in line[1].split(",")]
        split = whole_number(cells[0])
        if len(cells) != 5 or not split or not cells[2] or not cells[3] or cells[4] not in ("0", "1"):
            raise wrong_line(path, line, "'split, pair, name/video, name/video, same' with split from 1 and same 0 or 1")
        left.append(cells[2])
        right.append(cells[3])
        same.append(cells[4] == "1")
        fold.append(split - 1)
    return _protocol(path, f"ytf-{len(set(fold))}fold", left, right, same, fold)


def read_cplfw_pairs(path: str | Path) -> PairProtocol:
    """CPLFW: two lines `file same` a pair, all genuine pairs first; fold f has the f-th tenth of each class, 300 + 300.

    Source: Zheng, Deng, Cross-Pose LFW, 2018.
    """
    path = Path(path)
    lines = read_lines(path)[1:]
    cells = [line[1].split() for line in lines]
    for line, cell in zip(lines, cells, strict=True):
        if len(cell) != 2 or cell[1] not in ("0", "1"):
            raise wrong_line(path, line, "'file same' with same 0 or 1")
    if len(lines) % 2:
        raise wrong_line(path, lines[-1], "followed by its partner: the number of lines is odd")
    for (first, second), line in zip(zip(cells[::2], cells[1::2], strict=True), lines[1::2], strict=True):
        if first[1] != second[1]:
            raise wrong_line(path, line, f"of one pair with the line before, which says {first[1]}")
    ids = [str(PurePosixPath(cell[0]).with_suffix("")) for cell in cells]
    same = np.array([cell[1] == "1" for cell in cells[::2]], dtype=np.bool_)
    fold: NDArray[np.int64] | None = np.zeros(len(same), dtype=np.int64)
    for kind in (same, ~same):
        part = contiguous_folds(int(kind.sum()))
        if part is None or fold is None:
            fold = None
        else:
            fold[kind] = part
    folds = None if fold is None else fold.tolist()
    return _protocol(path, "cplfw-10fold" if folds else path.stem, ids[::2], ids[1::2], same.tolist(), folds)


def _cells(path: Path, line: Line, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line[1]], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise wrong_line(path, line, f"a line of csv ({error})") from None


def _protocol(
    path: Path, name: str, left: list[str], right: list[str], same: list[bool], fold: list[int] | None
) -> PairProtocol:
    check_both_classes(str(path), same, FileFormatError)
    folds = None if fold is None else np.array(fold, dtype=np.int64)
    return PairProtocol(name, np.array(left), np.array(right), np.array(same), folds)
