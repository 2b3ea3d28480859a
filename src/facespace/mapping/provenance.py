"""What a map was fitted on: hashes of its images' ids and people's names, so that nobody judges it on these unawares.

Ids and names are compared as hashes of 64 bits (BLAKE2b): a file tells whether an id that one has is among them, and gives
none away that one hasn't. Of 100,000 others, one in 10¹² would be taken for one of a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Strings
from ..io import Artefact

FEW_KNOWN = 0.01  # share of people or images that may be known to a map that they judge: of no weight beside the others
MOST = 2_000_000  # images; of more a map keeps none, and says so

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class FittedOn:
    """Sorted hashes of the `images` (n,) that a map was fitted on, and of their `people` (m,), as far as known."""

    images: Hashes
    people: Hashes

    @classmethod
    def of(cls, ids: Strings, people: Strings) -> FittedOn:
        """Of these ids and names; "" is nobody."""
        return cls(np.unique(_hashes(ids)), np.unique(_hashes(people[people != ""])))

    @classmethod
    def union(cls, parts: Sequence[FittedOn]) -> FittedOn:
        """Of all that the parts are of."""
        return cls(*(np.unique(np.concatenate([getattr(part, what) for part in parts])) for what in ("images", "people")))

    def has(self, ids: Strings, people: Strings | None = None) -> NDArray[np.bool_]:
        """(n,) which of these images are among them, or show one of their people ("" is nobody)."""
        seen = _among(ids, self.images)
        return seen if people is None else seen | (_among(people, self.people) & (people != ""))

    def judge(self, start: FittedOn | None) -> tuple[bool, list[str]]:
        """Can these judge a map that was fitted on `start`? No where more than a few are among them; and a warning."""
        if start is None:
            return True, []
        images, people = (
            int(np.isin(mine, its, assume_unique=True).sum())
            for mine, its in ((self.images, start.images), (self.people, start.people))
        )
        few = images <= FEW_KNOWN * len(self.images) and people <= FEW_KNOWN * len(self.people)
        told = f"{images:,} of these {len(self.images):,} images and {people:,} of their {len(self.people):,} people"
        what = (
            ""
            if few
            else ", so that they can't judge it: what they tell of it is too good, and auto, where it chooses, leaves it out"
        )
        return few, [f"the start was fitted on {told} (by ids and names){what}"] if images or people else []

    def and_of(self, start: FittedOn | None) -> FittedOn:
        """What a map is of that was fitted on these from a start."""
        return self if start is None else FittedOn.union([self, start])

    def arrays(self) -> dict[str, Hashes]:
        """The arrays by name, as files hold them."""
        return {"fitted_images": self.images, "fitted_people": self.people}

    @classmethod
    def of_file(cls, file: Artefact) -> FittedOn | None:
        """What a map's file tells; None where it tells nothing. Raises FileFormatError."""
        if not {"fitted_images", "fitted_people"} & file.arrays.keys():
            return None
        return cls(*(file.array(f"fitted_{what}", (f"number of {what}",), np.uint64) for what in ("images", "people")))


def _among(names: Strings, known: Hashes) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(names), dtype=np.bool_)
    found = _hashes(names)
    place = np.minimum(np.searchsorted(known, found), len(known) - 1)  # they are sorted; np.isin would sort them each time
    return np.asarray(known[place] == found)


def _hashes(names: Iterable[str]) -> Hashes:
    digests = b"".join([blake2b(name.encode(), digest_size=8).digest() for name in np.asarray(names).tolist()])
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
