"""`facespace explain train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.text import Text

from ...errors import InputError
from ..files import crop_faces, training_files
from ..options import CROPPING, PRINTING, WRITTEN, Cropping, Printing, Seed
from ..printing import emit, progress_bar
from .group import MODEL, explain

if TYPE_CHECKING:
    from ...explain import TrainProgress


@explain.command("train")
def train(
    images: Annotated[Path, typer.Option(help="Folder of faces; person/image.jpg for joint.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="CKPT", help="Checkpoint to write (.safetensors)."), WRITTEN
    ],
    mode: Annotated[str, typer.Option(help="decoder-only, distil or joint.")] = "decoder-only",
    backbone: Annotated[str, typer.Option(help="Network to explain.")] = MODEL,
    start: Annotated[Path | None, typer.Option(help="Checkpoint to begin with, such as distil's.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Lines `id person` for joint; by default the folder is the person.")
    ] = None,
    exclude: Annotated[Path | None, typer.Option(help="Pairs list to be tested on: its people are left out.")] = None,
    passes: Annotated[int, typer.Option(min=1, help="Over all faces.")] = 10,
    batch: Annotated[int, typer.Option(min=2, help="Faces a step.")] = 64,
    rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    weight: Annotated[float, typer.Option("--lambda", help="Weight of the reconstruction in joint.")] = 10.0,
    train_backbone: Annotated[
        bool, typer.Option("--train-backbone", help="Train the network itself along, in distil and joint.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="PNG of originals beside reconstructions."), WRITTEN] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted training stopped.")] = False,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Make a network explainable: train a decoder, a max-pool head, or both.

    An interrupted training goes on with --resume.
    """
    from ...explain import TrainSettings, load_checkpoint, write_reconstructions
    from ...explain import train as run
    from ...explain.training import labels_of
    from ...io import check_folder
    from ...models import load_card

    settings = TrainSettings(mode, passes, batch, rate, weight, train_backbone=train_backbone, seed=seed)
    if output.suffix != ".safetensors":
        raise InputError(f"{output}: a checkpoint is a .safetensors file", "End its name so.")
    check_folder(output.parent)
    files, left_out = training_files(images, exclude)
    crops, ids, skipped = crop_faces(files, load_card(backbone), cropping, printing.silent)
    people = labels_of(ids, labels) if mode == "joint" else None
    lines: list[str] = []
    with progress_bar("maps", printing.silent) as maps, progress_bar("steps", printing.silent) as steps:

        def told(progress: TrainProgress) -> None:
            lines.append(progress.line())
            steps(progress.step, progress.steps)

        made = run(
            crops,
            backbone,
            settings,
            out=output,
            labels=people,
            start=None if start is None else load_checkpoint(start),
            weights=cropping.weights,
            resume=resume,
            report=told,
            maps_progress=maps,
        )
    written = [str(output)]
    if picture is not None:
        written.append(str(write_reconstructions(made.network(cropping.weights), crops, picture)))
    document = {
        "checkpoint": str(output),
        "mode": mode,
        "backbone": made.backbone,
        "faces": len(crops),
        "skipped": len(skipped),
        "left_out": left_out,
        "log": made.facts[mode]["log"],
        "files": written,
    }
    shown = Text(
        f"{len(crops):,} faces ({left_out:,} left out, {len(skipped):,} skipped). Last: {lines[-1] if lines else '–'}"
    )
    emit(document, lambda: Group(shown, Text(f"Checkpoint: {output}", style="bold")), printing)
