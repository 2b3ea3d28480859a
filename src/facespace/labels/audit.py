"""`audit_labels`: duplicates, one person under two names, two persons under one name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..embeddings import EmbeddingSet, Floats, Strings
from ..errors import InputError
from ..given import SEVERAL, SetLike, as_sets, takes
from ..images import ImageSource
from ..people import people_of
from ..results import signature
from ._evidence import Doubles, Rows, Tail, cosines, discriminant, same_name_pairs, two_name_pairs
from ._search import own_support, pairs_above
from .exclusion import cover
from .result import Duplicate, LabelAudit, TwoNames, TwoPeople

MOST_IMAGES = 60_000  # all pairs of them are searched; of a larger set so many, of people chosen at random
FALSE_SHARE = 0.1  # of what is listed: so many might be right labels
NEAR = 0.95  # cosine in every network from which two images are one picture, perhaps cut or stored anew
_AGREES = 0.1  # quantile of one name's scores from which a network agrees that two names are one person's
_STRANGERS = 0.99  # quantile of two names' scores up to which it agrees that one name is two persons'
_TAIL = 1e-4  # of the pairs of two names, the tail is told by the highest
_LOW = 0.2  # of the images, the lower tail of their likeness to their name's others
_FEWEST = 30  # pairs of one name, below which nothing can be said


@takes(sets=SEVERAL)
def audit_labels(
    sets: Sequence[SetLike],
    *,
    images: ImageSource | None = None,
    false_share: float = FALSE_SHARE,
    most: int = 1000,
    seed: int = 0,
) -> LabelAudit:
    """Find labels that are probably wrong, by one network's embeddings or better by several networks' of the same images.

    A pair's score is a weighted sum of the networks' cosines, the weights those of the linear discriminant between pairs of
    one name and of two. **One person under two names**: all pairs of two names are searched for scores that right labels
    seldom reach; how many would reach them is told by the tail of the other pairs, taken to be normal. **Two persons under
    one name**: images whose mean score with the others of their name is as low as strangers'. Either list ends where more
    than `false_share` of it might be right labels, and more than half of the networks have to agree. Twins, brothers and
    pictures of bad quality are listed too: look before you leave out.

    **Duplicates** have a cosine of 0.95 or more in every network; with `images` files are compared too.

    Args:
        sets: of the same images by id, (n, d) each; what not all have is left out, with a warning.
        images: the folder, or another source of images, with the same ids.
        most: entries of each list.

    Sets of more than 60,000 images are searched in part: people chosen at random by `seed`, with a warning.

    Raises:
        InputError: no set, nobody or next to nobody known, no shared ids.
    """
    sets = as_sets(sets)
    begun = time.perf_counter()
    if not sets:
        raise InputError("an audit of labels needs a set of embeddings", "Give one, or those of several networks.")
    if not 0 < false_share < 1:
        raise InputError(f"false_share {false_share}: it is between 0 and 1", "0.1 is usual.")
    rng = np.random.default_rng(seed)
    shared, warnings = _shared(sets)
    who = people_of(*shared).needed(shared[0].ids, "the set")
    warnings += who.left_out("the set")
    if len(who.names) > MOST_IMAGES:
        rows = _sample(who.codes, rng)
        warnings.append(
            f"{len(rows):,} of {len(who.names):,} images were searched, of people chosen at random: "
            f"{100 * (len(rows) / len(who.names)) ** 2:.1f} % of the pairs"
        )
        shared, who = [faces.take(rows) for faces in shared], who.take(rows)
    view = _View.of(shared, who.names, who.codes, rng)
    near, duplicate_rows = view.duplicates(images)
    strays = view.two_people(false_share, most)
    names, rows_of_pairs, expected = view.two_names(false_share, most, {one.id for one in strays})
    listed = np.isin(view.ids, [one.id for one in strays])
    models = [faces.model or f"network {at + 1}" for at, faces in enumerate(shared)]
    return LabelAudit(
        signature=signature(
            "labels",
            networks="+".join(models),
            images=len(view.ids),
            people=view.people,
            false_share=false_share,
            files=None if images is None else "compared",
            seed=seed,
        ),
        networks=tuple(models),
        weights=tuple(view.weights.tolist()),
        images=len(view.ids),
        people=view.people,
        pairs=view.strangers,
        duplicates=near[:most],
        two_names=names,
        two_people=strays,
        suspected_pairs=len(rows_of_pairs[0]),
        expected_two_names=expected,
        expected_two_people=max((one.expected for one in strays), default=0.0),
        exclude=tuple(view.ids[cover(listed, [rows_of_pairs, duplicate_rows])].tolist()),
        warnings=tuple(warnings),
        seconds=time.perf_counter() - begun,
    )


def _shared(sets: Sequence[EmbeddingSet]) -> tuple[list[EmbeddingSet], list[str]]:
    first, *others = sets
    ids = first.ids
    for faces in others:
        ids = first.select(ids).join(faces).left.ids
    lost = [len(faces) - len(ids) for faces in sets]
    told = [f"{max(lost):,} images that not all sets have were left out"] if any(lost) else []
    return [faces.select(ids) for faces in sets], told


def _sample(person: Rows, rng: np.random.Generator) -> Rows:
    """Rows of as many people, chosen at random, as have `MOST_IMAGES` images."""
    counts = np.bincount(person[person >= 0])
    order = rng.permutation(len(counts))
    taken = order[np.cumsum(counts[order]) <= MOST_IMAGES]
    return np.flatnonzero(np.isin(person, taken))


@dataclass(frozen=True, eq=False)
class _View:
    """The set as the networks together see it: pairs i < j of two names, with scores, and what one name's pairs score."""

    ids: Strings
    names: Strings
    person: Rows
    units: list[Floats]
    weights: Doubles
    genuine: Doubles  # (k, m) cosines of one name's pairs, sorted by network
    impostor: Doubles  # (l, m) of two names'
    fused: Floats
    pairs: tuple[Rows, Rows, Doubles]

    @classmethod
    def of(cls, sets: list[EmbeddingSet], names: Strings, person: Rows, rng: np.random.Generator) -> _View:
        units = [faces.normalized() for faces in sets]
        one, two = same_name_pairs(person, rng), two_name_pairs(person, rng)
        if len(one[0]) < _FEWEST or not len(two[0]):
            raise InputError(
                f"{len(one[0])} pairs of one name: too few to tell how one person's images score",
                f"At least {_FEWEST} are needed, and two names.",
            )
        genuine = np.stack([cosines(unit, *one) for unit in units], axis=1)
        impostor = np.stack([cosines(unit, *two) for unit in units], axis=1)
        weights = discriminant(genuine, impostor)
        fused = np.concatenate(
            [unit * np.float32(np.sqrt(w)) for unit, w in zip(units, weights, strict=True) if w > 0], axis=1
        )
        strangers = _strangers(person)
        rate = min(0.5, max(_TAIL, 2000 / strangers))
        least = min(float(np.quantile(impostor @ weights, 1 - rate)), NEAR)
        pairs = pairs_above(fused, person, least, NEAR)
        return cls(sets[0].ids, names, person, units, weights, np.sort(genuine, axis=0), impostor, fused, pairs)

    @property
    def people(self) -> int:
        return int(self.person.max()) + 1

    @property
    def strangers(self) -> int:
        return _strangers(self.person)

    @property
    def one_name(self) -> Doubles:
        """(k,) scores of one name's pairs, about, for quantiles: the networks' sorted cosines, weighted."""
        return self.genuine @ self.weights

    def apart(self) -> tuple[Rows, Rows, Doubles]:
        """The pairs of two known names, the highest score first."""
        left, right, scores = self.pairs
        one, other = self.person[left], self.person[right]
        kept = np.flatnonzero((one != other) & (one >= 0) & (other >= 0))
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        return left[kept], right[kept], scores[kept]

    def quantiles(self, left: Rows, right: Rows) -> Doubles:
        """(k, m) share of one name's pairs that score no more, by network."""
        columns = [
            np.searchsorted(self.genuine[:, at], cosines(unit, left, right), side="right") / len(self.genuine)
            for at, unit in enumerate(self.units)
        ]
        return np.stack(columns, axis=1)

    def duplicates(self, images: ImageSource | None) -> tuple[tuple[Duplicate, ...], tuple[Rows, Rows]]:
        """Pairs that every network takes for one picture, or whose files are equal; surest first."""
        left, right, scores = self.pairs
        high = scores >= NEAR - 1e-6
        left, right = left[high], right[high]
        least = np.stack([cosines(unit, left, right) for unit in self.units]).min(axis=0)
        left, right, least = left[least >= NEAR], right[least >= NEAR], least[least >= NEAR]
        digests: list[str] | None = None
        if images is not None:
            from .files import file_digests

            digests = file_digests(self.ids, images)
            left, right, least = self._with_equal_files(left, right, least, digests)
        order = np.argsort(-least, kind="stable")
        left, right, least = left[order], right[order], least[order]
        found = tuple(
            Duplicate(
                str(self.ids[i]),
                str(self.ids[j]),
                float(min(cosine, 1.0)),
                bool(self.person[i] == self.person[j] >= 0),
                None if digests is None else bool(digests[i]) and digests[i] == digests[j],
            )
            for i, j, cosine in zip(left, right, least, strict=True)
        )
        return found, (left, right)

    def _with_equal_files(self, left: Rows, right: Rows, least: Doubles, digests: list[str]) -> tuple[Rows, Rows, Doubles]:
        known = set(zip(left.tolist(), right.tolist(), strict=True))
        first: dict[str, int] = {}
        more = [(first.setdefault(one, at), at) for at, one in enumerate(digests) if one]
        added = [pair for pair in more if pair[0] != pair[1] and pair not in known]
        if not added:
            return left, right, least
        i, j = (np.array(side, dtype=np.intp) for side in zip(*added, strict=True))
        cosine = np.stack([cosines(unit, i, j) for unit in self.units]).min(axis=0)
        return np.concatenate([left, i]), np.concatenate([right, j]), np.concatenate([least, cosine])

    def two_names(self, share: float, most: int, strays: set[str]) -> tuple[tuple[TwoNames, ...], tuple[Rows, Rows], float]:
        """Pairs of names, the rows of all suspected pairs of images, and how many of these right labels would give."""
        left, right, scores = self.apart()
        if not len(scores):
            return (), (left, right), 0.0
        surely = int((scores >= np.quantile(self.one_name, _AGREES)).sum())
        tail = Tail.of(scores, self.strangers, min(2 * surely + 10, len(scores) // 4))
        expected = self.strangers * tail.beyond(scores)
        quantiles = self.quantiles(left[: 20 * most], right[: 20 * most])
        agreeing = (quantiles >= _AGREES).sum(axis=1)
        listed = _listed(expected[: 20 * most], share)
        kept = np.flatnonzero(2 * agreeing[:listed] > len(self.units))
        found: dict[tuple[str, str], list[int]] = {}
        for place in kept.tolist():
            found.setdefault((str(self.names[left[place]]), str(self.names[right[place]])), []).append(place)
        entries = []
        for pair, places in list(found.items())[:most]:
            at = places[0]  # the highest score
            ids = str(self.ids[left[at]]), str(self.ids[right[at]])
            stray = next((one for one in ids if one in strays), None)
            row = tuple(quantiles[at].tolist())
            entries.append(
                TwoNames(pair, *ids, len(places), float(scores[at]), float(expected[at]), row, int(agreeing[at]), stray)
            )
        lowest = float(expected[kept[-1]]) if len(kept) else 0.0
        return tuple(entries), (left[kept], right[kept]), lowest

    def two_people(self, share: float, most: int) -> tuple[TwoPeople, ...]:
        """Images that are like strangers to the others of their name."""
        support = own_support(self.fused, self.person)
        rows = np.flatnonzero(~np.isnan(support))
        rows = rows[np.argsort(support[rows], kind="stable")]
        scores = support[rows]
        as_strangers = np.quantile(self.impostor, _STRANGERS, axis=0)
        strange = int((scores <= np.quantile(self.impostor @ self.weights, _STRANGERS)).sum())
        low = -scores[: max(int(_LOW * len(scores)), 2)]
        tail = Tail.of(low, len(scores), min(2 * strange + 10, len(low) // 4))
        expected = len(scores) * tail.beyond(-scores)
        listed = rows[: min(_listed(expected[: 20 * most], share), strange)]
        own = np.stack([own_support(unit, self.person)[listed] for unit in self.units], axis=1)
        agreeing = (own <= as_strangers).sum(axis=1)
        like = self._most_like(np.quantile(self.one_name, _AGREES))
        counts = np.bincount(self.person[self.person >= 0])
        entries: list[TwoPeople] = []
        for at, row in enumerate(listed.tolist()):
            if 2 * agreeing[at] <= len(self.units) or len(entries) == most:
                continue
            other = like.get(row, (None, None))
            count = int(counts[self.person[row]])
            another = int(np.flatnonzero((self.person == self.person[row]) & (np.arange(len(self.ids)) != row))[0])
            facts = (str(self.ids[another]), count, float(scores[at]), float(expected[at]), int(agreeing[at]))
            entries.append(TwoPeople(str(self.ids[row]), str(self.names[row]), *facts, *other))
        return tuple(entries)

    def _most_like(self, least: float) -> dict[int, tuple[str, float]]:
        """For each row the other name whose image it is most like, from a score of `least` on."""
        left, right, scores = self.apart()
        found: dict[int, tuple[str, float]] = {}
        for i, j, score in zip(left, right, scores, strict=True):
            if score < least:
                break
            found.setdefault(int(i), (str(self.names[j]), float(score)))
            found.setdefault(int(j), (str(self.names[i]), float(score)))
        return found


def _strangers(person: Rows) -> int:
    counts = np.bincount(person[person >= 0])
    known = int(counts.sum())
    return (known * known - int((counts.astype(np.int64) ** 2).sum())) // 2


def _listed(expected: Doubles, share: float) -> int:
    """How many of a ranking can be listed so that at most a `share` of them is expected among right labels."""
    good = np.flatnonzero(expected <= share * np.arange(1, len(expected) + 1))
    return int(good[-1]) + 1 if len(good) else 0
