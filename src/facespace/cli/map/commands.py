"""`facespace map`: fit, apply, export and check maps between two networks' spaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer
from rich.markup import escape

from ...embeddings import EmbeddingSet
from ...errors import InputError, OutputError
from ..application import app
from ..options import Json, Quiet, Seed, emit
from .refine import refine
from .text import describe, map_text
from .threshold import threshold

if TYPE_CHECKING:
    from ...mapping import DomainCheck

# facespace.mapping imports scikit-learn, which takes a second, so it is imported where it is used; a test compares this.
METHODS = ("auto", "identity", "ols", "ridge", "rotation", "orthogonal", "reduced-rank", "cca", "spectral", "anchored")
_CHECKED = 20_000  # rows that `apply` looks at to see whether the set is in the map's domain

group = typer.Typer(no_args_is_help=True, help="Fit, apply, export and check maps between two embedding spaces.")
app.add_typer(group, name="map")
group.command("refine")(refine)
group.command("threshold")(threshold)

Map = Annotated[Path, typer.Argument(metavar="MAP", help="Map written by facespace map fit.", show_default=False)]
Faces = Annotated[Path, typer.Argument(metavar="IN", help="Set of the map's source network.", show_default=False)]


@group.command("fit")
def fit(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Set to map from.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Set to map to.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="MAP", help="Map to write: .safetensors.")],
    method: Annotated[str, typer.Option(help=f"{', '.join(METHODS)}.")] = "auto",
    alpha: Annotated[
        str | None, typer.Option(metavar="auto|X", help="Penalty of ridge and reduced-rank; 1 if not given.")
    ] = None,
    rank: Annotated[str | None, typer.Option(metavar="auto|K", help="Rank of reduced-rank; auto if not given.")] = None,
    center: Annotated[
        bool | None, typer.Option("--center/--no-center", help="Fit and compare about the means (the default), or zero.")
    ] = None,
    intercept: Annotated[bool, typer.Option("--intercept", help="Fit b too, but compare about zero.")] = False,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Fit on the genuine pairs of this list instead of the ids that both sets have.", show_default=False
        ),
    ] = None,
    statistics: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the pair statistics too: .safetensors.", show_default=False)
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit a map from SOURCE's space to TARGET's, on the images that both sets have."""
    if method == "auto" and (alpha, rank, center, intercept) != (None, None, None, False):
        raise InputError(
            "--method auto chooses alpha, rank and centre itself, so it takes no option for them",
            f"Name a method too: {', '.join(METHODS[1:])}.",
        )
    for path in (output, statistics):  # before the work, not after it
        _check_name(path)
    from ...datasets import read_pairs
    from ...mapping import fit_map, pair_statistics

    a, b = EmbeddingSet.load(source), EmbeddingSet.load(target)
    protocol = None if pairs is None else read_pairs(pairs)
    fitted = fit_map(
        a,
        b,
        method,
        alpha=parse_number("--alpha", alpha or "1", float),
        rank=parse_number("--rank", rank or "auto", int),
        # --intercept alone asks for the comparison about zero; with --center the means are the origin.
        center=not intercept if center is None else center,
        intercept=intercept,
        protocol=protocol,
        seed=seed,
    )
    if statistics is not None:
        pair_statistics(a, b, protocol).save(statistics)
    fitted.save(output)
    facts = describe(fitted)
    files = [path for path in (output, statistics) if path is not None]
    emit({"map": output, **facts, "files": files}, lambda: map_text(facts, _wrote(files)), as_json=as_json, quiet=quiet)


@group.command("apply")
def apply(
    map: Map,
    faces: Faces,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Set to write: .parquet, .npz or .npy.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Move a set into the space of the map's target."""
    from ...mapping import LinearMap

    fitted, given = LinearMap.load(map), EmbeddingSet.load(faces)
    mapped = fitted.apply(given)
    some = np.unique(np.linspace(0, len(given) - 1, min(len(given), _CHECKED)).astype(np.intp))
    # From a handful of vectors nothing can be said, and nothing is: only what speaks against them is reported.
    check = fitted.check(given.vectors[some])
    reasons = [reason for reason in check.reasons if "too few to tell" not in reason]
    mapped.save(output)
    facts = {"output": output, "model": mapped.model, "rows": len(mapped), "dim": mapped.dim, "warnings": reasons}
    emit(facts, lambda: "\n".join([_applied(mapped, output), *(_warning(r) for r in reasons)]), as_json=as_json, quiet=quiet)


@group.command("export")
def export(
    map: Map,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="ONNX", help="ONNX file to write.")],
    model: Annotated[
        Path | None,
        typer.Option(metavar="NETWORK.onnx", help="Put the map behind this network, which then speaks the other space."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a map as ONNX: alone, or behind its network."""
    from ...mapping import LinearMap

    fitted = LinearMap.load(map)
    fitted.to_onnx(output, model)
    p, q = fitted.weight.shape
    facts = {"output": output, "network": model, "source_dim": p, "target_dim": q}
    what = f"vectors of {p} numbers" if model is None else f"the images that {escape(model.name)} takes"
    emit(facts, lambda: f"{escape(str(output))}: {what} in, vectors of {q} numbers out", as_json=as_json, quiet=quiet)


@group.command("check")
def check(map: Map, faces: Faces, as_json: Json = False, quiet: Quiet = False) -> None:
    """Are these vectors in the domain that the map was fitted on? Exit code 1 if not."""
    from ...mapping import LinearMap

    fitted, given = LinearMap.load(map), EmbeddingSet.load(faces)
    found = fitted.check(given.vectors)
    try:
        fitted.check_model(given, "source")
    except InputError as error:  # a set that says it is another network's is out of the domain, whatever its numbers
        found = replace(found, reasons=(error.message, *found.reasons))
    emit(found, lambda: _checked(found), as_json=as_json, quiet=quiet)
    if not found.in_domain:
        raise typer.Exit(1)


def parse_number(option: str, text: str, kind: type[Any]) -> Any | Literal["auto"]:
    """`text` as "auto" or a number of `kind`. Raises InputError naming the option.

    >>> parse_number("--rank", "auto", int), parse_number("--rank", "64", int)
    ('auto', 64)
    """
    if text == "auto":
        return "auto"
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{option} {text}: neither a number nor auto") from None


def _check_name(path: Path | None) -> None:
    if path is not None and path.suffix != ".safetensors":
        raise OutputError(
            f"{path}: maps and statistics are written as .safetensors", f"Use {path.with_suffix('.safetensors').name}."
        )


def _wrote(files: list[Path]) -> str:
    return f"wrote {escape(', '.join(str(f) for f in files))}"


def _applied(mapped: EmbeddingSet, output: Path) -> str:
    return f"{len(mapped):,} vectors of {mapped.dim} numbers, [bold]{escape(mapped.model)}[/] → {escape(str(output))}"


def _warning(reason: str) -> str:
    return f"[yellow]![/] {escape(reason)}"


def _checked(found: DomainCheck) -> str:
    verdict = "[green]in the map's domain[/]" if found.in_domain else "[red]not in the map's domain[/]"
    numbers = f"agreement {found.agreement:.2f}, shift {found.shift:.2f}"
    return "\n".join([f"{found.n:,} vectors: {verdict} ({numbers})", *(_warning(r) for r in found.reasons)])
