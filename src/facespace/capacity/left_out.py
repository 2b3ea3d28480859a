"""Images that are left out because the caller says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..embeddings import EmbeddingSet
from ..errors import InputError, shorten
from ..io import among
from .person_pairs import Rows


def leave_out(faces: EmbeddingSet, ids: Sequence[str]) -> Rows:
    """The rows of the images that stay, when `ids` are left out.

    Raises InputError naming ids that the set lacks: a misspelt one would else stay in silently.
    """
    asked = np.asarray(list(ids), dtype=np.str_)
    if len(missing := asked[~among(asked, faces.ids)]):
        are = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"{len(missing):,} of {len(asked):,} ids to leave out {are} not in the set: {shorten(missing.tolist())}",
            "Give ids as the set has them, one a line.",
        )
    return np.flatnonzero(~among(faces.ids, asked))
