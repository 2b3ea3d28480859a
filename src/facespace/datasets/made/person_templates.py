"""Templates from any labelled set of images: two templates of every person with at least two images.

So a collection without a protocol of its own, such as LFW, serves verification of templates: 1,680 people there make 1,680
genuine and 2,820,720 impostor pairs. People with a single image have no pair; they are left for fitting maps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...embeddings import EmbeddingSet, Strings
from ...errors import InputError, shorten
from ...people import people_in, people_named, people_of
from ..templates import TemplateProtocol


def person_templates(
    faces: EmbeddingSet | ArrayLike, subjects: ArrayLike | None = None, *, name: str = "people", seed: int = 0
) -> TemplateProtocol:
    """Every person's images dealt alternately into two templates; all first ones against all second ones.

    The images of a person are shuffled before they are dealt, and an odd one goes to the first template. Each is a still
    image, a medium of its own. With P people of two images and more there are P genuine and P (P − 1) impostor pairs. The
    order of the given images does not matter.

    Args:
        faces: a set, or the ids of its images.
        subjects: (n,) the person in each image, "" where unknown; by default as `facespace.people` says. Images of unknown
            people are in no template.
        name: of the protocol.
        seed: of the shuffle.

    Raises:
        InputError: people that are not known, or fewer than two of them with two images.

    >>> person_templates(["a/1", "a/2", "a/3", "b/1", "b/2", "c/1"])
    TemplateProtocol('people', 5 faces in 4 templates, 2 genuine + 2 impostor)
    """
    ids, people, person, counts = _known(faces, subjects)
    several = counts >= 2
    total = int(np.count_nonzero(several))
    if total < 2:
        raise InputError(
            f"{total:,} of {len(people):,} people have two images or more; people are {shorten(people.tolist(), 3)}",
            "Pairs of templates need two people with two images each. Are the subjects right?",
        )
    kept = np.flatnonzero(several[person])
    kept = kept[np.argsort(ids[kept], kind="stable")]  # the draw must not depend on the order given
    kept = kept[np.random.default_rng(seed).permutation(len(kept))]
    kept = kept[np.argsort(person[kept], kind="stable")]  # people together, each one's images shuffled
    number = np.cumsum(several)[person[kept]] - 1
    starts = np.concatenate([[0], np.cumsum(counts[several])])
    side = (np.arange(len(kept)) - starts[number]) % 2
    names = people[several]
    first = np.arange(total, dtype=np.int32)
    return TemplateProtocol(
        name,
        images=ids[kept],
        template=(number + total * side).astype(np.int32),
        media=np.arange(len(kept), dtype=np.int32),
        templates=np.concatenate([np.strings.add(names, "#1"), np.strings.add(names, "#2")]),
        left=np.repeat(first, total),
        right=np.tile(first + total, total),
        same=np.eye(total, dtype=np.bool_).ravel(),
        subject=np.concatenate([names, names]),
    )


def single_images(faces: EmbeddingSet | ArrayLike, subjects: ArrayLike | None = None) -> Strings:
    """Ids, sorted, of the people with one image only, whom `person_templates` leaves out. The same arguments.

    >>> single_images(["a/1", "a/2", "c/1", "b/1"]).tolist()
    ['b/1', 'c/1']
    """
    ids, _, person, counts = _known(faces, subjects)
    return np.sort(ids[counts[person] == 1])


def _known(
    faces: EmbeddingSet | ArrayLike, subjects: ArrayLike | None
) -> tuple[Strings, Strings, NDArray[np.intp], NDArray[np.intp]]:
    """Ids (n,) of known people, names of these people (p,), each image's person (n,), images of each person (p,)."""
    ids = faces.ids if isinstance(faces, EmbeddingSet) else np.asarray(faces, dtype=np.str_)
    if subjects is not None:
        known = people_named(np.asarray(subjects, dtype=np.str_))
    else:
        known = people_of(faces) if isinstance(faces, EmbeddingSet) else people_in(ids)
    if known.names.shape != ids.shape or ids.ndim != 1:
        raise InputError(f"{ids.shape} ids but {known.names.shape} subjects", "Give two lists of one length.")
    rows = known.needed(ids, "the set").known
    people, person, counts = np.unique(known.names[rows], return_inverse=True, return_counts=True)
    return ids[rows], people, person, counts
