"""The group that the commands of `facespace migrate` hang on, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..application import add_group

group = add_group("migrate")

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="What facespace migrate plan wrote.")]
Url = Annotated[
    str | None, typer.Option("--url", help="The gallery's address, where the plan's lacks a password or it has moved.")
]
