"""`facespace demo`: the main job on the embeddings that ship with facespace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .application import app
from .options import PRINTING, Printing, Seed
from .printing import emit
from .study import run_cross_model


@app.command("demo", keys=False)
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the report.")] = Path("facespace-demo"),
    files: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the embeddings themselves, to try commands on, and nothing else."),
    ] = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Compare four networks' embeddings of 7,701 faces across networks, and write a report (about a minute)."""
    from ..datasets import demo_protocol, demo_sets, write_demo
    from ..io import check_folder

    if files is not None:
        check_folder(files)
        written = write_demo(files)
        emit({"files": [str(path) for path in written]}, lambda: _tree(files), printing)
        return

    check_folder(output)  # before a minute of work, not after it
    chosen = {"pairing": ["same", "matched"], "methods": ["auto", "ridge", "rotation", "identity"]}
    run_cross_model(demo_sets(), demo_protocol(), output, printing, seed=seed, **chosen)


def _tree(folder: Path) -> Text:
    return Text(
        f"{folder}/keys/    people to fit maps on, by four networks\n"
        f"{folder}/faces/   other people, by the same networks\n"
        f"{folder}/pairs.csv   3,000 pairs of the latter, in five folds"
    )
