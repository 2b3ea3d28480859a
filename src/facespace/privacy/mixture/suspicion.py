"""A quick look at a set before it is used: does it hold two networks' templates? For `info`, `map fit` and `verify`."""

from __future__ import annotations

import numpy as np

from ...embeddings import EmbeddingSet, normalize
from ...mapping import sample_of
from ...people import people_of
from ...row_index import AnySet
from ._components import find_components

LOOKED_AT = 1500  # templates, whatever the set's size
_FEWEST = 200  # below it little can be said, and nothing is
_PER_PERSON = 5
_STEPS = 20


def mixture_warnings(faces: AnySet, what: str = "the set") -> list[str]:
    """A warning where `LOOKED_AT` templates from all over a set show two networks, or none. About a second.

    Nothing is said on weak evidence (docs/mixture.md has how often it warns of clean sets, and what share it sees).
    """
    if len(faces) < _FEWEST:
        return []
    found = find_components(normalize(_looked_at(faces)), steps=_STEPS)
    if found is None or not found.two_networks:
        return []
    told = f"about {100 * found.share:.2g} % of its templates have other principal directions than the rest"
    return [f"{what} seems to hold templates of two networks: {told}; facespace audit mixture names them"]


def _looked_at(faces: AnySet) -> np.ndarray:
    if not isinstance(faces, EmbeddingSet):
        return sample_of(faces, LOOKED_AT)[:LOOKED_AT]
    order = np.random.default_rng(0).permutation(len(faces))[: 4 * LOOKED_AT]
    few = faces.take(order)
    rows, person = people_of(few).units()
    grouped = rows[np.argsort(person, kind="stable")]
    sorted_people = np.sort(person)
    place = np.arange(len(grouped)) - np.searchsorted(sorted_people, sorted_people)
    return few.vectors[np.sort(grouped[place < _PER_PERSON])[:LOOKED_AT]]
