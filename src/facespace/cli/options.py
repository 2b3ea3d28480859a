"""The options that several commands share, and the reading of options that are lists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, OutputError

if TYPE_CHECKING:
    from ..engine import Engine

# As in the library, whose modules are imported where they are used: --help needs none. A test compares them.
FAMILIES = ("identity", "ols", "ridge", "rotation", "orthogonal", "reduced-rank", "cca", "spectral", "anchored")
METHODS = ("auto", *FAMILIES, "joint", "likelihood", "auto-both")


def _check_folder(output: Path | None) -> Path | None:
    if output is not None:
        from ..io import check_folder

        check_folder(output)
    return output


#: Marks an option whose file a command writes: no file that the same command is given may be at that place.
WRITTEN = "a file that is written"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Landmarks = Annotated[
    Path | None, typer.Option("--landmarks", help="Landmarks file, or the table of facespace detect, instead of a detector.")
]
MinFace = Annotated[
    int | None,
    typer.Option(min=1, help="Smallest face in pixels to look for beside larger ones; else only where there is none."),
]
Turn = Annotated[bool, typer.Option("--turn/--no-turn", help="Look at pictures turned where the detector is not sure.")]
Aligned = Annotated[bool, typer.Option("--aligned", help="The images are face crops, aligned already.")]
Weights = Annotated[Path | None, typer.Option("--weights", help="Folder to look for weights in first.")]


ScoreTableFile = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="Table of the network's scores, where none ships (docs/evidence.md)."),
]


KeyFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--key-file",
        envvar="FACESPACE_KEY_FILE",
        metavar="FILE",
        help="Key of encrypted sets, or a folder of keys; several read, the first writes.",
    ),
]
EncryptMaps = Annotated[bool, typer.Option("--encrypt-maps", help="Write maps and hubs encrypted too.")]


@dataclass(frozen=True)
class Printing:
    """How a command says what it made."""

    as_json: Json = False
    quiet: Quiet = False

    @property
    def silent(self) -> bool:
        """Whether there is nobody to watch a progress bar."""
        return self.as_json or self.quiet


@dataclass(frozen=True)
class Cropping:
    """How images become crops."""

    landmarks: Landmarks = None
    aligned: Aligned = False
    weights: Weights = None


@dataclass(frozen=True)
class Where:
    """Where the parts of large work are done."""

    engine: Annotated[str, typer.Option("--engine", metavar="local|ray", help="Threads of this machine, or Ray.")] = "local"
    address: Annotated[str | None, typer.Option("--address", help="Of the Ray cluster; a new one if not given.")] = None
    workers: Annotated[int | None, typer.Option("--workers", help="Parts worked on at a time; one a processor.")] = None

    @cached_property
    def made(self) -> Engine:
        """The engine."""
        from ..engine import choose_engine

        return choose_engine(self.engine, address=self.address, workers=self.workers)


@dataclass(frozen=True)
class Memory:
    """In how much memory sets in Parquet are worked on, which may be larger than memory."""

    memory: Annotated[float, typer.Option("--memory", metavar="GB", help="For the vectors that are in work.")] = 2.0

    @property
    def parts(self) -> int:
        """How many parts are worked on at a time."""
        return 1

    def rows(self, dim: int) -> int:
        """How many vectors of this width a worker may take at a time, with those of a second set, and copies in work."""
        from ..io import GROUP

        if self.memory <= 0:
            raise InputError(f"--memory {self.memory:g}: it must be more than 0 GB", "2 is usual.")
        return max(256, min(GROUP, int(1e9 * self.memory / self.parts / (_COPIES * 4 * dim))))


@dataclass(frozen=True)
class Running(Memory, Where):
    """Where, and in how much memory."""

    @property
    def parts(self) -> int:
        """How many parts are worked on at a time."""
        return self.made.workers


PRINTING, CROPPING, WHERE, MEMORY, RUNNING = Printing(), Cropping(), Where(), Memory(), Running()
_COPIES = 24
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
OutputFolder = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder for report.html, results.json and figures/.", callback=_check_folder),
]
Exclude = Annotated[
    Path | None,
    typer.Option(
        "--exclude", metavar="FILE", help="Ids to leave out, one a line: images under a wrong name (audit labels --write)."
    ),
]
Faces = Annotated[
    Path | None,
    typer.Option("--images", metavar="FOLDER", help="The sets' images: the report shows the faces of the worst errors."),
]
# Of studies.
Pairs = Annotated[Path, typer.Option("--pairs", help="Pairs list with folds, such as LFW's pairs.txt.")]
MaybePairs = Annotated[
    Path | None,
    typer.Option("--pairs", help="Pairs list with folds, as LFW's pairs.txt.", show_default="made of the people, by --seed"),
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Of the pairs list, where it can't be told: id-id-same, same-id-id, columns, lfw, cfp, …"),
]
Alpha = Annotated[float, typer.Option("--alpha", help="Ridge penalty.")]
Cut = Annotated[
    str,
    typer.Option("--cut", help="Thresholds: out-of-fold, on scores of maps that did not see them, or in-sample (papers)."),
]
Center = Annotated[bool, typer.Option("--center/--no-center", help="Fit and compare about the means; not so in the papers.")]


def names(text: str) -> list[str]:
    """The parts of a list that is separated by commas.

    >>> names("ridge, rotation,")
    ['ridge', 'rotation']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def assignments(option: str, text: str) -> dict[str, str]:
    """The names in a list of ROLE=NAME. Raises InputError naming the part that is none.

    >>> assignments("--columns", "image=img,id=key")
    {'image': 'img', 'id': 'key'}
    """
    found = dict(part.partition("=")[::2] for part in names(text))
    if wrong := [role for role, name in found.items() if not role or not name]:
        raise InputError(f"{option} {text}: nothing is said for {wrong[0]!r}", "Write ROLE=NAME,ROLE=NAME.")
    return found


