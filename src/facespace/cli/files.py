"""What commands read and write: sets, maps, crops of faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from .printing import emit, progress_bar, warning_lines

if TYPE_CHECKING:
    from ..datasets import PairProtocol
    from ..embeddings import EmbeddingSet
    from ..images import ImageFile
    from ..mapping import LinearMap
    from ..models import ModelCard

_CHECKED = 20_000  # rows that are looked at to see whether a set is in a map's domain


def load_set(path: Path) -> EmbeddingSet:
    """The set in a file."""
    from ..embeddings import EmbeddingSet

    return EmbeddingSet.load(path)


def load_pairs(path: Path) -> PairProtocol:
    """The list of pairs in a file."""
    from ..datasets import read_pairs

    return read_pairs(path)


def load_map(path: Path, source: EmbeddingSet | None = None, target: EmbeddingSet | None = None) -> LinearMap:
    """The map in a file. Raises InputError where it is of other networks than the sets."""
    from ..mapping import LinearMap

    linear = LinearMap.load(path)
    for side, faces in (("source", source), ("target", target)):
        if faces is not None:
            linear.check_model(faces, side)
    return linear


def domain_warnings(fitted: LinearMap, faces: EmbeddingSet) -> list[str]:
    """What speaks against these faces being in the map's domain. From a handful nothing can be said, and nothing is."""
    import numpy as np

    some = np.unique(np.linspace(0, len(faces) - 1, min(len(faces), _CHECKED)).astype(np.intp))
    return [reason for reason in fitted.check(faces.vectors[some]).reasons if "too few to tell" not in reason]


def save_moved(moved: EmbeddingSet, path: Path, warnings: list[str] | None, *, as_json: bool, quiet: bool) -> None:
    """Write a set that was brought into another space, and say so."""
    moved.save(path)
    facts: dict[str, Any] = {"output": path, "model": moved.model, "rows": len(moved), "dim": moved.dim}
    if warnings is not None:
        facts["warnings"] = warnings
    line = f"{len(moved):,} vectors of {moved.dim} numbers, [bold]{escape(moved.model)}[/] → {escape(str(path))}"
    emit(facts, lambda: Group(Text.from_markup(line), *warning_lines(warnings or [])), as_json=as_json, quiet=quiet)


def crop_faces(
    files: Sequence[ImageFile], card: ModelCard, *, landmarks: Path | None, aligned: bool, weights: Path | None, quiet: bool
) -> tuple[Any, list[str], list[Any]]:
    """`models.aligned_faces` under a progress bar: crops, their ids, and the images without a face."""
    from ..models import aligned_faces

    with progress_bar("faces", quiet) as step:
        return aligned_faces(files, card, landmarks=landmarks, aligned=aligned, weights=weights, progress=step)
