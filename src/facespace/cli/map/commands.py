"""`facespace map`: fit, apply, export and check maps between two networks' spaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from ...errors import InputError, OutputError
from ..application import add_group
from ..files import (
    domain_warnings,
    load_map,
    load_pairs,
    load_set,
    mixture_notes,
    open_set,
    reading,
    save_moved,
    tell_moved,
)
from ..options import METHODS, PRINTING, RUNNING, WRITTEN, Format, Printing, Running, Seed, check_name, number_or
from ..printing import emit, warning_lines
from ..written import check_apart
from .refine import refine
from .shipped import get, starting_map
from .text import describe, map_text
from .threshold import threshold

if TYPE_CHECKING:
    from ...mapping import DomainCheck

group = add_group("map")
group.command("refine")(refine)
group.command("threshold")(threshold)
group.command("get")(get)

Map = Annotated[Path, typer.Argument(metavar="MAP", help="Map written by facespace map fit.")]
Faces = Annotated[Path, typer.Argument(metavar="IN", help="Set of the map's source network, or either.")]
Side = Annotated[
    str | None, typer.Option(metavar="source|target", help="Of a two-sided map, by default the one that IN names.")
]


@group.command("fit")
def fit(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Set to map from.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Set to map to.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="MAP", help="Map to write: .safetensors."), WRITTEN],
    method: Annotated[str, typer.Option(help=f"{', '.join(METHODS)}.")] = "auto",
    alpha: Annotated[
        str | None, typer.Option(metavar="auto|X", help="Penalty of ridge and reduced-rank; 1 if not given.")
    ] = None,
    rank: Annotated[str | None, typer.Option(metavar="auto|K", help="Rank of reduced-rank; auto if not given.")] = None,
    regularization: Annotated[
        str | None, typer.Option(metavar="auto|X", help="Regularization ρ of joint; auto if not given.")
    ] = None,
    center: Annotated[
        bool | None, typer.Option("--center/--no-center", help="Fit and compare about the means (the default), or zero.")
    ] = None,
    intercept: Annotated[bool, typer.Option("--intercept", help="Fit b too, but compare about zero.")] = False,
    pairs: Annotated[
        Path | None, typer.Option(help="Fit on the genuine pairs of this list instead of the ids that both sets have.")
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option(help="Pairs list that the map will be judged on: its people are left out of the fit.")
    ] = None,
    format: Format = None,
    statistics: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the pair statistics too: .safetensors."), WRITTEN
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="shipped|MAP", help="Sharpen this map by the pairs: the one that ships, or another's."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Write no map whose pairs don't agree when they are held out, or can't be judged."),
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Leave out the pairs that don't correspond (ids exchanged), as far as found.")
    ] = False,
    disagreeing: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Write the pairs that don't seem to correspond, and their log odds."),
        WRITTEN,
    ] = None,
    unjudged: Annotated[
        bool, typer.Option("--unjudged", help="Don't measure whether the pairs correspond; fit what seems shuffled, too.")
    ] = False,
    no_provenance: Annotated[
        bool, typer.Option("--no-provenance", help="Keep no hashes of the ids and people that the map is fitted on.")
    ] = False,
    seed: Seed = 0,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Fit a map from SOURCE's space to TARGET's (joint: of both into a common one), on the images that both sets have."""
    if method == "auto" and (alpha, rank, regularization, center, intercept) != (None, None, None, None, False):
        raise InputError(
            "--method auto chooses alpha, rank and centre itself, so it takes no option for them",
            f"Name a method too: {', '.join(METHODS[1:])}.",
        )
    for path in (output, statistics):  # before the work, not after it
        check_name(path, "maps and statistics")
    from ...io import write_rows
    from ...mapping import check_pairs, fit_map, pair_statistics

    if robust and statistics is not None:
        raise InputError("--statistics has all pairs, --robust leaves some out", "Give one of both.")
    if strict and unjudged:
        raise InputError("--strict wants pairs that agree, --unjudged doesn't look", "Leave out one of both.")
    a, b = open_set(source, running), open_set(target, running)
    begun = None if start is None else starting_map(start, a, b)
    protocol = None if pairs is None else load_pairs(pairs, format)
    judged = None if exclude is None else load_pairs(exclude, None if pairs else format)
    with reading(printing) as progress:
        checked = None
        if disagreeing is not None:
            checked = check_pairs(a, b, protocol, exclude=judged, seed=seed, engine=running.made, progress=progress)
            rows = zip(checked.ids.tolist(), checked.log_odds.tolist(), strict=True)
            write_rows(disagreeing, ("id", "log_odds"), rows)
        fitted = fit_map(
            a,
            b,
            method,
            alpha=number_or("auto", "--alpha", alpha or "1"),
            rank=number_or("auto", "--rank", rank or "auto", int),
            regularization=number_or("auto", "--regularization", regularization or "auto"),
            # --intercept alone asks for the comparison about zero; with --center the means are the origin.
            center=not intercept if center is None else center,
            intercept=intercept,
            protocol=protocol,
            judge=not unjudged,
            provenance=not no_provenance,
            robust=(checked or True) if robust else False,
            seed=seed,
            exclude=judged,
            start=begun,
            engine=running.made,
            progress=progress,
        )
    if strict and (warnings := fitted.facts["warnings"]):
        raise InputError(f"no map is written: {'; '.join(warnings)}", "Without --strict it is written all the same.")
    if statistics is not None:
        pair_statistics(a, b, protocol, exclude=judged, engine=running.made).save(statistics)
    fitted.save(output)
    facts = describe(fitted)
    files = [path for path in (output, statistics, disagreeing) if path is not None]
    document = {"map": output, **facts, "excluded": fitted.facts.get("excluded", 0), "files": files}
    if checked is not None:
        document["correspondence"] = checked
    document["warnings"] = [*facts["warnings"], *mixture_notes(a, "the source"), *mixture_notes(b, "the target")]
    emit(document, lambda: map_text(document, _wrote(files)), printing)


