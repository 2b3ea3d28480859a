"""What images that both networks have embedded say of a move: the same trials before it, after it, and with the new network.

A trial is a template in the gallery and a query. Before the move both are the old network's; after it the query is the new
one's, and either the gallery was mapped, or the query is (`Direction`), or each into a common space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, normalize
from ..errors import InputError
from ..mapping import FittedOn, LinearMap, TwoSidedMap
from ..people import people_of

Codes = NDArray[np.intp]

IMAGES = 4  # of a person; more would make the result one of those people who have many
IMPOSTORS = 3000  # images whose pairs are the impostor trials


@dataclass(frozen=True, eq=False)
class Direction:
    """How the gallery's old templates and the new network's queries are brought together.

    Attributes:
        name: "gallery" (old templates are mapped, queries are left alone), "queries" (the other way round: the gallery stays
            as it is), or "both".
        templates, queries: the map on each side, None where vectors stay as they are.
    """

    name: str
    templates: LinearMap | None
    queries: LinearMap | None

    @classmethod
    def of(cls, map: LinearMap | TwoSidedMap) -> Direction:
        """A map from the old network to the new, or of both into a common space. InputError for a likelihood ratio."""
        if isinstance(map, TwoSidedMap):
            if map.likelihood is not None:
                raise InputError(
                    "a likelihood ratio compares two networks' vectors, and moves none of them into another space",
                    "Plan with a map by --method auto, or by joint for a space of both.",
                )
            return cls("both", map.source, map.target)
        return cls("gallery", map, None)

    @classmethod
    def of_queries(cls, map: LinearMap) -> Direction:
        """A map from the new network to the old: nothing is written."""
        return cls("queries", None, map)

    def template(self, old: NDArray[Any]) -> Floats:
        """(n, r) unit vectors of the gallery's templates (n, p) of the old network."""
        return normalize(old if self.templates is None else self.templates.transform(old))

    def query(self, new: NDArray[Any]) -> Floats:
        """(n, r) unit vectors of queries (n, q) of the new network."""
        return normalize(new if self.queries is None else self.queries.transform(new))


@dataclass(frozen=True, eq=False)
class Evidence:
    """The same n images by both networks, of people whom no map was fitted on.

    Attributes:
        ids: (n,). old: (n, p), new: (n, q) float32, of unit length.
        person: (n,) codes from 0 without gaps.
        warnings: what was left out.
    """

    ids: NDArray[np.str_]
    old: Floats
    new: Floats
    person: Codes
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        old: EmbeddingSet,
        new: EmbeddingSet,
        fitted: Sequence[FittedOn | None] = (),
        *,
        seed: int = 0,
        by: str = "the map was fitted on",
    ) -> Evidence:
        """Of two sets with the same ids; of each person at most four images, chosen by `seed`.

        People in `fitted` are left out, and counted; `by` says how they were seen. Raises InputError where the people are
        unknown, or fewer than two have two images.
        """
        join = old.join(new)
        old, new = join.left, join.right
        people = people_of(old, new).needed(old.ids, "the images to check with")
        kept = people.known.copy()
        warnings = people.left_out("of the images to check with")
        seen = np.zeros(len(kept), dtype=np.bool_)
        for one in fitted:
            if one is not None:
                seen |= one.has(old.ids, people.names)
        if seen.any():
            kept &= ~seen
            told = f"{int(seen.sum()):,} of {len(seen):,} images to check with are of people whom {by}"
            if not kept.any():
                raise InputError(told, "Check with other people's images.")
            warnings.append(f"{told}; they are left out")
        if any(one is None for one in fitted):
            warnings.append("the map doesn't say whom it was fitted on: nothing shows that these are other people")
        rows = np.flatnonzero(kept)
        rows = rows[np.random.default_rng(seed).permutation(len(rows))]
        code = people.codes[rows]
        order = np.argsort(code, kind="stable")
        place = np.arange(len(order)) - np.searchsorted(code[order], code[order])
        rows = np.sort(rows[order[place < IMAGES]])
        person = np.unique(people.codes[rows], return_inverse=True)[1]
        found = cls(old.ids[rows], old.normalized()[rows], new.normalized()[rows], person, tuple(warnings))
        if found.pairs_people < 2:
            raise InputError(
                f"{found.pairs_people} of {found.people:,} people have two images to check with",
                "Two images a person are needed.",
            )
        return found

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.person.max()) + 1

    @property
    def pairs_people(self) -> int:
        """How many of them have two images, which a genuine trial needs."""
        return int((np.bincount(self.person) > 1).sum())

    @cached_property
    def trials(self) -> Trials:
        """Every ordered pair of images of one person, and of different people among 3,000 images."""
        return Trials.of(self.person)

    def scores(self, direction: Direction | str) -> tuple[Floats, Floats]:
        """Genuine (g,) and impostor (m,) scores of the trials: "old" and "new" network alone, or in a direction."""
        if isinstance(direction, Direction):
            sides = direction.template(self.old), direction.query(self.new)
        else:
            sides = {"old": (self.old, self.old), "new": (self.new, self.new)}[direction]
        return self.trials.scores(*sides)


@dataclass(frozen=True, eq=False)
class Trials:
    """Which images meet: `one` and `two` (g,) of genuine trials, and all of `few` (k,) with each other if `apart` (k, k).

    `person` (n,) of the images.
    """

    person: Codes
    one: Codes
    two: Codes
    few: Codes
    apart: NDArray[np.bool_]

    @classmethod
    def of(cls, person: Codes) -> Trials:
        """Of images by their people, codes (n,). The images that impostor trials take are whole people's."""
        order = np.argsort(person, kind="stable")
        count = np.bincount(person)
        begin = np.cumsum(count) - count
        one = np.repeat(order, count[person[order]])
        place = np.arange(len(one)) - np.repeat(np.cumsum(count[person[order]]) - count[person[order]], count[person[order]])
        two = order[begin[person[one]] + place]
        other = one != two
        ends = np.cumsum(count)
        whole = int(np.searchsorted(ends, IMPOSTORS, side="right"))
        few = order[: ends[whole - 1]]
        return cls(person, one[other], two[other], few, person[few][:, None] != person[few][None, :])

    def scores(self, templates: Floats, queries: Floats) -> tuple[Floats, Floats]:
        """Cosines of unit vectors (n, r) of both sides."""
        genuine = np.vecdot(templates[self.one], queries[self.two])
        return genuine, (templates[self.few] @ queries[self.few].T)[self.apart]

    @cached_property
    def sides(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """People left and right of the genuine and then the impostor trials."""
        person = self.person.astype(np.int32)
        few = person[self.few]
        left, right = (np.broadcast_to(side, self.apart.shape)[self.apart] for side in (few[:, None], few[None, :]))
        return np.concatenate([person[self.one], left]), np.concatenate([person[self.two], right])
