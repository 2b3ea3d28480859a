"""What is read of two systems' sets: the pairs that may leak, the probes, and the galleries, which may stay in files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet, Floats
from ..engine import Engine
from ..gallery import Search, gallery_of, search_gallery
from ..mapping import LinearMap, Moments, moments_of
from ..people import People
from ..row_index import AnySet, Hashes, RowIndex, ids_of, shared_rows
from .design import Design, Rows


@dataclass(frozen=True, eq=False)
class Shared:
    """The images of both sets whose people are known, in the order of their ids' hashes, whatever order they lie in.

    Attributes:
        rows: (n,) of the images in the source, and in the target. people: (n,) hashes of names; source: who told these.
        whole: how many images both sets have. unknown: how many of them are of unknown people. left_out: of one set alone.
    """

    rows: tuple[Rows, Rows]
    people: Hashes
    source: str
    unknown: int
    whole: int
    left_out: int

    @classmethod
    def of(cls, source: AnySet, target: AnySet, engine: Engine) -> Shared:
        """Raises InputError where the sets share no id, and where nobody is known."""
        one, two = RowIndex.of(source, engine), RowIndex.of(target, engine)
        rows, places = shared_rows(source, target, one, two)
        told = one if one.source == "subject" or two.source != "subject" else two
        people = told.people[rows if told is one else places]
        if not people.any():
            People(np.array([""]), "nobody").needed(ids_of(source, rows[:2]), "either set")
        whole, order = len(rows), np.argsort(one.ids[rows])
        order = order[people[order] != 0]
        left_out = len(one) + len(two) - 2 * whole
        return cls((rows[order], places[order]), people[order], told.source, whole - len(order), whole, left_out)


@dataclass(frozen=True, eq=False)
class System:
    """One system's embeddings in the audit.

    Attributes:
        probes: those of the design, in its order. gallery: its entries, of the people `person` (m,).
        pool: the embeddings that leak in some repeat; `place` (n,) is where those of the design's rows are in it, or −1.
    """

    probes: EmbeddingSet
    gallery: AnySet
    person: Rows
    pool: EmbeddingSet
    place: Rows
    engine: Engine

    @classmethod
    def of(cls, faces: AnySet, rows: Rows, design: Design, leaked: Rows, engine: Engine, scratch: Path) -> System:
        """Of a set, whose `rows` (n,) the design is of; `leaked` of the design's rows leak in some repeat.

        A stored gallery is copied to the file `scratch`, since every attack goes through it.
        """
        gallery = design.gallery[np.argsort(rows[design.gallery])]
        chosen, person = rows[gallery], design.person[gallery]
        entries = bare(faces.take(chosen)) if isinstance(faces, EmbeddingSet) else faces.bare(chosen, scratch)
        place = np.full(len(rows), -1, dtype=np.intp)
        place[leaked] = np.arange(len(leaked))
        return cls(bare(faces.take(rows[design.probes])), entries, person, faces.take(rows[leaked]), place, engine)

    def leak(self, rows: Rows) -> EmbeddingSet:
        """The embeddings of some of the rows that may leak."""
        return self.pool.take(self.place[rows])

    @cached_property
    def of_probes(self) -> Moments:
        """What an attacker who has the probes knows of this system's space."""
        return moments_of(self.probes, self.engine)

    @cached_property
    def of_gallery(self) -> Moments:
        """What an attacker who has the gallery knows of it."""
        return moments_of(self.gallery, self.engine)

    def search(self, probes: Floats, design: Design, fitted: LinearMap | None = None) -> Search:
        """Look `probes`, where they are compared, up in the gallery; `fitted` brings its entries there."""
        gallery = gallery_of(self.gallery, self.person, partial(_compared, fitted))
        return search_gallery(probes, design.person[design.probes], gallery, self.engine)


def bare(faces: EmbeddingSet) -> EmbeddingSet:
    """Without labels: the attacker has none for the probes, and the map may not know the gallery's."""
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model)


def _compared(fitted: LinearMap | None, faces: EmbeddingSet) -> tuple[Any, None]:
    return faces.vectors if fitted is None else fitted.reference(faces.vectors), None
