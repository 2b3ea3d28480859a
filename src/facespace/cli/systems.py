"""Maps and cohorts that options name, checked against the sets that they are for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from ..embeddings import EmbeddingSet
    from ..mapping import LinearMap, TwoSidedMap
    from ..verification import Cohort


def load_map_between(path: Path | None, source: EmbeddingSet, target: EmbeddingSet | None) -> LinearMap | TwoSidedMap | None:
    """The map in `path`; InputError where it is of other networks than the sets."""
    if path is None:
        return None
    from ..mapping import load_map

    fitted = load_map(path)
    fitted.check_model(source, "source")
    if target is not None:
        fitted.check_model(target, "target")
    return fitted


def load_cohort(
    path: Path | None,
    other: Path | None,
    left: EmbeddingSet,
    right: EmbeddingSet | None,
    hint: str = "Give --cohort for A, and --cohort-b if and only if B is given.",
) -> Cohort | None:
    """The cohort's sets; InputError where one is missing or of another network than the side it is for.

    `right` is None where one set of strangers serves both sides; `hint` names the options.
    """
    if path is None and other is None:
        return None
    if path is None or (other is None) != (right is None):
        raise InputError("a cohort is embedded by the network of each side", hint)
    from ..embeddings import EmbeddingSet

    strangers = EmbeddingSet.load(path)
    others = strangers if other is None else EmbeddingSet.load(other)
    for side, faces in ((left, strangers), (right or left, others)):
        if side.model and faces.model and side.model != faces.model:
            raise InputError(f"the cohort was embedded by {faces.model!r}, but the set it is for by {side.model!r}")
    return strangers, others
