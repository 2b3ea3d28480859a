"""What commands read and write: sets, maps, crops of faces."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from ..errors import FileFormatError, GuessWarning, InputError, OutputError, shorten
from .options import MEMORY, Cropping, Memory, Printing
from .printing import emit, progress_bar, progress_bars, warning_lines

if TYPE_CHECKING:
    from ..datasets import PairProtocol
    from ..embeddings import EmbeddingSet, Strings
    from ..images import ImageFile
    from ..mapping import LinearMap, TwoSidedMap
    from ..models import ModelCard
    from ..row_index import AnySet
    from ..verification import Cohort

_CHECKED = 20_000  # rows that are looked at to see whether a set is in a map's domain
_LARGE = 200_000  # rows from which on only those that a list names are loaded


def load_set(path: Path, ids: Strings | None = None) -> EmbeddingSet:
    """The set in a file, whose columns may be said behind its name: `faces.parquet:id=face_id,vector=emb`.

    Of one in Parquet that is large (a folder perhaps, or a pattern) only the rows of `ids`, if given: those of a list.
    """
    from ..embeddings import EmbeddingSet
    from ..engine import LocalEngine
    from ..row_index import rows_of

    file, columns = split_columns(path)
    if not _in_parts(file):
        return EmbeddingSet.load(file, columns=columns)
    stored = EmbeddingSet.open(file, columns=columns)
    if ids is not None and len(stored) > _LARGE and len(rows := rows_of(stored, ids, LocalEngine())):
        return stored.take(rows)
    return stored.load()


def _in_parts(path: Path) -> bool:
    return path.suffix == ".parquet" or path.is_dir()


def open_set(path: Path, memory: Memory) -> AnySet:
    """The set at a path, as `load_set`; what is in Parquet (a file, a folder, a pattern) is read a part at a time."""
    from ..embeddings import EmbeddingSet

    file, columns = split_columns(path)
    if not _in_parts(file):
        return EmbeddingSet.load(file, columns=columns)
    stored = EmbeddingSet.open(file, columns=columns)
    return replace(stored, block=memory.rows(stored.dim))


def open_large(path: Path) -> AnySet:
    """The set at a path: as `open_set` where it is large, else in memory."""
    faces = open_set(path, MEMORY)
    return load_set(path) if len(faces) <= _LARGE else faces


@contextmanager
def reading(printing: Printing) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what moves a bar for each pass over a stored set."""
    with progress_bars(not printing.silent) as show:
        yield show


def split_columns(path: Path) -> tuple[Path, dict[str, str]]:
    """The file that `path` names, and the columns by role that are said behind it; none where that is a file's own name.

    >>> split_columns(Path("faces.csv:vector=e,subject="))
    (PosixPath('faces.csv'), {'vector': 'e', 'subject': ''})
    """
    parts = re.fullmatch(r"(.+?):(\w+=.*)", str(path))
    if parts is None or path.exists():
        return path, {}
    return Path(parts[1]), dict(re.findall(r"(\w+)=(.*?)(?:,(?=\w+=)|$)", parts[2]))


def load_pairs(path: Path, format: str | None = None, *, told: bool = False) -> PairProtocol:
    """The list of pairs in a file, whose format may be said behind its name: `pairs.txt:format=same-id-id`.

    What was guessed is a line on standard error, unless it is `told` with the result.
    """
    from ..datasets import read_pairs

    file, said = split_columns(path)
    protocol = read_pairs(file, format=said.get("format", format))
    for note in () if told else protocol.notes:
        warnings.warn(note, GuessWarning, stacklevel=2)
    return protocol


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


def read_ids(path: Path) -> list[str]:
    """The ids in a file, one a line; lines that begin with # are comments. FileFormatError where there is neither."""
    from ..io import existing_file, read_text

    found = [line.strip() for line in read_text(existing_file(path, "a list of ids"), "a list of ids").split("\n")]
    if not any(found):
        raise FileFormatError(f"{path} names no image", "One id a line, as in the sets.")
    return [line for line in found if line and not line.startswith("#")]


