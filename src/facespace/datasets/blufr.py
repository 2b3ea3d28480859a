"""BLUFR on LFW: the official configuration, `blufr_lfw_config.mat`, with its random splits.

A split has training images and test images of other people; all pairs of the test images are verified. For open-set
identification a gallery of 1,000 people with one image each is among the test images; probes are the rest.
Source: Liao, Lei, Yi, Li, A benchmark study of large-scale unconstrained face recognition, IJCB 2014.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Strings
from ..errors import FileFormatError, InputError, shorten
from ..io import among, existing_file, guarded, read_matlab

Rows = NDArray[np.intp]
_HINT = "BLUFR's configuration is blufr_lfw_config.mat."
_VARIABLES = ("imageList", "labels", "trainIndex", "testIndex", "galIndex", "probIndex")


@dataclass(frozen=True, eq=False)
class BlufrSplit:
    """Rows of the protocol's `ids`, from 0: `gallery` and `probes` together are `test`; `train` shows other people."""

    train: Rows
    test: Rows
    gallery: Rows
    probes: Rows


@dataclass(frozen=True, eq=False, repr=False)
class BlufrProtocol:
    """`ids` (n,) of the images, as `Name/Name_0001`; `person` (n,) their people's numbers; and the splits.

    `excluded`: how many of the images were left out of the splits (`without`).
    """

    name: str
    ids: Strings
    person: NDArray[np.int64]
    splits: tuple[BlufrSplit, ...]
    excluded: int = 0

    def __repr__(self) -> str:
        return f"BlufrProtocol({self.name!r}, {len(self.ids):,} images, {len(self.splits)} splits)"

    def without(self, ids: Iterable[str]) -> BlufrProtocol:
        """The protocol whose splits lack these images, counted in `excluded`; ids that it has not are passed over.

        Raises InputError where a split has no test image left in its gallery, or among its probes.
        """
        out = among(self.ids, np.asarray(list(ids), dtype=np.str_))
        sides = [[rows[~out[rows]] for rows in (s.train, s.test, s.gallery, s.probes)] for s in self.splits]
        if not all(len(gallery) and len(probes) for _, _, gallery, probes in sides):
            raise InputError("no image of a split's gallery or probes is left", "Is it the right list?")
        return replace(self, splits=tuple(BlufrSplit(*rows) for rows in sides), excluded=self.excluded + int(out.sum()))


def read_blufr(path: str | Path) -> BlufrProtocol:
    """The configuration in a MATLAB file (version 5 to 7).

    Raises FileFormatError naming what is missing or does not fit together.
    """
    path = existing_file(path, "BLUFR's configuration")
    protocol: BlufrProtocol = guarded(path, "a MATLAB file like blufr_lfw_config.mat", lambda: _read(path))
    return protocol


def _read(path: Path) -> BlufrProtocol:
    content = read_matlab(path, _VARIABLES)
    if missing := [name for name in _VARIABLES if name not in content]:
        raise FileFormatError(f"{path} has no variable {', '.join(missing)}", _HINT)
    files = [cell if isinstance(cell, str) else "" for cell in np.ravel(content["imageList"]).tolist()]
    stems = np.array([file.rsplit(".", 1)[0] for file in files])
    person = _whole(path, content["labels"], "labels")
    if len(person) != len(stems):
        raise FileFormatError(f"{path}: {len(stems):,} images but {len(person):,} labels")
    names = np.strings.rpartition(stems, "_")[0]
    if len(np.unique(np.char.add(np.char.add(names, "/"), person.astype(str)))) != len(np.unique(person)):
        raise FileFormatError(f"{path}: labels and names of the images do not agree", "Is the list in its own order?")
    indices = [_cells(path, content[name], len(stems), name) for name in _VARIABLES[2:]]
    if len({len(column) for column in indices}) > 1:
        raise FileFormatError(f"{path}: the index variables have {[len(column) for column in indices]} splits")
    splits = []
    for number, (train, test, gallery, probes) in enumerate(zip(*indices, strict=True), 1):
        if not np.array_equal(np.sort(np.concatenate([gallery, probes])), np.sort(test)):
            raise FileFormatError(f"{path}: gallery and probes of split {number} are not its test images")
        if np.isin(person[test], person[train]).any():
            raise FileFormatError(f"{path}: people of split {number} are in its training and its test images")
        splits.append(BlufrSplit(train, test, gallery, probes))
    ids = np.char.add(np.char.add(names, "/"), stems)
    return BlufrProtocol("blufr-lfw", ids, person, tuple(splits))


def _cells(path: Path, cells: NDArray[Any], count: int, name: str) -> list[Rows]:
    rows = []
    for number, cell in enumerate(np.ravel(cells), 1):
        index = _whole(path, cell, f"{name} of split {number}") - 1
        if len(index) == 0 or index.min() < 0 or index.max() >= count or len(np.unique(index)) < len(index):
            raise FileFormatError(f"{path}: {name} of split {number} is not a list of different images from 1 to {count:,}")
        rows.append(index.astype(np.intp))
    return rows


def _whole(path: Path, values: Any, what: str) -> NDArray[np.int64]:
    numbers = np.asarray(values).ravel()
    if numbers.dtype.kind not in "biuf" or not (np.abs(numbers) < 2**53).all() or (numbers % 1).any():
        raise FileFormatError(f"{path}: {what} holds {numbers.dtype}, not whole numbers: {shorten(numbers.tolist(), 3)}")
    return numbers.astype(np.int64)
