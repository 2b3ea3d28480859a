"""Pairs from any labelled set of images: every person's genuine pairs, impostor pairs, and folds that share nobody.

So a folder with a sub-folder a person needs no list. Where there are more pairs than wanted, they are spread over people as
evenly as their images allow, as LFW's list is: nobody with hundreds of images decides the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...embeddings import EmbeddingSet, StoredSet, Strings
from ...errors import InputError, shorten
from ...io import is_frame
from ...people import People, people_in, people_named
from ..protocol import PairProtocol

Rows = NDArray[np.intp]

GENUINE = 10_000  # a rate of 1 % is then known to 0.2 points
FOLDS = 10


def person_pairs(
    faces: EmbeddingSet | StoredSet[EmbeddingSet] | str | Path | ArrayLike,
    *others: EmbeddingSet | StoredSet[EmbeddingSet] | str | Path,
    subjects: ArrayLike | None = None,
    genuine: int = GENUINE,
    impostor: int | None = None,
    folds: int = FOLDS,
    name: str = "people",
    seed: int = 0,
) -> PairProtocol:
    """A list of pairs made of the people in a set, or in all of several sets; `notes` say how many, and by which seed.

    People are dealt into folds by falling number of images, so that folds are alike and share nobody; both images of an
    impostor pair are of one fold. In a fold are as many impostor pairs as genuine ones. There are ten folds, fewer where
    there are too few people (each needs two, one of them with two images), and none below two. The order of the images
    does not matter. Of stored sets only ids and subjects are read.

    Args:
        faces: a set, its path, a data frame, or the ids of images. others: further sets; the images that all of them have
            are paired.
        subjects: (n,) the person in each image of `faces`, "" where unknown; by default as `facespace.people` says, by
            the first set with the column. Images of unknown people are in no pair.
        genuine: most genuine pairs. impostor: most impostor pairs; by default, in each fold, as many as genuine ones.
        folds: most folds.
        name: of the protocol.
        seed: of everything drawn.

    Raises InputError where people are not known, nobody has two images, or there is only one person.

    >>> made = person_pairs(["a/1", "a/2", "a/3", "b/1", "b/2", "c/1", "d/1"])
    >>> made
    PairProtocol('people', 4 genuine + 4 impostor, 2 folds)
    """
    if genuine < 1 or folds < 1 or (impostor is not None and impostor < 1):
        raise InputError(f"made pairs need numbers from 1; got genuine={genuine}, impostor={impostor}, folds={folds}")
    ids, known = _labelled([faces, *others], subjects)
    people, person, images = np.unique(known.names, return_inverse=True, return_counts=True)
    several = int(np.count_nonzero(images >= 2))
    if not several or len(people) < 2:
        raise InputError(
            f"pairs can't be made of {len(ids):,} images of {len(people):,} people, of whom {several:,} have two or more: "
            f"{shorten(people.tolist(), 3)}",
            "Genuine pairs need a person with two images, impostor pairs a second person. Are the subjects right?",
        )
    rng = np.random.default_rng(seed)
    start = np.cumsum(images) - images
    by_person = np.argsort(person, kind="stable")  # rows of each person together; ids are sorted
    count = max(1, min(folds, several, len(people) // 2))
    fold_of = _dealt(images, count, rng)
    left, right = _genuine(images, genuine, rng, start)
    own = np.bincount(fold_of[person[by_person[left]]], minlength=count)
    sizes = np.array([_impostors(images[fold_of == fold]) for fold in range(count)])
    wanted = np.minimum(own, sizes) if impostor is None else _shared(sizes, impostor, rng)
    lefts, rights, same = [left], [right], [np.ones(len(left), dtype=np.bool_)]
    for fold in range(count):
        members = np.flatnonzero(fold_of == fold)
        one, two = _strangers(images[members], int(wanted[fold]), rng, start[members])
        lefts.append(one)
        rights.append(two)
        same.append(np.zeros(len(one), dtype=np.bool_))
    a, b = by_person[np.concatenate(lefts)], by_person[np.concatenate(rights)]
    pair_fold = fold_of[person[a]]
    order = np.argsort(pair_fold, kind="stable")
    notes = [_note(len(left), images, int(wanted.sum()), int(sizes.sum()), count, seed)]
    truth = np.concatenate(same)[order]
    return PairProtocol(name, ids[a[order]], ids[b[order]], truth, pair_fold[order] if count > 1 else None, tuple(notes))


def _note(genuine: int, images: Rows, impostor: int, impostors: int, folds: int, seed: int) -> str:
    def of(some: int, whole: int) -> str:
        return f"all {whole:,}" if some == whole else f"{some:,} of {whole:,}"

    pairs = int((images * (images - 1) // 2).sum())
    cut = f"in {folds} folds that share nobody" if folds > 1 else "without folds, as there are too few people"
    return (
        f"the pairs were made of {int(images.sum()):,} images of {len(images):,} people, {cut} (seed {seed}): "
        f"{of(genuine, pairs)} genuine and {of(impostor, impostors)} impostor pairs"
    )


def _labelled(sets: Sequence[Any], subjects: ArrayLike | None) -> tuple[Strings, People]:
    """Ids, sorted, of the images that all sets have and whose people are known, and these."""
    told = [_texts(one) for one in sets]
    ids = told[0][0]
    owner, column = next((each for each in told if each[1] is not None), (ids, None))
    if subjects is not None:
        owner, column = ids, np.asarray(subjects, dtype=np.str_)
    if column is not None and column.shape != owner.shape:
        raise InputError(f"{owner.shape} ids but {column.shape} subjects", "Give two lists of one length.")
    people = people_in(owner) if column is None else people_named(column)
    known = people.needed(owner, "the set").known
    names, place = np.unique(owner[known], return_index=True)
    kept = np.ones(len(names), dtype=np.bool_)
    for other, _ in told:
        kept &= np.isin(names, other)
    if not kept.any():
        some = [shorten(each[0].tolist(), 2) for each in (told[0], told[-1])]
        raise InputError(
            f"the sets share no image of a known person: {some[0]} against {some[1]}",
            "Ids are compared letter by letter; were both made from the same folder?",
        )
    return names[kept], people.take(np.flatnonzero(known)[place[kept]])


def _texts(faces: Any) -> tuple[Strings, Strings | None]:
    """The ids, and the subjects if there are any."""
    if isinstance(faces, str | Path):
        path = Path(faces)
        faces = EmbeddingSet.open(path) if path.suffix == ".parquet" or path.is_dir() else EmbeddingSet.load(path)
    elif is_frame(faces):
        faces = EmbeddingSet.from_frame(faces)
    if isinstance(faces, EmbeddingSet):
        return faces.ids, faces.subject
    if isinstance(faces, StoredSet):
        parts = [part for shard in faces.shards() for part in faces.texts(shard)]
        ids = np.concatenate([np.asarray(part["ids"], dtype=np.str_) for part in parts])
        if not faces.has("subject"):
            return ids, None
        return ids, np.concatenate([np.asarray(part["subject"], dtype=np.str_) for part in parts])
    ids = np.asarray(faces)
    if ids.ndim != 1 or ids.dtype.kind not in "UTO" or not all(isinstance(name, str) for name in ids.tolist()):
        raise InputError(
            f"pairs are made of a set or of the ids of images, not of a {type(faces).__name__} of {ids.dtype} {ids.shape}",
            "An EmbeddingSet, its path, a data frame, or a list of texts such as ann/1, ann/2, bob/1.",
        )
    return ids.astype(np.str_), None


def _dealt(images: Rows, count: int, rng: np.random.Generator) -> Rows:
    """(p,) fold of each person: to and fro by falling number of images, people of one number shuffled."""
    shuffled = rng.permutation(len(images))
    order = shuffled[np.argsort(-images[shuffled], kind="stable")]
    at = np.arange(len(images)) % (2 * count)
    fold = np.empty(len(images), dtype=np.intp)
    fold[order] = np.minimum(at, 2 * count - 1 - at)
    return fold


def _shared(sizes: Rows, wanted: int, rng: np.random.Generator) -> Rows:
    """How many to take of each of some heaps, `wanted` in all, as evenly as the heaps allow.

    >>> _shared(np.array([1, 9, 9]), 7, np.random.default_rng(0)).tolist()
    [1, 3, 3]
    """
    if sizes.sum() <= wanted:
        return sizes
    low, high = 0, int(sizes.max())  # the largest height to which all heaps can be taken
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= wanted else (low, middle - 1)
    taken = np.minimum(sizes, low)
    more = rng.choice(np.flatnonzero(sizes > low), wanted - int(taken.sum()), replace=False)
    taken[more] += 1
    return taken


def _genuine(images: Rows, wanted: int, rng: np.random.Generator, start: Rows) -> tuple[Rows, Rows]:
    """Places of both images of genuine pairs, those of person p being start[p], start[p] + 1, …"""
    sizes = images * (images - 1) // 2
    parts = []
    for p, some in zip(*_some(_shared(sizes, wanted, rng)), strict=True):
        number = rng.choice(int(sizes[p]), int(some), replace=False)
        larger = np.floor((1 + np.sqrt(1 + 8 * number)) / 2).astype(np.intp)  # pairs (0,1), (0,2), (1,2), (0,3), …
        parts.append(start[p] + np.stack([number - larger * (larger - 1) // 2, larger]))
    one, two = np.concatenate(parts, axis=1)
    return one, two


def _impostors(images: Rows) -> int:
    """How many pairs of images of two people there are."""
    return int((images.sum() ** 2 - (images**2).sum()) // 2)


def _strangers(images: Rows, wanted: int, rng: np.random.Generator, start: Rows) -> tuple[Rows, Rows]:
    """Places of both images of impostor pairs, spread over all pairs of these people."""
    count = len(images) * (len(images) - 1) // 2
    number = rng.choice(count, wanted, replace=False) if count >= wanted else np.arange(count)  # of pairs of people
    b = np.floor((1 + np.sqrt(1 + 8 * number)) / 2).astype(np.intp)
    a = number - b * (b - 1) // 2
    sizes = images[a] * images[b]
    if count >= wanted:
        first, second = np.divmod(rng.integers(0, sizes), images[b])
        return start[a] + first, start[b] + second
    parts = []
    for i, some in zip(*_some(_shared(sizes, wanted, rng)), strict=True):
        first, second = np.divmod(rng.choice(int(sizes[i]), int(some), replace=False), images[b[i]])
        parts.append(np.stack([start[a[i]] + first, start[b[i]] + second]))
    one, two = np.concatenate(parts, axis=1)
    return one, two


def _some(taken: Rows) -> tuple[Rows, Rows]:
    """The heaps of which anything is taken, and how much."""
    heaps = np.flatnonzero(taken)
    return heaps, taken[heaps]
