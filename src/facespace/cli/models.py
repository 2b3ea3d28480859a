"""`facespace models`: which networks there are, what their cards say, adding one's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .application import add_group
from .options import CROPPING, PRINTING, WRITTEN, Cropping, Format, Pairs, Printing, numbers
from .printing import dim, emit, progress_bars, warning_lines

if TYPE_CHECKING:
    from ..models import ModelCard
    from ..studies import ModelCheck

models = add_group("models")


@models.command("list", keys=False)
def list_models(printing: Printing = PRINTING) -> None:
    """List the networks that facespace knows, and whether they can be computed here."""
    from ..models import list_cards

    rows = [_facts(card) for card in list_cards()]
    emit({"models": rows}, lambda: _table(rows), printing)


@models.command(keys=False)
def show(
    name: Annotated[str, typer.Argument(help="Name of a model, or path of a card.")],
    toml: Annotated[bool, typer.Option("--toml", help="Print the card's own file, to begin another with.")] = False,
    printing: Printing = PRINTING,
) -> None:
    """Show a model's card and where its weights are."""
    from ..models import load_card

    card = load_card(name)
    if toml:
        if printing.as_json:
            raise InputError("--toml and --json are two forms of one card", "Give one of them.")
        print((card.path.read_text(encoding="utf-8") if card.path else "").rstrip("\n"))
        return
    facts = _facts(card)
    emit(facts, lambda: _card(card, facts), printing)


@models.command(keys=False)
def new(
    network: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The network.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The card to write.", show_default="FILE.toml beside it"),
        WRITTEN,
    ] = None,
    mean: Annotated[str | None, typer.Option(metavar="X[,X,X]", help="What is taken off pixels (0 to 255).")] = None,
    std: Annotated[str | None, typer.Option(metavar="X[,X,X]", help="What they are divided by then.")] = None,
    colour: Annotated[str | None, typer.Option(metavar="RGB|BGR", help="The network's order of colours.")] = None,
    vector: Annotated[str | None, typer.Option(help="Name of the output, where several are vectors.")] = None,
    name: Annotated[str | None, typer.Option(help="The model's name.", show_default="the file's")] = None,
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "",
    source: Annotated[str, typer.Option(help="Where they come from.")] = "",
    printing: Printing = PRINTING,
) -> None:
    """Write the card of your own ONNX network: the file says the shapes, you say how pixels are prepared.

    On a terminal what is not given is asked for. docs/cards.md describes cards.
    """
    from ..models import network_shapes, new_card

    shapes = network_shapes(network)
    given: dict[str, Any] = {"mean": mean, "std": std, "colour": colour}
    if sys.stdin.isatty() and not printing.silent:
        usual = {"mean": "127.5", "std": "127.5", "colour": "RGB"}
        for key, value in usual.items():
            if given[key] is None:
                given[key] = typer.prompt(f"{key} (of pixels 0 to 255)" if key != "colour" else "colour", default=value)
        if vector is None and len(shapes.outputs) > 1:
            vector = typer.prompt(f"which output ({', '.join(shapes.outputs)})", default=next(iter(shapes.outputs)))
    for key in ("mean", "std"):
        if given[key] is not None:
            parts = numbers(f"--{key}", given[key])
            given[key] = parts[0] if len(parts) == 1 else parts
    path, card = new_card(network, output, **given, name=name, output=vector, licence=licence, source=source)
    facts = {"path": path, **card.to_dict()}
    emit(
        facts,
        lambda: (
            f"{path}: {card.dim} numbers of {card.shape[0]} × {card.shape[1]} pixels, {card.input.describe()}\n"
            f"facespace embed IMAGES --model {path} -o faces.parquet; facespace verify faces.parquet measures it"
        ),
        printing,
    )


@models.command(keys=False)
def add(card: Annotated[Path, typer.Argument(help="The card, a TOML file.")], printing: Printing = PRINTING) -> None:
    """Add a card of your own, so that its name can be used like a built-in one's."""
    from ..models import add_card, load_card

    path = add_card(card)
    name = load_card(path).name
    emit(
        {"name": name, "path": path},
        lambda: f"Added {name}: facespace embed IMAGES --model {name}",
        printing=printing,
    )