def numbers(option: str, text: str, kind: type[float] = float) -> list[Any]:
    """The numbers of `kind`, float or int, in a list that is separated by commas. Raises InputError naming what is none.

    >>> numbers("--ranks", "1, 5", int)
    [1, 5]
    """
    found = []
    for part in text.split(","):
        try:
            found.append(kind(part))
            if not math.isfinite(found[-1]):
                raise ValueError
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise InputError(f"{option} {text}: {part.strip()!r} is not {wanted}", "Separate them by commas.") from None
    return found


def number_or(word: str, option: str, text: str, kind: type[float] = float) -> Any:
    """`text` as a number of `kind`, unless it is `word`. Raises InputError naming the option.

    >>> number_or("auto", "--rank", "auto", int), number_or("auto", "--rank", "64", int)
    ('auto', 64)
    """
    try:
        return word if text == word else kind(text)
    except ValueError:
        raise InputError(f"{option} {text}: neither a number nor {word}") from None


def false_accept_rates(text: str) -> list[float]:
    """The rates of --far. Raises InputError naming the part that is none.

    >>> false_accept_rates("1e-2, 0.001")
    [0.01, 0.001]
    """
    rates = []
    for part in text.split(","):
        try:
            rate = float(part)
        except ValueError:
            rate = -1.0
        if not 0.0 <= rate <= 1.0:
            raise InputError(
                f"--far {text}: {part.strip()!r} is no false accept rate", "Write rates from 0 to 1, as 1e-2,1e-3."
            )
        rates.append(rate)
    return rates


def check_name(path: Path | None, what: str) -> None:
    """Raise OutputError unless `path`, to which `what` are to be written, ends in .safetensors."""
    if path is not None and path.suffix != ".safetensors":
        raise OutputError(f"{path}: {what} are written as .safetensors", f"Use {path.with_suffix('.safetensors').name}.")
