"""`facespace explain evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ...errors import InputError
from ..files import crop_faces, load_pairs
from ..options import CROPPING, PRINTING, Cropping, Format, OutputFolder, Pairs, Printing, Seed, names
from ..printing import finish, page, progress_bar
from .group import MODEL, Model, explain

if TYPE_CHECKING:
    from ...explain import HidingGameResult


@explain.command("evaluate")
def evaluate(
    pairs: Pairs,
    images: Annotated[Path, typer.Option(help="Folder of the images; ids are the paths under it.")],
    format: Format = None,
    model: Model = MODEL,
    methods: Annotated[str | None, typer.Option(help="Comma-separated; by default the five and the controls.")] = None,
    tests: Annotated[
        str, typer.Option(help="game, or of margin, partner, planted, regions, sanity, comma-separated: of any network.")
    ] = "game",
    games: Annotated[str, typer.Option(help="hiding, deletion or both, comma-separated.")] = "hiding",
    limit: Annotated[int | None, typer.Option(min=20, help="Play on about so many pairs, of all folds.")] = None,
    threshold: Annotated[float | None, typer.Option(help="τ; by default the network's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the scores of finished pairs and go on from them.")] = False,
    cropping: Cropping = CROPPING,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Play the hiding game: which maps point at what recognition lives on? Or put maps to other --tests."""
    from ...datasets import stratified
    from ...explain import COMPARED, CONTROLS, hiding_game, load_explainable
    from ...explain.game import game_report
    from ...images import find_images
    from ...models import load_card

    if resume and output is None:
        raise InputError("resuming needs an output folder", "Name it with -o: the scores are kept in it.")
    protocol = load_pairs(pairs, format)
    if tests != "game":
        from .fair import evaluate_fairly

        wanted_methods = names(methods) if methods else ["occlusion", "minplus"]
        evaluate_fairly(protocol, images, model, wanted_methods, names(tests), limit, cropping, output, printing, seed)
        return
    network = load_explainable(model, cropping.weights)
    protocol = protocol if limit is None else stratified(protocol, limit)
    wanted = set(protocol.ids.tolist())
    files = [file for file in find_images(images) if file.id in wanted]
    crops, ids, _ = crop_faces(files, load_card(network.name), cropping, printing.silent)
    with progress_bar("pairs", printing.silent) as step:
        result = hiding_game(
            network,
            crops,
            ids,
            protocol,
            methods=names(methods) if methods else [*COMPARED, *CONTROLS],
            games=names(games),
            threshold=threshold,
            seed=seed,
            folder=output / "scores" if resume and output is not None else None,
            progress=step,
        )
    finish(result, game_report, _game_text, output, printing)


def _game_text(result: HidingGameResult, files: list[str]) -> RenderableType:
    from ...explain.game import finding, game_table
    from ...report import terminal_table

    return page(finding(result), terminal_table(game_table(result)), signature=result.signature, files=files)
