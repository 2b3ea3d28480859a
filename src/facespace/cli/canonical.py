"""`facespace canonical`: one hub for several networks' spaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from ..errors import InputError
from .application import add_group
from .files import domain_warnings, load_pairs, load_set, open_set, reading, save_moved, tell_moved
from .options import PRINTING, RUNNING, WRITTEN, Format, OutputFolder, Pairs, Printing, Running, Seed, check_name, names
from .printing import emit, finish, page, progress_bar
from .written import check_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..mapping import CanonicalSpace
    from ..row_index import AnySet
    from ..studies import HubResult

group = add_group("canonical")

S = TypeVar("S", bound="AnySet")

Hub = Annotated[Path, typer.Argument(metavar="HUB", help="Hub written by facespace canonical fit.")]
HubOut = Annotated[Path, typer.Option("-o", "--output", metavar="HUB", help="Hub to write: .safetensors."), WRITTEN]
SetOut = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="OUT", help="Set to write: .parquet, .npz, .npy, or a folder of Parquet files."),
    WRITTEN,
]


@group.command("fit")
def fit(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.")],
    output: HubOut,
    dim: Annotated[int | None, typer.Option(help="Width of the hub; that of the widest set if not given.")] = None,
    regularization: Annotated[float, typer.Option(help="Relative to each network's largest variance.")] = 0.05,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Fit a hub on the images that the sets share."""
    check_name(output, "hubs")
    from ..mapping import CanonicalSpace

    given = _named(sets, lambda path: open_set(path, running))
    with reading(printing) as progress:
        hub = CanonicalSpace.fit(given, dim, regularization=regularization, engine=running.made, progress=progress)
    hub.save(output)
    emit({"hub": output, **describe(hub)}, lambda: hub_text(describe(hub), output), printing)


@group.command("join")
def join(
    hub: Hub,
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Set of the network that joins.")],
    old: Annotated[list[Path], typer.Argument(metavar="OLD…", help="Sets of networks in the hub, same images.")],
    output: HubOut,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Add a network to a hub; the others' maps and every template in the hub stay valid."""
    check_name(output, "hubs")
    from ..mapping import CanonicalSpace

    ((name, faces),) = _named([new], lambda path: open_set(path, running)).items()
    known = _named(old, lambda path: open_set(path, running))
    with reading(printing) as progress:
        joined = CanonicalSpace.load(hub).join(name, faces, known, engine=running.made, progress=progress)
    joined.save(output)
    emit({"hub": output, **describe(joined)}, lambda: hub_text(describe(joined), output), printing)


@group.command("apply")
def apply(
    hub: Hub,
    faces: Annotated[Path, typer.Argument(metavar="IN", help="Set to move.")],
    output: SetOut,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Network of the set, if it doesn't say.")] = None,
    from_hub: Annotated[bool, typer.Option("--from-hub", help="Move a set in the hub into the space of --model.")] = False,
    rows_per_file: Annotated[int, typer.Option(min=1, help="Of the files in a folder.")] = 1 << 17,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Move a network's set into the hub.

    From Parquet to Parquet it is never whole in memory. A folder is written file by file: a run that was stopped goes on
    where it was, if it is begun again.
    """
    from ..embeddings import EmbeddingSet
    from ..mapping import CanonicalSpace

    check_apart(output, faces)
    fitted, given, warnings = CanonicalSpace.load(hub), open_set(faces, running), []
    name = model or ("" if from_hub else given.model)
    if from_hub and not name:
        raise InputError("--from-hub needs --model, the network to go to", f"In the hub: {', '.join(fitted.models)}.")
    if not name:
        raise InputError(f"{faces} doesn't say which network made it", f"Give --model: {', '.join(fitted.models)}.")
    fitted.route(name, given, leave=from_hub)  # another network's set is told as such, and not by its numbers
    if not from_hub:
        warnings = domain_warnings(fitted.into[name], given)
    if isinstance(given, EmbeddingSet) or output.suffix not in ("", ".parquet"):
        whole = given if isinstance(given, EmbeddingSet) else given.load()
        save_moved((fitted.leave if from_hub else fitted.apply)(name, whole), output, warnings, printing)
        return
    with reading(printing) as progress:
        moved, resumed = fitted.apply_to_files(
            name, given, output, leave=from_hub, rows_per_file=rows_per_file, engine=running.made, progress=progress
        )
    tell_moved(moved, output, warnings, printing, resumed)


@group.command("fuse")
def fuse(
    hub: Hub,
    sets: Annotated[list[Path], typer.Argument(help="Sets of networks in the hub.")],
    output: SetOut,
    rows_per_file: Annotated[int, typer.Option(min=1, help="Of the files in a folder.")] = 1 << 17,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Average several networks' templates of each image in the hub.

    From Parquet to Parquet nothing is whole in memory. A folder is written file by file: a run that was stopped goes on
    where it was, if it is begun again.
    """
    from ..mapping import CanonicalSpace

    check_apart(output, *sets)
    fitted, given = CanonicalSpace.load(hub), _named(sets, lambda path: open_set(path, running))
    if output.suffix not in ("", ".parquet"):
        save_moved(fitted.fuse(given), output, None, printing)
        return
    with reading(printing) as progress:
        fused, resumed = fitted.fuse_to_files(
            given, output, rows_per_file=rows_per_file, engine=running.made, progress=progress
        )
    tell_moved(fused, output, None, printing, resumed)


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

    fitted, protocol = CanonicalSpace.load(hub), load_pairs(pairs, format)
    # Of large sets the images that the list names, where no others are fitted on.
    faces = _named(sets, lambda path: load_set(path, protocol.ids if keys == "protocol" else None))
    for name in faces:
        fitted.to_hub(name, faces[name].vectors[:1])  # raises for a network or a width that the hub doesn't have
    with progress_bar("folds", printing.quiet) as progress:
        result = hub_study(
            list(faces.values()),
            protocol,
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


def _named(paths: list[Path], load: Callable[[Path], S]) -> dict[str, S]:
    """The sets by their networks."""
    sets: dict[str, S] = {}
    for path in paths:
        faces = load(path)
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
