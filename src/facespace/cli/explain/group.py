"""The group, and what its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..application import add_group

MODEL = "mobilefacenet-casia"
Model = Annotated[str, typer.Option("--model", help="Network with a shipped checkpoint, or a checkpoint of `train`.")]

explain = add_group("explain", default="pair")


#: Which a machine without any weights can get, by pip.
FETCHED = "w600k-mbf"


def default_model(weights: Path | None) -> tuple[str, list[str]]:
    """The network where none is named: MODEL where its weights are at hand, else FETCHED; and what to say of it."""
    from ...models import load_card, locate

    card = load_card(MODEL)
    if all(locate(file, weights, card) is not None for file in card.files):
        return MODEL, []
    return FETCHED, [
        f"By {FETCHED}, because the weights of {MODEL} are not on this machine (--model names another network)."
    ]
