"""`facespace canonical`: one hub for several networks' spaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from ..errors import InputError
from .application import add_group
from .files import domain_warnings, load_pairs, load_set, save_moved
from .options import PRINTING, Format, OutputFolder, Pairs, Printing, Seed, check_name, names
from .printing import emit, finish, page, progress_bar

if TYPE_CHECKING:
    from ..embeddings import EmbeddingSet
    from ..mapping import CanonicalSpace
    from ..studies import HubResult

group = add_group("canonical")

Hub = Annotated[Path, typer.Argument(metavar="HUB", help="Hub written by facespace canonical fit.")]
HubOut = Annotated[Path, typer.Option("-o", "--output", metavar="HUB", help="Hub to write: .safetensors.")]
SetOut = Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Set to write: .parquet, .npz or .npy.")]


@group.command("fit")
def fit(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.")],
    output: HubOut,
    dim: Annotated[int | None, typer.Option(help="Width of the hub; that of the widest set if not given.")] = None,
    regularization: Annotated[float, typer.Option(help="Relative to each network's largest variance.")] = 0.05,
    printing: Printing = PRINTING,
) -> None:
    """Fit a hub on the images that the sets share."""
    check_name(output, "hubs")
    from ..mapping import CanonicalSpace

    hub = CanonicalSpace.fit(_load(sets), dim, regularization=regularization)
    hub.save(output)
    emit({"hub": output, **describe(hub)}, lambda: hub_text(describe(hub), output), printing)


@group.command("join")
def join(
    hub: Hub,
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Set of the network that joins.")],
    old: Annotated[list[Path], typer.Argument(metavar="OLD…", help="Sets of networks in the hub, same images.")],
    output: HubOut,
    printing: Printing = PRINTING,
) -> None:
    """Add a network to a hub; the others' maps and every template in the hub stay valid."""
    check_name(output, "hubs")
    from ..mapping import CanonicalSpace

    ((name, faces),) = _load([new]).items()
    joined = CanonicalSpace.load(hub).join(name, faces, _load(old))
    joined.save(output)
    emit({"hub": output, **describe(joined)}, lambda: hub_text(describe(joined), output), printing)


@group.command("apply")
def apply(
    hub: Hub,
    faces: Annotated[Path, typer.Argument(metavar="IN", help="Set to move.")],
    output: SetOut,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Network of the set, if it doesn't say.")] = None,
    from_hub: Annotated[bool, typer.Option("--from-hub", help="Move a set in the hub into the space of --model.")] = False,
    printing: Printing = PRINTING,
) -> None:
    """Move a network's set into the hub."""
    from ..mapping import CanonicalSpace

    fitted, given = CanonicalSpace.load(hub), load_set(faces)
    if from_hub:
        if model is None:
            raise InputError("--from-hub needs --model, the network to go to", f"In the hub: {', '.join(fitted.models)}.")
        moved, warnings = fitted.leave(model, given), []
    else:
        name = model or given.model
        if not name:
            raise InputError(f"{faces} doesn't say which network made it", f"Give --model: {', '.join(fitted.models)}.")
        moved, warnings = fitted.apply(name, given), domain_warnings(fitted.into[name], given)
    save_moved(moved, output, warnings, printing)


@group.command("fuse")
def fuse(
    hub: Hub,
    sets: Annotated[list[Path], typer.Argument(help="Sets of networks in the hub.")],
    output: SetOut,
    printing: Printing = PRINTING,
) -> None:
    """Average several networks' templates of each image in the hub."""
    from ..mapping import CanonicalSpace

    save_moved(CanonicalSpace.load(hub).fuse(_load(sets)), output, None, printing)


@group.command("report")
def report(
    hub: Hub,
    sets: Annotated[list[Path], typer.Argument(help="Sets of two or more networks in the hub.")],
    pairs: Pairs,
    format: Format = None,
    direct: Annotated[
        str, typer.Option(help="Methods of study cross-model to compare with, such as auto,joint; slow.")
    ] = "",
    keys: Annotated[str, typer.Option(help="Images to fit on: protocol, or all, by subject.")] = "protocol",
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """A hub like HUB against direct maps: fitted anew in every fold, without the people it is judged on."""
    from ..mapping import CanonicalSpace
    from ..studies import hub_study
    from ..studies.hub import hub_report

    fitted, faces = CanonicalSpace.load(hub), _load(sets)
    for name in faces:
        fitted.to_hub(name, faces[name].vectors[:1])  # raises for a network or a width that the hub doesn't have
    with progress_bar("folds", printing.quiet) as progress:
        result = hub_study(
            list(faces.values()),
            load_pairs(pairs, format),
            dim=fitted.dim,
            regularization=float(fitted.facts["regularization"]),
            direct=names(direct),
            keys=keys,
            seed=seed,
            progress=progress,
        )
    finish(result, hub_report, _result, output, printing)


def describe(hub: CanonicalSpace) -> dict[str, Any]:
    """The hub as plain values."""
    return {
        "name": hub.name,
        "dim": hub.dim,
        "models": [{"name": name, "dim": fitted.weight.shape[0]} for name, fitted in hub.into.items()],
        "correlations": {"max": float(hub.correlations[0]), "min": float(hub.correlations[-1])},
        **hub.facts,
    }


def hub_text(facts: dict[str, Any], wrote: Path | None = None) -> RenderableType:
    """`describe`'s values for a terminal."""
    models = ", ".join(f"{m['name']} ({m['dim']})" for m in facts["models"])
    ends = facts["correlations"]
    lines = [
        f"a hub of {facts['dim']} numbers for [bold]{escape(models)}[/]",
        f"mean correlation between the networks {ends['max']:.2f} along its first direction, {ends['min']:.2f} along "
        "its last",
    ]
    for model, pairs in facts["joined"].items():
        lines.append(f"{escape(model)} joined by " + escape(", ".join(f"{n:,} keys of {m}" for m, n in pairs.items())))
    lines.append(f"[dim]{escape(facts['name'])}, regularization {facts['regularization']:g}[/]")
    if wrote is not None:
        lines.append(f"wrote {escape(str(wrote))}")
    return Text.from_markup("\n".join(lines))


def _load(paths: list[Path]) -> dict[str, EmbeddingSet]:
    sets: dict[str, EmbeddingSet] = {}
    for path in paths:
        faces = load_set(path)
        if not faces.model:
            raise InputError(f"{path} doesn't say which network made it", "facespace embed writes it.")
        if faces.model in sets:
            raise InputError(f"two sets were made by {faces.model!r}: a hub takes one set of each network")
        sets[faces.model] = faces
    return sets


def _result(result: HubResult, files: list[str]) -> RenderableType:
    from ..report import terminal_table
    from ..studies.hub import answer, fusion_summary, summary_table

    tables = terminal_table(summary_table(result)), terminal_table(fusion_summary(result))
    return page(answer(result), *tables, signature=result.signature, files=files)
