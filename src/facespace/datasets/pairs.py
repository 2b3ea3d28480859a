"""`read_pairs`: any pairs list, recognised by its first line (or its suffix, for insightface .bin).

Kinds: LFW pairs.txt; csv, tsv or text with columns id1, id2, same and perhaps fold (or DeepFace's file_x, file_y, Decision);
lines `id id same` or `same id id` without one; YouTube Faces splits.txt; CALFW's and CPLFW's two lines a pair; CFP's folders
Split/FF and Split/FP; .bin.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import FileFormatError, shorten, unknown_name
from ..io import existing_file
from ._lines import LABEL_WORDS, LABELS, SAME, Line, read_lines, whole_number, wrong_line
from .insightface_bin import read_bin
from .protocol import PairProtocol
from .published_pairs import protocol_of_lines, read_cfp_pairs, read_cplfw_pairs, read_lfw_pairs, read_ytf_splits

#: Columns by the names that programs give them, ours first.
_COLUMNS = {
    "id1": ("id1", "file_x", "file1", "image1", "img1", "path1"),
    "id2": ("id2", "file_y", "file2", "image2", "img2", "path2"),
    "same": ("same", "decision", "label", "issame", "is_same", "same_person"),
    "fold": ("fold",),
}
_PLAIN = ("id-id-same", "same-id-id", "id-id-same-fold")
#: What `format` may say a list is.
FORMATS = (*_PLAIN, "columns", "lfw", "ytf", "cplfw", "cfp", "bin")
_HINT = (
    "Say what it is: --format id-id-same or --format same-id-id (in Python read_pairs(…, format=…)); or put a first line "
    "with the names of its columns, id1,id2,same or same,id1,id2, perhaps with fold."
)


def read_pairs(path: str | Path, *, format: str | None = None) -> PairProtocol:
    """The protocol in `path`, whichever of the known formats it has, or in `format`, one of FORMATS.

    Ids are: of LFW `Name/Name_0001`; of .bin the six-digit number of the image, `000000` first; of YouTube Faces the videos,
    `Name/0`; of all others as written, file names of images without extension. What had to be guessed is in the protocol's
    `notes`, and so are images paired with themselves.

    Raises FileFormatError naming the file, the line and its text; also where the columns can't be told apart, or a pair is
    there as genuine and as impostor. UnknownNameError for another format.
    """
    path = Path(path)
    form = None if format is None else format.strip().lower().replace(" ", "-")
    if form is not None and form not in FORMATS:
        raise unknown_name("format of a pairs list", str(format), FORMATS)
    if path.is_dir() and form in (None, "cfp"):
        return _checked(path, read_cfp_pairs(path))
    path = existing_file(path, "a pairs list")
    if form == "bin" or (form is None and path.suffix.lower() == ".bin"):
        return read_bin(path).protocol(path.stem)
    if form is None:
        return _checked(path, _reader(path, read_lines(path)[0])(path))
    if form in _PLAIN:
        return _checked(path, _read_plain_pairs(path, form))
    readers = {"columns": read_csv_pairs, "lfw": read_lfw_pairs, "ytf": read_ytf_splits, "cplfw": read_cplfw_pairs}
    return _checked(path, replace(readers.get(form, read_cfp_pairs)(path), notes=()))  # nothing was guessed


def _reader(path: Path, first: Line) -> Callable[[Path], PairProtocol]:
    cells = _cells(path, first, _delimiter(first[1]))
    known = _places(cells)
    if "id1" in known and "id2" in known:
        return read_csv_pairs
    if re.fullmatch(r"\s*\d+(\s+\d+)?\s*", first[1]):
        return read_lfw_pairs
    if first[1].split() == ["name", "same_person"] or (len(cells) == 2 and whole_number(cells[1]) is not None):
        return read_cplfw_pairs
    if len(cells) == 5 and (whole_number(cells[0]) is not None or "split" in cells[0].lower()):
        return read_ytf_splits
    if len(cells) in (3, 4) and not SAME.keys().isdisjoint((cells[0].lower(), cells[2].lower())):
        return _read_plain_pairs
    if path.suffix.lower() in (".csv", ".tsv"):
        return read_csv_pairs
    raise FileFormatError(
        f"{path}:1: {first[1][:120]!r} does not begin a pairs list",
        "Known: LFW's pairs.txt ('10<TAB>300'), a csv, tsv or text with the header id1,id2,same[,fold], lines 'id id same', "
        "YouTube Faces' splits.txt, CALFW's and CPLFW's lists, CFP's folders Split/FF and Split/FP, insightface .bin.",
    )


def read_csv_pairs(path: str | Path) -> PairProtocol:
    """csv (or parted by tabs, semicolons, spaces) with the columns id1, id2, same and perhaps fold, or other known names.

    `same` is 0 or 1 (1.0), false or true, no or yes, diff or same.
    """
    path = Path(path)
    lines = read_lines(path)
    header = lines[0]
    delimiter = _delimiter(header[1])
    names = _cells(path, header, delimiter)
    at = _places(names)
    if missing := [name for name in ("id1", "id2", "same") if name not in at]:
        raise wrong_line(
            path, header, f"the header of a pairs list: no column {', '.join(missing)}; it needs id1,id2,same[,fold]"
        )
    left, right, same, fold = [], [], [], []
    for line in lines[1:]:
        cells = _cells(path, line, delimiter)
        if len(cells) != len(names):
            raise wrong_line(path, line, f"{len(names)} fields, as the header has; it is {len(cells)}")
        one, two, truth = (cells[at[name]] for name in ("id1", "id2", "same"))
        if not one or not two:
            raise wrong_line(path, line, "a pair: an id is empty")
        if truth.lower() not in SAME:
            raise wrong_line(path, line, f"a pair: same is {truth!r}, not {LABEL_WORDS}")
        left.append(one)
        right.append(two)
        same.append(SAME[truth.lower()])
        if "fold" in at:
            fold.append(_fold(path, line, cells[at["fold"]]))
    used = [names[at[name]] for name in ("id1", "id2", "same")]
    told = "" if [name.lower() for name in used] == ["id1", "id2", "same"] else f"as columns {', '.join(used)}"
    return protocol_of_lines(path, path.stem, left, right, same, fold if "fold" in at else None, told)


def _read_plain_pairs(path: Path, form: str = "") -> PairProtocol:
    """Lines without a header: `id id same`, `same id id` or `id id same fold`, told by `form` or by where the labels are."""
    lines = read_lines(path)
    delimiter = _delimiter(lines[0][1])
    rows = [_cells(path, line, delimiter) for line in lines]
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(rows[0]) or not all(row):
            raise wrong_line(path, line, f"{len(rows[0])} fields, as the first line has; it is {len(row) - row.count('')}")
    columns = list(zip(*rows, strict=True))
    if form and len(columns) != form.count("-") + 1:
        raise wrong_line(path, lines[0], f"{form.replace('-', ' ')!r}: it has {len(columns)} fields")
    places = {"": (0, 2), "same-id-id": (0,)}.get(form, (2,))
    found = {at: truth for at in places if (truth := _truths(columns[at]))}
    found = {at: truth for at, truth in found.items() if len(set(truth)) == 2} or found
    if len(found) > 1:
        raise FileFormatError(
            f"{path}: the first and the third field of its lines could both say whether a pair is genuine: {lines[0][1]!r}",
            _HINT,
        )
    if not found or (len(columns) == 4 and 2 not in found):
        words = [word.lower() for word in columns[places[-1]]]
        if not form and words[0] in ("same", "genuine"):  # it is a header, of names that we don't know
            return read_csv_pairs(path)
        odd = next((n for n, word in enumerate(words) if word not in SAME), 0)
        expected = f"{(form or 'id-id-same').replace('-', ' ')!r} with same {LABEL_WORDS}"
        raise FileFormatError(wrong_line(path, lines[odd], expected).message, _HINT)
    (at, same), four = found.popitem(), len(columns) == 4
    fold = [_fold(path, line, row[3]) for line, row in zip(lines, rows, strict=True)] if four else None
    told = ("same id id" if at == 0 else "id id same") + (" fold" if four else "")
    left, right = columns[1 if at == 0 else 0], columns[2 if at == 0 else 1]
    return protocol_of_lines(path, path.stem, left, right, same, fold, "" if form else f"as lines {told!r} without a header")


def _delimiter(line: str) -> str:
    return next((mark for mark in "\t,;" if mark in line.strip()), " ")


def _places(names: Sequence[str]) -> dict[str, int]:
    """Where each column is that these names of a header tell."""
    small = [name.lower() for name in names]
    found = {ours: next((small.index(name) for name in known if name in small), -1) for ours, known in _COLUMNS.items()}
    return {ours: place for ours, place in found.items() if place >= 0}


def _truths(words: Sequence[str]) -> list[bool]:
    """The column as truths, where all its words are of one row of LABELS; else empty."""
    used = {word.lower() for word in words}
    return next(([truth[word.lower()] for word in words] for truth in LABELS if used <= truth.keys()), [])


def _fold(path: Path, line: Line, cell: str) -> int:
    number = whole_number(cell.removesuffix(".0"))
    if number is None:
        raise wrong_line(path, line, f"a pair: fold is {cell!r}, not a whole number")
    return number


def _cells(path: Path, line: Line, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line[1].split()
    try:
        return [cell.strip() for cell in next(csv.reader([line[1].strip()], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise wrong_line(path, line, f"a line of csv ({error})") from None


def _checked(path: Path, protocol: PairProtocol) -> PairProtocol:
    """The protocol, with a note on images paired with themselves. Raises FileFormatError for pairs of both classes."""
    one, two, same = protocol.left, protocol.right, protocol.same
    first, last = np.where(one < two, one, two), np.where(one < two, two, one)
    pairs, codes = np.unique(np.strings.add(np.strings.add(first, " – "), last), return_inverse=True)
    both = (np.bincount(codes[same], minlength=len(pairs)) > 0) & (np.bincount(codes[~same], minlength=len(pairs)) > 0)
    if both.any():
        raise FileFormatError(
            f"{path}: {int(both.sum()):,} pairs are there as genuine and as impostor: {shorten(pairs[both].tolist())}",
            "Only one can be true; correct the list.",
        )
    if (wrong := np.unique(one[(one == two) & ~same])).size:
        raise FileFormatError(
            f"{path}: {len(wrong):,} images are impostors of themselves: {shorten(wrong.tolist())}", "Correct the list."
        )
    alone = np.flatnonzero(one == two)
    note = f"{len(alone):,} pairs are of an image with itself: {shorten(np.unique(one[alone]).tolist())}"
    return replace(protocol, notes=(*protocol.notes, note)) if len(alone) else protocol