def sets_without(paths: list[Path], exclude: Path | None) -> tuple[list[EmbeddingSet], list[str], list[str]]:
    """The sets without the ids in the file `exclude`; these ids; and what to say of it."""
    sets = [load_set(path) for path in paths]
    if exclude is None:
        return sets, [], []
    import numpy as np

    from ..io import among

    ids = excluded_ids(exclude, *sets)
    kept = [np.flatnonzero(~among(faces.ids, np.array(ids, dtype=np.str_))) for faces in sets]
    for faces, rows in zip(sets, kept, strict=True):
        if not len(rows):
            raise InputError(f"{exclude} names all {len(faces):,} images of a set", "Is it the right list?")
    gone = max(len(faces) - len(rows) for faces, rows in zip(sets, kept, strict=True))
    told = [f"{gone:,} images were to be left out, and don't count"] * bool(gone)
    return [faces.take(rows) for faces, rows in zip(sets, kept, strict=True)], ids, told


def excluded_ids(path: Path | None, *places: AnySet | PairProtocol) -> list[str]:
    """The ids of --exclude, none without it. Where not one of them is in any of the `places`, a line on standard error
    says so: nothing is left out then."""
    if path is None:
        return []
    import numpy as np

    from ..embeddings import StoredSet
    from ..engine import LocalEngine
    from ..io import among
    from ..row_index import rows_of

    ids = read_ids(path)
    listed, known = np.array(ids, dtype=np.str_), ""
    for place in places if ids else ():
        if isinstance(place, StoredSet):
            there = len(rows_of(place, listed, LocalEngine())) > 0
        else:
            there = bool(among(listed, place.ids).any())
        if there:
            return ids
        known = known or ("" if isinstance(place, StoredSet) else f", where ids are as {shorten(place.ids.tolist(), 2)}")
    if ids:
        told = f"none of the {len(ids):,} ids of {path} is there, so nothing is left out: {shorten(ids, 2)}{known}"
        warnings.warn(told, GuessWarning, stacklevel=2)
    return ids


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


def mixture_notes(faces: AnySet, what: str = "the set") -> list[str]:
    """A warning where a set shows the templates of two networks, from a thousand of them; see `audit mixture`."""
    from ..privacy import mixture_warnings

    return mixture_warnings(faces, what)


def save_moved(moved: EmbeddingSet, path: Path, doubts: list[str] | None, printing: Printing) -> None:
    """Write a set that was brought into another space, and say so."""
    moved.save(path)
    tell_moved(moved, path, doubts, printing)


def tell_moved(moved: AnySet, path: Path, doubts: list[str] | None, printing: Printing, resumed: int = 0) -> None:
    """Say that a set was brought into another space, and written."""
    from ..io import keys_of

    facts: dict[str, Any] = {"output": path, "model": moved.model, "rows": len(moved), "dim": moved.dim}
    if resumed:
        facts["resumed"] = resumed
    if (ring := keys_of(None)) is not None:
        facts["encrypted"] = ring.writes.id
    if doubts is not None:
        facts["warnings"] = doubts
    line = f"{len(moved):,} vectors of {moved.dim} numbers, [bold]{escape(moved.model)}[/] → {escape(str(path))}"
    if ring is not None:
        line += f", encrypted under {escape(ring.writes.id)}"
    emit(facts, lambda: Group(Text.from_markup(line), *warning_lines(doubts or [])), printing)


def crop_faces(
    files: Sequence[ImageFile], card: ModelCard, cropping: Cropping, quiet: bool
) -> tuple[Any, list[str], list[Any]]:
    """`models.aligned_faces` under a progress bar: crops, their ids, and the images without a face."""
    from ..models import aligned_faces

    with progress_bar("faces", quiet) as step:
        return aligned_faces(files, card, **vars(cropping), progress=step)


def page_folder(output: Path | None) -> Path | None:
    """The folder that a page is wanted in, None where nothing or a picture is. Raises OutputError for another file."""
    from ..io import check_folder

    if output is None or output.suffix.lower() in (".png", ".svg"):
        return None
    if output.suffix and not output.is_dir():
        raise OutputError(f"{output}: can't write this kind of file", "End the name in .png or .svg, or name a folder.")
    check_folder(output)
    return output
