"""`facespace capacity`: how many people a representation can tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import InputError, shorten
from .application import add_group
from .files import crop_faces, load_set, read_ids, training_files
from .options import CROPPING, PRINTING, Cropping, OutputFolder, Printing, Seed, numbers
from .printing import emit, finish, page, progress_bar, warning_lines

if TYPE_CHECKING:
    from ..capacity import CapacityResult, ImageStudent, ProbabilisticEmbeddings
    from ..embeddings import EmbeddingSet

capacity = add_group("capacity", default="estimate")
Dimension = Annotated[
    int | None, typer.Option("--dim", min=1, help="m; by default the intrinsic dimension.", show_default=False)
]


@capacity.command("estimate")
def estimate(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="Set with people: subject column, or folders in the ids.")],
    fpir: Annotated[float, typer.Option(help="Share of strangers who may be taken for somebody in the gallery.")] = 0.01,
    fnir: Annotated[float, typer.Option(help="Share of searches for a person in the gallery that may fail.")] = 0.05,
    exclude: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ids to leave out, one a line: images under a wrong name.")
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
    from ..capacity import capacity_report, estimate_capacity

    shares = numbers("--q", qs)
    left_out = [] if exclude is None else read_ids(exclude)
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
    finish(result, capacity_report, render, output, printing)


@capacity.command("student")
def student(
    images: Annotated[Path, typer.Option(help="Folder of faces to train on.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Student to write (.safetensors).")],
    backbone: Annotated[str, typer.Option(help="Network to start from.")] = "mobilefacenet-casia",
    teacher: Annotated[
        Path | None, typer.Option(metavar="SET", help="The teacher's embeddings; by default the backbone's own.")
    ] = None,
    exclude: Annotated[Path | None, typer.Option(help="Pairs list to be tested on: its people are left out.")] = None,
    dim: Dimension = None,
    since: Annotated[
        str | None, typer.Option(metavar="LAYER", help="Leave the layers before it as they are (blocks.12 on a processor).")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Over all faces.")] = 10,
    batch: Annotated[int, typer.Option(min=2, help="Faces a step.")] = 64,
    rate: Annotated[float, typer.Option(help="First learning rate.")] = 3e-4,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="Behind every convolution.")] = 0.05,
    passes: Annotated[int, typer.Option(min=2, help="T, when it is used.")] = 100,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Train a student that sees the faces, for `facespace capacity SET --student FILE --images FOLDER`.

    Meant for a GPU; on a processor with --since. Needs the extra torch.
    """
    from ..capacity import train_image_student
    from ..io import check_folder
    from ..models import load_card, torch_or_error

    torch_or_error()  # before any face is looked for
    if output.suffix != ".safetensors":
        raise InputError(f"{output}: a student is a .safetensors file", "End its name so.")
    check_folder(output.parent)
    files, left_out = training_files(images, exclude)
    crops, ids, skipped = crop_faces(files, load_card(backbone), cropping, printing.silent)
    vectors = None
    if teacher is not None:
        known = load_set(teacher)
        vectors = known.vectors[known.rows(ids)]
    with progress_bar("steps", printing.silent) as step:
        made = train_image_student(
            crops,
            backbone,
            vectors=vectors,
            dim=dim,
            weights=cropping.weights,
            progress=step,
            since=since,
            epochs=epochs,
            batch=batch,
            rate=rate,
            dropout=dropout,
            passes=passes,
            seed=seed,
        )
    made.save(output)
    document = {
        "student": made.label,
        "backbone": backbone,
        "dim": made.projection.dim,
        "faces": len(crops),
        "skipped": len(skipped),
        "left_out": left_out,
        "losses": made.log_,
        "files": [str(output)],
    }
    shown = (
        f"{len(crops):,} faces ({left_out:,} left out, {len(skipped):,} skipped), m = {made.projection.dim}. Loss by epoch: "
        + ", ".join(f"{loss:.2f}" for loss in made.log_)
    )
    emit(document, lambda: Group(Text(shown), Text(f"Student: {output}", style="bold")), printing)


def _moments(
    faces: EmbeddingSet, student: Path, images: Path, passes: int | None, cropping: Cropping, quiet: bool
) -> tuple[ImageStudent, ProbabilisticEmbeddings]:
    """The student and its moments of the set's images, in the set's order."""
    from ..capacity import load_image_student
    from ..images import find_images

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
    from ..capacity import (
        answer,
        bound_answer,
        capacity_table,
        finding,
        precision,
        sensitivity_table,
        size_table,
        validation_table,
    )
    from ..report import terminal_table

    blocks: list[RenderableType] = []
    if result.gallery_size is not None:
        blocks += [terminal_table(size_table(result.gallery_size, brief=True)), Text(precision(result.gallery_size))]
    blocks += [
        Text(bound_answer(result)),
        terminal_table(capacity_table(result, brief=True)),
        terminal_table(sensitivity_table(result)),
    ]
    if result.validation:
        blocks += [terminal_table(validation_table(result)), Text(finding(result))]
    notes = warning_lines(result.warnings)
    return page(answer(result), *blocks, notes=notes, signature=result.signature, files=files)
