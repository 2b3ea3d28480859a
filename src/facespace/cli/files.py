"""What commands read and write: sets, maps, crops of faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from ..errors import InputError
from .options import Cropping, Printing, Running
from .printing import emit, progress_bar, progress_bars, warning_lines

if TYPE_CHECKING:
    from ..datasets import PairProtocol
    from ..embeddings import EmbeddingSet
    from ..images import ImageFile
    from ..mapping import LinearMap, TwoSidedMap
    from ..models import ModelCard
    from ..row_index import AnySet
    from ..verification import Cohort

_CHECKED = 20_000  # rows that are looked at to see whether a set is in a map's domain


def load_set(path: Path) -> EmbeddingSet:
    """The set in a file."""
    from ..embeddings import EmbeddingSet

    return EmbeddingSet.load(path)


def open_set(path: Path, running: Running) -> AnySet:
    """The set at a path: what is in Parquet (a file, a folder, a pattern) is read a part at a time, the rest at once."""
    from ..embeddings import EmbeddingSet

    if path.suffix != ".parquet" and not path.is_dir():
        return EmbeddingSet.load(path)
    stored = EmbeddingSet.open(path)
    return replace(stored, block=running.rows(stored.dim))


@contextmanager
def reading(printing: Printing) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what moves a bar for each pass over a stored set."""
    with progress_bars(not printing.silent) as show:
        yield show


def load_pairs(path: Path) -> PairProtocol:
    """The list of pairs in a file."""
    from ..datasets import read_pairs

    return read_pairs(path)


def without_people(faces: EmbeddingSet, pairs: Path) -> EmbeddingSet:
    """The images of a set that are neither in the pairs list `pairs` nor of its people."""
    from ..datasets import exclude_people

    rows = exclude_people(faces, load_pairs(pairs)).nonzero()[0]
    if not len(rows):
        raise InputError(f"all {len(faces):,} images are of people in {pairs}", "Fit on others.")
    return faces.take(rows)


def load_map(path: Path, source: AnySet | None = None, target: AnySet | None = None) -> LinearMap | TwoSidedMap:
    """The map in a file, of either kind. Raises InputError where it is of other networks than the sets."""
    from ..mapping import load_map

    fitted = load_map(path)
    for side, faces in (("source", source), ("target", target)):
        if faces is not None:
            fitted.check_model(faces, side)
    return fitted


def load_linear_map(path: Path) -> LinearMap:
    """The map in a file, where only one into the target's own space will do."""
    from ..mapping import LinearMap

    return LinearMap.load(path)


def load_cohort(
    path: Path | None,
    other: Path | None,
    left: AnySet,
    right: AnySet | None,
    hint: str = "Give --cohort for A, and --cohort-b if and only if B is given.",
) -> Cohort | None:
    """The cohort's sets; InputError where one is missing or of another network than the side it is for.

    `right` is None where one set of members serves both sides; `hint` names the options.
    """
    if path is None and other is None:
        return None
    if path is None or (other is None) != (right is None):
        raise InputError("a cohort is embedded by the network of each side", hint)
    members = load_set(path)
    others = members if other is None else load_set(other)
    for side, faces in ((left, members), (right or left, others)):
        if side.model and faces.model and side.model != faces.model:
            raise InputError(f"the cohort was embedded by {faces.model!r}, but the set it is for by {side.model!r}")
    return members, others


def training_files(images: Path, exclude: Path | None) -> tuple[list[ImageFile], int]:
    """The images of a folder, without those of the pairs list `exclude` and of its people; and how many were left out."""
    from ..datasets import exclude_people
    from ..images import find_images

    files = find_images(images)
    if exclude is None:
        return files, 0
    fit = exclude_people([file.id for file in files], load_pairs(exclude))
    if not fit.any():
        raise InputError(f"all {len(files):,} images are of people in {exclude}", "Train on others.")
    return [file for file, kept in zip(files, fit, strict=True) if kept], int((~fit).sum())


def domain_warnings(fitted: LinearMap | TwoSidedMap, faces: AnySet, **side: Any) -> list[str]:
    """What speaks against these faces being in the map's domain. From a handful nothing can be said, and nothing is."""
    from ..mapping import sample_of

    reasons = fitted.check(sample_of(faces, _CHECKED), **side).reasons
    return [reason for reason in reasons if "too few to tell" not in reason]


def save_moved(moved: EmbeddingSet, path: Path, warnings: list[str] | None, printing: Printing) -> None:
    """Write a set that was brought into another space, and say so."""
    moved.save(path)
    tell_moved(moved, path, warnings, printing)


def tell_moved(moved: AnySet, path: Path, warnings: list[str] | None, printing: Printing, resumed: int = 0) -> None:
    """Say that a set was brought into another space, and written."""
    facts: dict[str, Any] = {"output": path, "model": moved.model, "rows": len(moved), "dim": moved.dim}
    if resumed:
        facts["resumed"] = resumed
    if warnings is not None:
        facts["warnings"] = warnings
    line = f"{len(moved):,} vectors of {moved.dim} numbers, [bold]{escape(moved.model)}[/] → {escape(str(path))}"
    emit(facts, lambda: Group(Text.from_markup(line), *warning_lines(warnings or [])), printing)


def crop_faces(
    files: Sequence[ImageFile], card: ModelCard, cropping: Cropping, quiet: bool
) -> tuple[Any, list[str], list[Any]]:
    """`models.aligned_faces` under a progress bar: crops, their ids, and the images without a face."""
    from ..models import aligned_faces

    with progress_bar("faces", quiet) as step:
        return aligned_faces(files, card, **vars(cropping), progress=step)
