"""TemplateProtocol: which images make up which template, and which templates are compared.

>>> demo = TemplateProtocol.from_columns(
...     "demo", images=["a1", "a2", "a3", "b1"], template=["1", "1", "2", "3"],
...     left=["1", "1"], right=["2", "3"], same=[True, False])
>>> demo
TemplateProtocol('demo', 4 faces in 3 templates, 1 genuine + 1 impostor)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..embeddings import EmbeddingSet, StoredSet, Strings
from ..errors import InputError, shorten
from ..io import nfc, texts
from ._lines import check_both_classes
from .protocol import PairProtocol

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False, repr=False)
class TemplateProtocol:
    """A 1:1 protocol of templates. A pair costs nine bytes, so that IJB-C's 15,658,489 fit in 140 MB.

    Attributes:
        name: what the signature of a result calls it, such as `ijbc`.
        images: (n,) id of the face in each row of the list; a face may be in several templates.
        template: (n,) int32, which of `templates` the row belongs to.
        media: (n,) int32 code; rows of one template with one code are of one video (or are one still image).
        templates: (t,) names of the templates.
        left, right: (p,) int32, the two templates of each pair.
        same: (p,) bool, True where both show one person.
        subject: (t,) name of the person in each template, or None where the lists don't say.

    Raises:
        InputError: lengths that differ, a template without a face that is in a pair, no genuine or no impostor pair,
            subjects that contradict `same`.
    """

    name: str
    images: Strings
    template: Codes
    media: Codes
    templates: Strings
    left: Codes
    right: Codes
    same: NDArray[np.bool_]
    subject: Strings | None = None

    def __post_init__(self) -> None:
        for field in ("template", "media", "left", "right", "same"):
            kind = np.bool_ if field == "same" else np.int32
            object.__setattr__(self, field, np.ascontiguousarray(getattr(self, field), dtype=kind))
        for field in ("images", "templates") if self.subject is None else ("images", "templates", "subject"):
            object.__setattr__(self, field, _strings(getattr(self, field)))
        self._check_lengths()
        bare = np.bincount(self.template, minlength=len(self.templates)) == 0
        if bare.any():
            used = np.zeros(len(self.templates), dtype=np.bool_)
            used[self.left] = used[self.right] = True
            bare &= used
        if bare.any():
            names = self.templates[bare].tolist()
            raise InputError(
                f"{len(names):,} templates in the pairs of {self.name!r} have no face: {shorten(names)}",
                "Do the list of faces and the list of pairs belong together?",
            )
        check_both_classes(f"protocol {self.name!r}", self.same)
        if self.subject is not None:
            codes = np.unique(self.subject, return_inverse=True)[1].astype(np.int32)
            wrong = (codes[self.left] == codes[self.right]) != self.same
            if wrong.any():
                at = int(np.argmax(wrong))
                one, two = int(self.left[at]), int(self.right[at])
                raise InputError(
                    f"{int(wrong.sum()):,} pairs of {self.name!r} contradict the subjects: pair {at + 1:,} of templates "
                    f"{self.templates[one]} ({self.subject[one]}) and {self.templates[two]} ({self.subject[two]}) is "
                    f"{'genuine' if self.same[at] else 'impostor'}"
                )

    def _check_lengths(self) -> None:
        groups: tuple[dict[str, Any], ...] = (
            {"images": self.images, "template": self.template, "media": self.media},
            {"left": self.left, "right": self.right, "same": self.same},
            {"templates": self.templates} | ({} if self.subject is None else {"subject": self.subject}),
        )
        for columns in groups:
            if len({column.shape for column in columns.values()}) > 1 or any(c.ndim != 1 for c in columns.values()):
                sizes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
                raise InputError(f"the columns of protocol {self.name!r} have different shapes: {sizes}")
        for name in ("template", "left", "right"):
            codes = getattr(self, name)
            if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < len(self.templates):
                raise InputError(f"{name} of protocol {self.name!r} must be 0 … {len(self.templates) - 1:,}")

    def __len__(self) -> int:
        return int(self.left.shape[0])

    def __repr__(self) -> str:
        return (
            f"TemplateProtocol({self.name!r}, {len(self.images):,} faces in {len(self.templates):,} templates, "
            f"{self.genuine:,} genuine + {len(self) - self.genuine:,} impostor)"
        )

    @cached_property
    def genuine(self) -> int:
        """How many pairs show one person."""
        return int(np.count_nonzero(self.same))

    @classmethod
    def from_columns(
        cls,
        name: str,
        *,
        images: ArrayLike,
        template: ArrayLike,
        left: ArrayLike,
        right: ArrayLike,
        same: ArrayLike,
        media: ArrayLike | None = None,
        subject: ArrayLike | None = None,
    ) -> TemplateProtocol:
        """From columns of names: per face `images`, `template`, `media`, `subject`; per pair `left`, `right`, `same`.

        Without `media` every face is a still image. Raises InputError for a template of two people and a pair that names
        an unknown template.
        """
        names, codes = np.unique(_strings(template), return_inverse=True)
        faces = _strings(images)
        stills = np.arange(len(faces))
        group = stills if media is None else np.unique(_strings(media), return_inverse=True)[1]
        people = None if subject is None else _subject_per_template(names, codes, _strings(subject))
        one, two = _places(names, left), _places(names, right)
        return cls(name, faces, codes.astype(np.int32), group.astype(np.int32), names, one, two, np.asarray(same), people)

    @classmethod
    def from_set(cls, protocol: PairProtocol, faces: EmbeddingSet | StoredSet[EmbeddingSet]) -> TemplateProtocol:
        """Pairs of templates, whose members a set's own columns `template` (and `media`, `subject`) name.

        Of a stored set without the faces of templates that are in no pair. Raises InputError when the set has no column
        `template`.
        """
        if not (faces.has("template") if isinstance(faces, StoredSet) else faces.template is not None):
            raise InputError("the set has no column 'template'", "Add it, or give a list of image, template and media.")
        columns: dict[str, Any] = {}
        if isinstance(faces, EmbeddingSet):
            columns = {"images": faces.ids, **{name: c for name, c in faces.columns().items() if name != "quality"}}
        else:
            columns = _in_pairs(faces, nfc(np.unique(np.concatenate([protocol.left, protocol.right]))))
        return cls.from_columns(protocol.name, left=protocol.left, right=protocol.right, same=protocol.same, **columns)

    def rows(self, faces: EmbeddingSet, *, in_list_order: bool = False) -> NDArray[np.intp]:
        """(n,) row of `faces` for each row of the list, −1 where there is none: found by id.

        `in_list_order` says that row i of the set is row i of the list, whatever its ids are, as in the arrays that the
        field's scripts write; it needs equal lengths. It is never assumed.
        """
        if in_list_order:
            return self.in_order(len(faces))
        if np.array_equal(faces.ids, self.images):
            return np.arange(len(faces), dtype=np.intp)
        return faces.find(self.images)

    def in_order(self, count: int) -> NDArray[np.intp]:
        """(n,) the rows of a set of `count` that is in the list's order; InputError where the list has more or fewer."""
        if count != len(self.images):
            raise InputError(
                f"the set has {count:,} rows and the list of {self.name!r} {len(self.images):,}, so they can't be in one "
                "order",
                "Leave out the option to join them by id.",
            )
        return np.arange(count, dtype=np.intp)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> TemplateProtocol:
        """The protocol of the chosen pairs (indices, a mask or a slice); faces and templates stay."""
        return replace(self, left=self.left[rows], right=self.right[rows], same=self.same[rows])

    @cached_property
    def people(self) -> Codes | None:
        """(t,) int32 code of the person in each template, or None where that can't be known.

        From `subject`; else templates linked by genuine pairs, directly or over others, are one person (IJB-C's lists
        name no one, but every probe has a genuine pair with its person's gallery template). None when an impostor pair
        lies within such a group. A template without any genuine pair counts as a person of its own.
        """
        if self.subject is not None:
            return np.unique(self.subject, return_inverse=True)[1].astype(np.int32)
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        t = len(self.templates)
        one, two = self.left[self.same], self.right[self.same]
        links = coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(t, t))
        codes: Codes = connected_components(links, directed=False)[1].astype(np.int32)
        inside = codes[self.left] == codes[self.right]
        return codes if np.array_equal(inside, self.same) else None