@group.command("apply")
def apply(
    map: Map,
    faces: Faces,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="OUT", help="Set to write: .parquet, .npz, .npy, or a folder of Parquet files."
        ),
        WRITTEN,
    ],
    side: Side = None,
    one_sided: Annotated[
        bool,
        typer.Option(
            "--one-sided",
            help="Of a likelihood ratio: the source as queries, or the target as it is with two numbers more, for a store "
            "that ranks by inner products.",
        ),
    ] = False,
    rows_per_file: Annotated[int, typer.Option(min=1, help="Of the files in a folder.")] = 1 << 17,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Move a set into the space of the map's target, or the common one of a two-sided map.

    From Parquet to Parquet it is never whole in memory. A folder is written file by file: a run that was stopped goes on
    where it was, if it is begun again.
    """
    from ...embeddings import EmbeddingSet
    from ...mapping import LinearMap, apply_to_files

    check_apart(output, faces)
    given = open_set(faces, running)
    fitted, options = _load(map, side, given)
    if one_sided:
        if isinstance(fitted, LinearMap):
            raise InputError(f"--one-sided: {map} leaves its target's vectors as they are", "Leave out --one-sided.")
        whole = given if isinstance(given, EmbeddingSet) else given.load()
        save_moved(fitted.one_sided(whole, **options), output, domain_warnings(fitted, whole, **options), printing)
        return
    fitted.route(given, **options)  # another network's set is told as such, and not by its numbers
    warnings = domain_warnings(fitted, given, **options)
    if isinstance(given, EmbeddingSet) or output.suffix not in ("", ".parquet"):
        whole = given if isinstance(given, EmbeddingSet) else given.load()
        save_moved(fitted.apply(whole, **options), output, warnings, printing)
        return
    with reading(printing) as progress:
        moved, resumed = apply_to_files(
            fitted, given, output, rows_per_file=rows_per_file, engine=running.made, progress=progress, **options
        )
    tell_moved(moved, output, warnings, printing, resumed)


@group.command("export")
def export(
    map: Map,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="ONNX", help="ONNX file to write."), WRITTEN],
    model: Annotated[
        Path | None,
        typer.Option(metavar="NETWORK.onnx", help="Put the map behind this network, which then speaks the other space."),
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", metavar="source|target", help="Needed for a two-sided map: which way.")
    ] = None,
    printing: Printing = PRINTING,
) -> None:
    """Write a map, or one side's way of a two-sided one, as ONNX: alone, or behind its network.

    Of a likelihood ratio it is that of --one-sided: queries or a gallery for a store that ranks by inner products.
    """
    if output.suffix.lower() != ".onnx":
        raise OutputError(f"{output}: an ONNX file is written", f"Use {output.with_suffix('.onnx').name}.")
    fitted, options = _load(map, side)
    way = fitted.way(**options) if options else fitted
    fitted.to_onnx(output, model, **options)
    p, q = way.weight.shape
    if getattr(fitted, "likelihood", None) is not None:
        q = 2 + len(fitted.target.weight)
    facts = {"output": output, "network": model, "source_dim": p, "target_dim": q}
    what = f"vectors of {p} numbers" if model is None else f"the images that {escape(model.name)} takes"
    emit(facts, lambda: f"{escape(str(output))}: {what} in, vectors of {q} numbers out", printing)


@group.command("check")
def check(map: Map, faces: Faces, side: Side = None, printing: Printing = PRINTING) -> None:
    """Are these vectors in the domain that the map was fitted on? Exit code 1 if not."""
    given = load_set(faces)
    fitted, options = _load(map, side, given)
    found = fitted.check(given.vectors, **options)
    try:
        fitted.check_model(given, options.get("side", "source"))
    except InputError as error:  # a set that says it is another network's is out of the domain, whatever its numbers
        found = replace(found, reasons=(error.message, *found.reasons))
    emit(found, lambda: _checked(found), printing)
    if not found.in_domain:
        raise typer.Exit(1)


def _load(path: Path, side: str | None, given: Any = None) -> tuple[Any, dict[str, Any]]:
    """The map, and the side of a two-sided one: as asked for, else that of the network which `given` names."""
    from ...mapping import LinearMap

    fitted = load_map(path)
    if isinstance(fitted, LinearMap):
        if side not in (None, "source"):
            raise InputError(f"--side {side}: {path} leaves its target's vectors as they are", "Leave out --side.")
        return fitted, {}
    if side is None and given is None:
        raise InputError(f"{path} is a two-sided map", "Say which way to write: --side source or --side target.")
    return fitted, {"side": side or fitted.side_of(given)}


def _wrote(files: list[Path]) -> str:
    return f"wrote {escape(', '.join(str(f) for f in files))}"


def _checked(found: DomainCheck) -> RenderableType:
    verdict = "[green]in the map's domain[/]" if found.in_domain else "[red]not in the map's domain[/]"
    numbers = f"agreement {found.agreement:.2f}, shift {found.shift:.2f}"
    return Group(Text.from_markup(f"{found.n:,} vectors: {verdict} ({numbers})"), *warning_lines(found.reasons))
