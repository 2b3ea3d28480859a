"""The lists of IJB-A, IJB-B and IJB-C 1:1 verification, plain or gzip, and any csv of templates.

Sources of the formats: Klare et al., IJB-A, CVPR 2015; Maze et al., IJB-C, ICB 2018; the `_face_tid_mid`,
`_template_pair_label` and `_name_5pts_score` lists are those of insightface's evaluation, which all others read.

Ids are file names without extension, as `facespace embed` makes them: `1.jpg` in a list is the id `1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Strings
from ..errors import FileFormatError, InputError, shorten
from ._lines import LABEL_WORDS, SAME, check_both_classes, wrong_line
from ._tables import line_of_row, read_named_columns, read_table
from .published_pairs import read_ytf_splits
from .templates import TemplateProtocol

_MEDIA_LINE = "'image template media'"
_PAIR_LINE = "'template1 template2 label' with label 0 or 1"
_DENSE = 1 << 26  # template numbers below this are looked up in a table of 256 MB at most, larger ones by search


def read_ijb(folder: str | Path, name: str = "ijbc") -> TemplateProtocol:
    """`NAME_face_tid_mid.txt` and `NAME_template_pair_label.txt` in `folder` (or its `meta`), each perhaps with `.gz`.

    IJB-C: 469,375 faces in 23,124 templates, 19,557 genuine and 15,638,932 impostor pairs. The lists name no person;
    see `TemplateProtocol.people`.

    Raises FileFormatError naming file and line: wrong columns, no numbers, a pair naming an unknown template.
    """
    folder = Path(folder)
    images, template, media = read_face_tid_mid(_find(folder, f"{name}_face_tid_mid.txt"))
    pairs = _find(folder, f"{name}_template_pair_label.txt")
    left, right, same = read_template_pairs(pairs)
    numbers, codes = _codes(template)
    places = _Numbers(numbers)
    one, two = places.find(left), places.find(right)
    if min(one.min(), two.min()) < 0:
        at = int(np.argmax((one < 0) | (two < 0)))
        stray = left[at] if one[at] < 0 else right[at]
        line = line_of_row(pairs, at)
        raise wrong_line(pairs, line, f"a pair of known templates: {stray} is not in {name}_face_tid_mid.txt")
    check_both_classes(str(pairs), same, FileFormatError)
    return TemplateProtocol(name, images, codes, _codes(media)[1], numbers.astype(np.str_), one, two, same)


def read_face_tid_mid(path: str | Path) -> tuple[Strings, NDArray[np.integer], NDArray[np.integer]]:
    """`*_face_tid_mid.txt`: (ids, template, media) of the lines `image template media`, (n,) each."""
    names, template, media = read_table(Path(path), "a list of faces", (str, int, int), _MEDIA_LINE)
    return _ids(names), template, media


def read_template_pairs(path: str | Path) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.bool_]]:
    """`*_template_pair_label.txt`: (left, right, same) of the lines `template1 template2 label`, (p,) each."""
    path = Path(path)
    left, right, label = read_table(path, "a list of template pairs", (int, int, int), _PAIR_LINE)
    if label.min() < 0 or label.max() > 1:
        at = int(np.argmax((label != 0) & (label != 1)))
        raise wrong_line(path, line_of_row(path, at), f"{_PAIR_LINE}: the label is {label[at]}")
    return left, right, label == 1


def read_face_scores(path: str | Path) -> tuple[Strings, NDArray[np.float64]]:
    """`*_name_5pts_score.txt`: (ids, detector scores) of the lines `image x1 y1 … x5 y5 score`, (n,) each.

    They are in the order in which the field's scripts embed: that of `*_face_tid_mid.txt`.
    """
    layout = "'image x1 y1 x2 y2 x3 y3 x4 y4 x5 y5 score'"
    columns = read_table(Path(path), "a list of faces", (str, *[float] * 11), layout)
    return _ids(columns[0]), columns[-1]


def read_ijba(metadata: str | Path, comparisons: str | Path, name: str = "ijba") -> TemplateProtocol:
    """IJB-A 1:1, one split: `verify_metadata_1.csv` and `verify_comparisons_1.csv`.

    A pair is genuine when both templates are of one SUBJECT_ID. Raises FileFormatError naming file and line.
    """
    needed = ("template_id", "subject_id", "file", "media_id")
    path = Path(metadata)
    columns = read_named_columns(path, "IJB metadata", needed, ())
    pairs = Path(comparisons)
    left, right = read_table(pairs, "a list of comparisons", (str, str), "'template1,template2'")
    return _from_names(
        name,
        (path, columns["file"], columns["template_id"], columns["media_id"], columns["subject_id"]),
        (pairs, 0, left, right, None),
    )


def read_template_csv(faces: str | Path, pairs: str | Path, name: str | None = None) -> TemplateProtocol:
    """Any lists: a csv of faces, and one of the pairs of templates.

    `faces` has the columns id and template, and may have media and subject; `pairs` has template1 and template2, and may
    have same.
    Without `same` the subjects decide. Without `media` every face is a still image. Raises FileFormatError naming file and
    line.
    """
    path, pair_path = Path(faces), Path(pairs)
    columns = read_named_columns(path, "a list of faces", ("id", "template"), ("media", "subject"))
    table = read_named_columns(pair_path, "a list of template pairs", ("template1", "template2"), ("same",))
    return _from_names(
        name or pair_path.stem,
        (path, columns["id"], columns["template"], columns.get("media"), columns.get("subject")),
        (pair_path, 1, table["template1"], table["template2"], table.get("same")),
    )


def read_ytf_templates(splits: str | Path, faces: EmbeddingSet) -> TemplateProtocol:
    """YouTube Faces: a video (`Name/0`) is a template, and its frames are one medium.

    A frame's video is the set's column `template`, or else the folder of its id: `Name/0/0.123` is of `Name/0`. Frames of
    other videos are left out. Raises InputError naming videos without a frame.
    """
    pairs = read_ytf_splits(splits)
    video = faces.template if faces.template is not None else np.strings.rpartition(faces.ids, "/")[0]
    used = np.isin(video, pairs.ids)
    if absent := np.setdiff1d(pairs.ids, video[used]).tolist():
        raise InputError(
            f"{len(absent):,} of the {len(pairs.ids):,} videos of {pairs.name!r} have no frame: {shorten(absent)}",
            f"The set's ids look like {shorten(faces.ids[:2].tolist())}; a frame of {absent[0]} is {absent[0]}/NUMBER.",
        )
    return TemplateProtocol.from_columns(
        pairs.name,
        images=faces.ids[used],
        template=video[used],
        media=video[used],
        left=pairs.left,
        right=pairs.right,
        same=pairs.same,
    )


def _codes(values: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int32]]:
    """The different values, sorted, and for each value its place among them."""
    names, codes = np.unique(values, return_inverse=True)
    return names, codes.astype(np.int32)


class _Numbers:
    """Places of numbers in a sorted list of them."""

    def __init__(self, numbers: NDArray[np.integer]) -> None:
        self.numbers = numbers
        self.table: NDArray[np.int32] | None = None
        if len(numbers) and numbers[0] >= 0 and numbers[-1] < _DENSE:
            self.table = np.full(int(numbers[-1]) + 1, -1, dtype=np.int32)
            self.table[numbers] = np.arange(len(numbers), dtype=np.int32)

    def find(self, wanted: NDArray[np.integer]) -> NDArray[np.int32]:
        if self.table is not None:
            if wanted.min() >= 0 and wanted.max() < len(self.table):
                places: NDArray[np.int32] = self.table[wanted]
                return places
            inside = (wanted >= 0) & (wanted < len(self.table))
            return np.where(inside, self.table[np.where(inside, wanted, 0)], -1).astype(np.int32)
        place = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        return np.where(self.numbers[place] == wanted, place, -1).astype(np.int32)


def _from_names(
    name: str,
    faces: tuple[Path, Strings, Strings, Strings | None, Strings | None],
    pairs: tuple[Path, int, Strings, Strings, Strings | None],
) -> TemplateProtocol:
    """A protocol of columns of strings, each with the file it is from and (pairs) the number of header lines in it."""
    path, images, template, media, subject = faces
    ids = _ids(images)
    for column, what in ((ids, "id"), (template, "template")):
        if (column == "").any():
            line = line_of_row(path, 1 + int(np.argmax(column == "")))
            raise wrong_line(path, line, f"a face: its {what} is empty")
    if subject is not None:
        for owner, what in ((template, "template"), (ids, "image")):
            if (found := _two_people(owner, subject)) is not None:
                first, second = found
                line = line_of_row(path, 1 + second)
                raise wrong_line(
                    path,
                    line,
                    f"of one person: {what} {owner[second]} is of subject {subject[second]} here and of {subject[first]} "
                    f"in line {line_of_row(path, 1 + first)[0]}",
                )
    pair_path, header, left, right, label = pairs
    known = np.unique(template)
    there = np.isin(left, known), np.isin(right, known)
    if not (both := there[0] & there[1]).all():
        at = int(np.argmin(both))
        stray = str(right[at] if there[0][at] else left[at])
        line = line_of_row(pair_path, header + at)
        raise wrong_line(pair_path, line, f"a pair of known templates: {stray!r} is not in {path.name}")
    if label is not None:
        same = _labels(pair_path, header, label)
    elif subject is not None:
        order = np.argsort(template, kind="stable")
        person = [subject[order[np.searchsorted(template, column, sorter=order)]] for column in (left, right)]
        same = person[0] == person[1]
    else:
        raise FileFormatError(
            f"{pair_path} has no column same and {path} no column subject, so nothing says which pairs are genuine",
            "Add one of the two.",
        )
    check_both_classes(str(pair_path), same, FileFormatError)
    return TemplateProtocol.from_columns(
        name, images=ids, template=template, media=media, subject=subject, left=left, right=right, same=same
    )


def _labels(path: Path, header: int, label: Strings) -> NDArray[np.bool_]:
    words, codes = np.unique(np.strings.lower(label), return_inverse=True)
    for code, word in enumerate(words.tolist()):
        if word not in SAME:
            line = line_of_row(path, header + int(np.argmax(codes == code)))
            raise wrong_line(path, line, f"a pair: same is {word!r}, not {LABEL_WORDS}")
    truth: NDArray[np.bool_] = np.array([SAME[word] for word in words.tolist()], dtype=np.bool_)[codes]
    return truth


def _two_people(owner: Strings, subject: Strings) -> tuple[int, int] | None:
    """Rows (first, second) that give one owner two subjects, or None."""
    _, first, codes = np.unique(owner, return_index=True, return_inverse=True)
    clash = subject[first][codes] != subject
    second = int(np.argmax(clash))
    return (int(first[codes[second]]), second) if clash.any() else None


def _ids(names: NDArray[Any]) -> Strings:
    """File names without their extension, as the ids of embedded images are."""
    stem, dot, suffix = np.strings.rpartition(names, ".")
    # A dot in a folder's name ends no file name, and a name that begins with one has no extension.
    return np.where((dot != "") & (stem != "") & (np.strings.find(suffix, "/") < 0), stem, names)


def _find(folder: Path, file: str) -> Path:
    places = [folder / part / f"{file}{gz}" for part in ("", "meta") for gz in ("", ".gz")]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        near = sorted(path.name for part in ("", "meta") for path in (folder / part).glob("*_t*.txt*"))
        raise FileFormatError(
            f"no {file} (or {file}.gz) in {folder}",
            f"There are {shorten(near)}: is --name right?" if near else "Name the folder of the lists (IJB's meta).",
        )
    return found
