"""`facespace capacity student`: a student that sees the faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from ...errors import InputError
from ..files import crop_faces, load_set, training_files
from ..options import CROPPING, PRINTING, WRITTEN, Cropping, Printing, Seed
from ..printing import emit, progress_bar
from .group import Dimension, capacity


@capacity.command("student")
def student(
    images: Annotated[Path, typer.Option(help="Folder of faces to train on.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Student to write (.safetensors)."), WRITTEN
    ],
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
    from ...capacity import train_image_student
    from ...io import check_folder
    from ...models import load_card, torch_or_error

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