@models.command(keys=False)
def check(
    name: Annotated[str, typer.Argument(help="Name of a model, or path of a card.")],
    pairs: Pairs,
    images: Annotated[Path, typer.Option("--images", help="Folder of the images that the pairs name.")],
    format: Format = None,
    cropping: Cropping = CROPPING,
    detector: Annotated[str, typer.Option(help="auto, yunet, scrfd or dlib.")] = "auto",
    workers: Annotated[int | None, typer.Option("--workers", help="Threads; one a processor if not given.")] = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Leave out pairs without image or face.")] = False,
    printing: Printing = PRINTING,
) -> None:
    """Measure a model's accuracy on pairs against the one that its card states.

    Exit code 1 where it is lower by more than 2 standard errors: the larger of the folds' deviation / √(folds − 1) and of
    √(p (1 − p) / pairs) at the stated accuracy p.
    """
    from ..studies import check_model
    from .files import load_pairs

    protocol = load_pairs(pairs, format, told=True)
    with progress_bars(not printing.silent) as show:
        found = check_model(
            name,
            protocol,
            images,
            **vars(cropping),
            detector=detector,
            workers=workers,
            allow_missing=allow_missing,
            progress=lambda done, whole: show("images", done, whole),
            download_progress=show,
        )
    emit(found, lambda: _checked(found), printing)
    if not found.passed:
        raise typer.Exit(1)


def _checked(found: ModelCheck) -> Any:
    from rich.console import Group
    from rich.text import Text

    from ..studies import STANDARD_ERRORS

    accuracy, error = found.verification.accuracy, 100 * found.standard_error
    low, high = found.verification.accuracy_low, found.verification.accuracy_high
    between = "" if low is None or high is None else f" (95 %: {100 * low:.2f} to {100 * high:.2f})"
    verdict = ("as stated", "green") if found.passed else ("less than stated", "red")
    return Group(
        Text.assemble((f"{found.model}: ", "bold"), verdict),
        f"stated    {100 * found.stated:.2f} % (by {'its authors' if found.stated_by == 'authors' else 'facespace'})",
        f"measured  {accuracy}{between} on {found.verification.pairs:,} pairs, {found.images_per_second:,.0f} images/s",
        f"lower by  {100 * found.shortfall:.2f} points; {STANDARD_ERRORS:g} standard errors are "
        f"{STANDARD_ERRORS * error:.2f}",
        *warning_lines(found.warnings),
        dim(found.verification.signature),
    )


def _facts(card: ModelCard) -> dict[str, Any]:
    from ..models import available, can_be_explained, locate, runtime_installed

    places = {file.name: locate(file, None, card) for file in card.files}
    return {
        **card.to_dict(),
        "available": available(card.files, card) and runtime_installed(card.runtime),
        "runtime_installed": runtime_installed(card.runtime),
        "downloadable": all(file.origin or places[file.name] for file in card.files),
        "weights": places,
        "explain": can_be_explained(card.name),
    }


def _table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    note = "(LFW) as its authors state it; untried: the card was never run. `models check` measures both."
    shown = note if any(not row["tried"] for row in rows) else None
    table = Table(box=None, header_style="bold", pad_edge=False, caption=shown, caption_justify="left")
    for heading, justify in (("model", "left"), ("dim", "right"), ("LFW %", "right"), ("runtime", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("licence")
    table.add_column("here", no_wrap=True)
    for row in rows:
        accuracy = "" if row["lfw_accuracy"] is None else f"{100 * row['lfw_accuracy']:.2f}"
        if not accuracy and row["lfw_stated"] is not None:
            accuracy = f"[dim]({100 * row['lfw_stated']:.2f})[/]"
        how = "wheel" if any(file["wheel"] for file in row["files"]) else "download"
        here = "[green]yes[/]" if row["available"] else (how if row["downloadable"] else "[dim]no[/]")
        if not row["tried"]:
            here += " [yellow]untried[/]"
        if not row["runtime_installed"]:
            here = f"[dim]needs facespace\\[{row['runtime']}][/]"
        table.add_row(row["name"], str(row["dim"]), accuracy, row["runtime"], row["licence"], here)
    return table


def _card(card: ModelCard, facts: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    lfw = None if card.lfw_accuracy is None else f"{100 * card.lfw_accuracy:.2f} ± {100 * (card.lfw_sd or 0):.2f} %"
    shared = "may be passed on" if card.licence.embeddings else "not to be passed on"
    lines = {
        "model": card.name,
        "network": card.architecture,
        "training set": card.training,
        "loss": card.loss,
        "licence": f"{card.licence.name} (embeddings {shared})",
        "LFW": lfw,
        "LFW, stated": None if card.lfw_stated is None else f"{100 * card.lfw_stated:.2f} % by its authors",
        "not tried": card.doubt,
        "embedding": f"{card.dim} numbers",
        "input": f"{card.shape[0]} × {card.shape[1]}, {card.input.describe()}",
        "alignment": card.alignment(),
        "runtime": card.runtime,
        "source": card.source,
        "notes": card.notes,
    }
    for name, value in lines.items():
        if value:
            table.add_row(name, str(value))
    for file in card.files:
        place = facts["weights"][file.name]
        table.add_row("weights", f"{place or f'{file.name}: not on this machine'}")
        if file.origin:
            table.add_row("", f"from {file.origin}")
        if file.sha256:
            table.add_row("", f"sha256 {file.sha256}")
    return table
