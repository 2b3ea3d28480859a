"""`facespace demo`: the main job on the embeddings that ship with facespace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .application import app
from .options import PRINTING, Printing, Seed
from .study import run_cross_model


@app.command("demo")
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the report.")] = Path("facespace-demo"),
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Compare four networks' embeddings of 7,701 faces across networks, and write a report (about a minute)."""
    from ..datasets import demo_protocol, demo_sets
    from ..io import check_folder

    check_folder(output)  # before a minute of work, not after it
    chosen = {"pairing": ["same", "matched"], "methods": ["auto", "ridge", "rotation", "identity"]}
    run_cross_model(demo_sets(), demo_protocol(), output, printing, seed=seed, **chosen)
