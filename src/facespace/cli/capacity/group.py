"""The group, and the options that its commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ..application import add_group

capacity = add_group("capacity", default="estimate", flags=("compare",))
Dimension = Annotated[
    int | None, typer.Option("--dim", min=1, help="m; by default the intrinsic dimension.", show_default=False)
]
Fpir = Annotated[float, typer.Option(help="Share of strangers who may be taken for somebody in the gallery.")]
Fnir = Annotated[float, typer.Option(help="Share of searches for a person in the gallery that may fail.")]
