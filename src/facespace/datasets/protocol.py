"""PairProtocol: which pairs of images are compared, which of them show one person, and in which fold they are.

>>> demo = PairProtocol("demo", ["a", "a", "b"], ["b", "c", "c"], [True, False, False], [0, 0, 1])
>>> len(demo), demo.n_folds, demo.ids.tolist()
(3, 2, ['a', 'b', 'c'])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Strings
from ..errors import InputError, shorten
from ..io import among, nfc, without_suffix
from ..people import people_in, people_of
from ._lines import check_both_classes


@dataclass(frozen=True, eq=False, repr=False)
class PairProtocol:
    """A list of pairs to verify.

    Attributes:
        name: what the signature of a result calls it, such as `lfw-10fold`.
        left, right: (n,) ids of the two images (or templates) of each pair.
        same: (n,) bool, True where both show one person.
        fold: (n,) int64, the fold of each pair, or None for a plain list.
        notes: what its reader guessed or found odd; `verify` repeats it among its warnings.
        excluded: how many pairs of the list were left out (`without`).

    Raises:
        InputError: lengths that differ, empty ids, or a list without genuine or without impostor pairs.
    """

    name: str
    left: Strings
    right: Strings
    same: NDArray[np.bool_]
    fold: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()
    excluded: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "left", nfc(np.asarray(self.left, dtype=np.str_)))
        object.__setattr__(self, "right", nfc(np.asarray(self.right, dtype=np.str_)))
        object.__setattr__(self, "same", np.asarray(self.same, dtype=np.bool_))
        if self.fold is not None:
            object.__setattr__(self, "fold", np.asarray(self.fold, dtype=np.int64))
        lengths = {"left": self.left.shape, "right": self.right.shape, "same": self.same.shape}
        if self.fold is not None:
            lengths["fold"] = self.fold.shape
        if len(set(lengths.values())) > 1 or self.left.ndim != 1:
            sizes = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
            raise InputError(f"the columns of protocol {self.name!r} have different shapes: {sizes}")
        if empty := np.flatnonzero((self.left == "") | (self.right == "")).tolist():
            raise InputError(f"empty id in pairs {shorten(empty)} of protocol {self.name!r}")
        check_both_classes(f"protocol {self.name!r}", self.same)

    def __len__(self) -> int:
        return int(self.left.shape[0])

    def __repr__(self) -> str:
        genuine = int(self.same.sum())
        folds = f", {self.n_folds} folds" if self.fold is not None else ""
        return f"PairProtocol({self.name!r}, {genuine:,} genuine + {len(self) - genuine:,} impostor{folds})"

    @property
    def n_folds(self) -> int:
        """Number of different folds; 0 without folds."""
        return 0 if self.fold is None else len(np.unique(self.fold))

    @property
    def ids(self) -> Strings:
        """Every id used, sorted, once."""
        return np.unique(np.concatenate([self.left, self.right]))

    def fold_of_ids(self) -> tuple[Strings, NDArray[np.int64]]:
        """`(ids, fold)`: every id used (sorted) and the one fold its pairs are in, both (k,).

        Raises InputError without folds, and when an image is in pairs of several folds: nothing can then be fitted on
        the other folds without having seen it.
        """
        if self.fold is None:
            raise InputError(f"protocol {self.name!r} has no folds", "Add a fold column to the pairs list.")
        names, inverse = np.unique(np.concatenate([self.left, self.right]), return_inverse=True)
        both = np.concatenate([self.fold, self.fold])
        fold = np.empty(len(names), dtype=np.int64)
        fold[inverse] = both
        if (clash := fold[inverse] != both).any():
            several = np.unique(names[inverse[clash]]).tolist()
            raise InputError(
                f"{len(several):,} images of protocol {self.name!r} are in more than one fold: {shorten(several)}",
                "Put all pairs of an image into one fold.",
            )
        return names, fold

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> PairProtocol:
        """The protocol of the chosen pairs (indices or a mask)."""
        fold = None if self.fold is None else self.fold[rows]
        return replace(self, left=self.left[rows], right=self.right[rows], same=self.same[rows], fold=fold)

    def without(self, ids: Iterable[str]) -> PairProtocol:
        """The protocol without the pairs of these images, counted in `excluded` and told in `notes`.

        Raises InputError when no genuine or no impostor pair is left.
        """
        out = np.asarray(list(ids), dtype=np.str_)
        kept = ~(among(self.left, out) | among(self.right, out))
        gone = int((~kept).sum())
        told = f"{gone:,} of {len(self):,} pairs are of images that were to be left out"
        return replace(self.take(kept), notes=(*self.notes, *([told] if gone else [])), excluded=self.excluded + gone)


def contiguous_folds(n: int, k: int = 10) -> NDArray[np.int64] | None:
    """(n,) fold of each of n pairs in k runs of neighbours, the first n mod k one longer; None when n < k.

    How insightface's verification.py (scikit-learn's KFold without shuffling) divides a pairs list.

    >>> contiguous_folds(5, 2).tolist()
    [0, 0, 0, 1, 1]
    """
    if n < k:
        return None
    sizes = np.full(k, n // k)
    sizes[: n % k] += 1
    return np.repeat(np.arange(k, dtype=np.int64), sizes)


def exclude_people(images: EmbeddingSet | Sequence[str] | Strings, protocol: PairProtocol) -> NDArray[np.bool_]:
    """(n,) True where neither the image nor its person is in `protocol`: fit to train on.

    People are those of a set (`facespace.people`), of ids alone those of their first folders.

    >>> pairs = PairProtocol("p", ["ann/1", "7"], ["ann/2", "8"], [True, False])
    >>> exclude_people(["ann/3", "bob/1", "7", "9"], pairs).tolist()
    [False, True, False, True]
    """
    if isinstance(images, EmbeddingSet):
        ids, people = images.ids, people_of(images)
    else:
        ids = without_suffix(nfc(np.asarray(images, dtype=np.str_)))
        people = people_in(ids)
    tested = np.isin(without_suffix(ids), without_suffix(protocol.ids))
    names = people.names[tested] if people.source == "subject" else people_in(protocol.ids).names
    return ~(tested | (people.known & np.isin(people.names, names)))


def stratified(protocol: PairProtocol, count: int) -> PairProtocol:
    """About `count` of the pairs: from every fold as many genuine as impostor, evenly spaced in the list's order."""
    if protocol.fold is None or count >= len(protocol):
        return protocol
    each = max(1, round(count / protocol.n_folds / 2))
    rows = []
    for fold in np.unique(protocol.fold):
        for same in (True, False):
            there = np.flatnonzero((protocol.fold == fold) & (protocol.same == same))
            rows.append(there[np.linspace(0, len(there) - 1, min(each, len(there))).round().astype(int)])
    return protocol.take(np.sort(np.concatenate(rows)))
