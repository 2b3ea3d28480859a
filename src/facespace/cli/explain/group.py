"""The group, and what its commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ..application import add_group

MODEL = "mobilefacenet-casia"
Model = Annotated[str, typer.Option("--model", help="Network with a shipped checkpoint, or a checkpoint of `train`.")]

explain = add_group("explain", default="pair")
