"""`facespace capacity`: how many people a representation can tell apart."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ...errors import InputError, shorten
from ..files import crop_faces, load_set, read_ids
from ..options import CROPPING, PRINTING, WRITTEN, Cropping, Exclude, OutputFolder, Printing, Seed, numbers
from ..printing import finish, page, progress_bar, warning_lines
from .group import Dimension, Fnir, Fpir, capacity

if TYPE_CHECKING:
    from ...capacity import CapacityResult, ImageStudent, ProbabilisticEmbeddings
    from ...embeddings import EmbeddingSet


@capacity.command("estimate")
def estimate(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="Set with people: subject column, or folders in the ids.")],
    fpir: Fpir = 0.01,
    fnir: Fnir = 0.05,
    exclude: Exclude = None,
    confused: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Write whom each person is confused with, and how often, to this file."),
        WRITTEN,
    ] = None,
    qs: Annotated[
        str, typer.Option("--q", metavar="Q,Q,…", help="Shares of a person's own images outside the ellipsoid, rejected.")
    ] = "0.1,0.01,0.001,1e-5",
    min_images: Annotated[int, typer.Option(min=2, help="Images a person needs to count as a class.")] = 2,
    shape: Annotated[str, typer.Option(help="Shape of the headline: full, axis or sphere.")] = "full",
    person_class: Annotated[
        str, typer.Option("--class", help="Person who stands for all in the headline, by volume: max, median, mean or min.")
    ] = "max",
    dim: Dimension = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Also measure false positive identifications in growing galleries.")
    ] = False,
    student: Annotated[Path | None, typer.Option(help="Image student (capacity student); needs --images.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the set's images, for it.")] = None,
    passes: Annotated[int | None, typer.Option(min=2, help="T, of the image student.")] = None,
    cropping: Cropping = CROPPING,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """How many people may the gallery hold? And the paper's bound, which compares networks, with what speaks against it."""
    from ...capacity import capacity_report, estimate_capacity

    shares = numbers("--q", qs)
    left_out = [] if exclude is None else read_ids(exclude)
    if confused is not None:
        _check_csv(confused)
    loaded = load_set(faces)
    if (student is None) != (images is None):
        raise InputError("--student and --images belong together", "An image student sees the set's images.")
    used, moments = None, None
    if student is not None and images is not None:
        used, moments = _moments(loaded, student, images, passes, cropping, printing.silent)
    with progress_bar("steps", printing.quiet) as progress:
        result = estimate_capacity(
            loaded,
            qs=shares,
            min_images=min_images,
            shape=shape,
            person_class=person_class,
            dim=dim,
            fpir=fpir,
            fnir=fnir,
            exclude=left_out,
            student=used,
            moments=moments,
            validate=validate,
            seed=seed,
            progress=progress,
        )
    if confused is not None:
        _save_confused(result, confused)
    finish(result, capacity_report, render, output, printing)


def _check_csv(path: Path) -> None:
    from ...io import check_folder

    if path.suffix != ".csv":
        raise InputError(f"{path}: the table of people is a .csv file", "End its name so.")
    check_folder(path.parent)


def _save_confused(result: CapacityResult, path: Path) -> None:
    """A row a person, by falling rate of false matches."""
    from ...capacity import confused_rows
    from ...io import atomic_write

    size = result.gallery_size
    if size is None or not size.confused:
        raise InputError(
            "whom the system confuses can't be told: "
            + ("the set is too small" if size is None else "the threshold is too low for any gallery"),
            "Ask for another --fnir, or give more people.",
        )
    with atomic_write(path) as place, place.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(["id", "others", "rate", "low", "high", "matches"])
        writer.writerows(confused_rows(size.confused))


def _moments(
    faces: EmbeddingSet, student: Path, images: Path, passes: int | None, cropping: Cropping, quiet: bool
) -> tuple[ImageStudent, ProbabilisticEmbeddings]:
    """The student and its moments of the set's images, in the set's order."""
    from ...capacity import load_image_student
    from ...images import find_images

    made = load_image_student(student)
    made.passes = passes or made.passes
    found = {file.id: file for file in find_images(images)}
    if missing := [name for name in faces.ids.tolist() if name not in found]:
        raise InputError(
            f"{len(missing):,} images of the set are not under {images}: {shorten(missing)}",
            "Ids are paths under the folder, without extension.",
        )
    files = [found[name] for name in faces.ids.tolist()]
    crops, _, skipped = crop_faces(files, made.card, cropping, quiet)
    if skipped:
        raise InputError(
            f"{len(skipped):,} images show no face, such as {skipped[0].file}: {skipped[0].reason}",
            "Give landmarks, or leave them out of the set.",
        )
    with progress_bar("faces seen", quiet) as step:
        return made, made.moments(crops, step)


def render(result: CapacityResult, files: list[str]) -> RenderableType:
    """For a terminal: the gallery's size and how it grows, the bound and what it hangs on, warnings, the signature."""
    from ...capacity import (
        answer,
        bound_answer,
        capacity_table,
        confused_table,
        dims_table,
        finding,
        precision,
        sensitivity_table,
        size_table,
        targets_table,
        validation_table,
    )
    from ...report import terminal_table

    blocks: list[RenderableType] = []
    if (size := result.gallery_size) is not None:
        blocks += [terminal_table(size_table(size, brief=True)), Text(precision(size))]
        blocks.append(terminal_table(targets_table(size.targets)))
        if size.confused and size.confused[0].others:
            blocks.append(terminal_table(confused_table(size, shown=5, brief=True)))
    blocks += [
        Text(bound_answer(result)),
        terminal_table(capacity_table(result, brief=True)),
        terminal_table(dims_table(result)),
        terminal_table(sensitivity_table(result)),
    ]
    if result.validation:
        blocks += [terminal_table(validation_table(result)), Text(finding(result))]
    notes = warning_lines(result.warnings)
    return page(answer(result), *blocks, notes=notes, signature=result.signature, files=files)