def _in_pairs(faces: StoredSet[EmbeddingSet], wanted: Strings) -> dict[str, Strings]:
    """What the columns of a stored set say of the faces of these templates."""
    found: dict[str, list[Strings]] = {"ids": [], "template": [], "media": [], "subject": []}
    for shard in faces.shards():
        for fields in faces.texts(shard):
            here = np.flatnonzero(np.isin(nfc(texts(fields["template"], "template")), wanted))
            for name in found.keys() & fields.keys():
                found[name].append(texts(fields[name], name)[here])
    columns = {name: np.concatenate(parts) for name, parts in found.items() if parts}
    return {"images": columns.pop("ids"), **columns}


def _subject_per_template(names: Strings, codes: NDArray[Any], subject: Strings) -> Strings:
    first = np.zeros(len(names), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    people = subject[first]
    clash = people[codes] != subject
    if clash.any():
        at = int(np.argmax(clash))
        raise InputError(
            f"template {names[codes[at]]} shows two people: {people[codes[at]]} in row {first[codes[at]] + 1:,} and "
            f"{subject[at]} in row {at + 1:,}",
            "A template is of one person.",
        )
    return people


def _strings(values: ArrayLike) -> Strings:
    return nfc(np.asarray(values, dtype=np.str_))


def _places(names: Strings, wanted: ArrayLike) -> Codes:
    asked = _strings(wanted)
    place = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    if (unknown := names[place] != asked).any():
        at = int(np.argmax(unknown))
        raise InputError(
            f"pair {at + 1:,} names template {str(asked[at])!r}, which has no face",
            f"The templates are named like {shorten(names[:3].tolist())}.",
        )
    return place.astype(np.int32)
