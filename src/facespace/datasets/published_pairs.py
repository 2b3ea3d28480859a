"""Lists of pairs as they were published: LFW's, CALFW's and CPLFW's, YouTube Faces' and CFP's."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from ..io import without_suffix
from ._lines import Line, check_both_classes, fields, read_lines, whole_number, wrong_line
from .protocol import PairProtocol, contiguous_folds


def read_lfw_pairs(path: str | Path) -> PairProtocol:
    """LFW's pairs.txt (ten folds), pairsDevTrain.txt and pairsDevTest.txt (none); ids `Name/Name_0001`.

    A header `folds<TAB>n` (or only `n`), then for every fold n genuine lines `name i j` and n impostor lines
    `name1 i name2 j`. Source: Huang et al., Labeled Faces in the Wild, 2008, README of the view 1 and 2 lists.

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
    return protocol_of_lines(path, f"ytf-{len(set(fold))}fold", left, right, same, fold)


def read_cplfw_pairs(path: str | Path) -> PairProtocol:
    """CALFW and CPLFW: two lines `file label` a pair, the label 0 for two people, else 1 or the pair's fold from 1.

    Where the labels are no folds, and for impostor pairs always, fold f has the f-th tenth of its class: 300 + 300. Sources:
    Zheng, Deng, Hu, Cross-Age LFW, 2017; Zheng, Deng, Cross-Pose LFW, 2018.
    """
    path = Path(path)
    lines = read_lines(path)
    if lines[0][1].split() == ["name", "same_person"]:
        lines = lines[1:]
    cells = [fields(line[1]) for line in lines]
    labels: list[int] = []
    for line, cell in zip(lines, cells, strict=True):
        label = whole_number(cell[1]) if len(cell) == 2 else None
        if label is None or label > 1000:
            raise wrong_line(path, line, "'file label' with label 0, 1 or the number of a fold")
        labels.append(label)
    if not lines:
        raise FileFormatError(f"{path} has a header and no pairs", "Is it truncated?")
    if len(lines) % 2:
        raise wrong_line(path, lines[-1], "followed by its partner: the number of lines is odd")
    for first, second, line in zip(labels[::2], labels[1::2], lines[1::2], strict=True):
        if first != second:
            raise wrong_line(path, line, f"of one pair with the line before, which says {first}")
    label_of = np.array(labels[::2], dtype=np.int64)
    same, folds = label_of > 0, max(labels) if max(labels) > 1 else 10
    fold = np.zeros(len(same), dtype=np.int64)
    parts = [contiguous_folds(int(kind.sum()), folds) for kind in (same, ~same)]
    for kind, part in zip((same, ~same), parts, strict=True):
        if part is not None:
            fold[kind] = part
    if max(labels) > 1:
        fold[same] = label_of[same] - 1
    whole = parts[1] is not None and (parts[0] is not None or max(labels) > 1)
    files = [cell[0] for cell in cells]
    name = f"{path.stem.lower().removeprefix('pairs_')}-{folds}fold" if whole else path.stem
    told = "as two lines 'file fold' a pair" if max(labels) > 1 else ""
    return protocol_of_lines(path, name, files[::2], files[1::2], same.tolist(), fold.tolist() if whole else None, told)


def read_cfp_pairs(folder: str | Path) -> PairProtocol:
    """Celebrities in Frontal-Profile: a folder Split/FF or Split/FP of folders 01 … with same.txt and diff.txt.

    Lines `i,j` are numbers of the lists Pair_list_F.txt and (FP's second) Pair_list_P.txt, in a folder above; ids are
    `001/frontal/01`, folds the folders. Source: Sengupta et al., Frontal to Profile Face Verification in the Wild, 2016.
    """
    folder = Path(folder)
    kind = folder.resolve().name.upper()
    parts = sorted(place.parent for place in folder.glob("*/same.txt"))
    if kind not in ("FF", "FP") or not parts:
        deeper = sorted(f"{place.parent.parent}" for above in ("*", "*/*") for place in folder.glob(f"{above}/01/same.txt"))
        hint = (
            f"Name one of {', '.join(deeper)}."
            if deeper
            else "A pairs list is a file, or CFP's folder Split/FF or Split/FP."
        )
        raise FileFormatError(f"{folder} is a folder, and not CFP's FF or FP", hint)
    images = [_cfp_images(folder, f"Pair_list_{letter}.txt") for letter in ("FF" if kind == "FF" else "FP")]
    left, right, same, fold = [], [], [], []
    for number, part in enumerate(parts):
        for name, truth in (("same.txt", True), ("diff.txt", False)):
            for line in read_lines(part / name):
                pair = [whole_number(cell) for cell in line[1].split(",")]
                if len(pair) != 2 or not all(at and at <= len(names) for at, names in zip(pair, images, strict=True)):
                    raise wrong_line(
                        part / name, line, f"'i,j' with numbers of the images, to {len(images[0])} and {len(images[1])}"
                    )
                left.append(images[0][(pair[0] or 1) - 1])
                right.append(images[1][(pair[1] or 1) - 1])
                same.append(truth)
                fold.append(number)
    return protocol_of_lines(folder, f"cfp-{kind.lower()}-{len(parts)}fold", left, right, same, fold)


def _cfp_images(folder: Path, name: str) -> list[str]:
    path = next((place / name for place in folder.resolve().parents[:3] if (place / name).exists()), None)
    if path is None:
        raise FileFormatError(f"{folder} has no {name} in a folder above it", "Copy CFP's whole folder Protocol.")
    names = []
    for number, line in enumerate(read_lines(path), 1):
        cells = fields(line[1])
        if len(cells) != 2 or whole_number(cells[0]) != number:
            raise wrong_line(path, line, f"'{number} ../Data/Images/001/frontal/01.jpg'")
        names.append(cells[1].rpartition("Images/")[2])
    return names


def protocol_of_lines(
    path: Path,
    name: str,
    left: Sequence[str],
    right: Sequence[str],
    same: Sequence[bool],
    fold: list[int] | None,
    told: str = "",
) -> PairProtocol:
    """The protocol in these columns of a file, with the note that it was read as `told`. Ids are `image_ids`."""
    check_both_classes(str(path), same, FileFormatError)
    folds = None if fold is None else np.array(fold, dtype=np.int64)
    notes = (f"{path.name} was read {told}",) if told else ()
    return PairProtocol(name, image_ids(left), image_ids(right), np.array(same, dtype=np.bool_), folds, notes)


def image_ids(names: Sequence[str]) -> NDArray[np.str_]:
    """Names of image files as ids, without extension; others as they are."""
    given = np.array(names)
    bare = without_suffix(given).tolist()
    clean = [posixpath.normpath(b.replace("\\", "/")) if b != name else b for b, name in zip(bare, names, strict=True)]
    return np.array(clean, dtype=np.str_)


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
