"""`facespace study sensitivity`, `rank` and `pairs-needed`: one network against another, as more is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError
from ..files import load_pairs, sets_without
from ..options import FAMILIES, PRINTING, Alpha, Center, Cut, Exclude, Format, OutputFolder, Pairs, Printing, Seed, names
from ..printing import dim, emit, finish, page, progress_bar

if TYPE_CHECKING:
    from ...studies import PairsNeeded, RankResult, SensitivityResult

Source = Annotated[Path, typer.Argument(help="Set whose vectors are mapped.")]
Target = Annotated[Path, typer.Argument(help="Set of another network, whose space they are mapped to.")]
Methods = Annotated[
    str | None, typer.Option("--methods", help=f"Some of {', '.join(FAMILIES)}; by default ridge,rotation and anchored.")
]
Pairing = Annotated[str, typer.Option("--pairing", help="What maps are fitted on: same or matched.")]
Keys = Annotated[str, typer.Option("--keys", help="Images of the pairing 'same': protocol or all.")]
Loss = Annotated[float, typer.Option("--loss", help="Accuracy that may be lost, a fraction: 0.01 is one point.")]


def sensitivity(
    source: Source,
    target: Target,
    pairs: Pairs,
    format: Format = None,
    sizes: Annotated[
        str | None, typer.Option(help="Numbers of pairs, such as 25,50,100; or even: 100 sizes from the smallest to all.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Draws of each size in each fold.")] = 3,
    methods: Methods = None,
    pairing: Pairing = "same",
    keys: Keys = "protocol",
    alpha: Alpha = 1.0,
    center: Center = True,
    cut: Cut = "out-of-fold",
    loss: Loss = 0.01,
    exclude: Exclude = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """How many pairs does a map need? Accuracy against the number of pairs it is fitted on."""
    from ...studies.curves import curve_report, sensitivity_study

    (a, b), out, told = sets_without([source, target], exclude)
    with progress_bar("draws", printing.quiet) as progress:
        result = sensitivity_study(
            a,
            b,
            load_pairs(pairs, format).without(out),
            sizes="even" if sizes == "even" else _numbers(sizes, "--sizes"),
            repeats=repeats,
            methods=None if methods is None else names(methods),
            pairing=pairing,
            keys=keys,
            alpha=alpha,
            center=center,
            cut=cut,
            loss=loss,
            seed=seed,
            progress=progress,
        )
    result = replace(result, warnings=(*told, *result.warnings))
    finish(result, curve_report, _render, output, printing)


def rank(
    source: Source,
    target: Target,
    pairs: Pairs,
    format: Format = None,
    ranks: Annotated[str | None, typer.Option(help="Such as 16,32,64; by default all.")] = None,
    methods: Methods = None,
    pairing: Pairing = "same",
    keys: Keys = "protocol",
    alpha: Alpha = 1.0,
    center: Center = True,
    cut: Cut = "out-of-fold",
    loss: Loss = 0.005,
    exclude: Exclude = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """How few directions carry a map? Accuracy against the rank of the map, down to 1."""
    from ...studies.curves import curve_report, rank_study

    (a, b), out, told = sets_without([source, target], exclude)
    with progress_bar("folds", printing.quiet) as progress:
        result = rank_study(
            a,
            b,
            load_pairs(pairs, format).without(out),
            ranks=_numbers(ranks, "--ranks"),
            methods=None if methods is None else names(methods),
            pairing=pairing,
            keys=keys,
            alpha=alpha,
            center=center,
            cut=cut,
            loss=loss,
            seed=seed,
            progress=progress,
        )
    result = replace(result, warnings=(*told, *result.warnings))
    finish(result, curve_report, _render, output, printing)


def needed(
    source: Source,
    target: Target,
    pairs: Annotated[
        Path | None, typer.Option(help="Pairs list with folds to judge by; by default drawn from the sets.")
    ] = None,
    format: Format = None,
    loss: Loss = 0.01,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(FAMILIES)}.")] = "ridge",
    alpha: Alpha = 1.0,
    center: Center = True,
    repeats: Annotated[int, typer.Option(help="Draws of each size in each fold.")] = 5,
    exclude: Exclude = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """How many more pairs would I need? A prediction from the pairs that two of your sets share."""
    from ...studies import pairs_needed

    (a, b), out, told = sets_without([source, target], exclude)
    with progress_bar("draws", printing.quiet) as progress:
        result = pairs_needed(
            a,
            b,
            loss,
            method=method,
            protocol=None if pairs is None else load_pairs(pairs, format).without(out),
            repeats=repeats,
            alpha=alpha,
            center=center,
            seed=seed,
            progress=progress,
        )
    result = replace(result, warnings=(*told, *result.warnings))
    emit(result, lambda: _render_needed(result), printing)


def _render(result: SensitivityResult | RankResult, files: list[str]) -> RenderableType:
    from ...report import terminal_table
    from ...studies.curves import answer, needed_table, point_table

    tables = terminal_table(point_table(result, 14, brief=True)), terminal_table(needed_table(result, brief=True))
    return page(answer(result), *tables, signature=result.signature, files=files)


def _render_needed(result: PairsNeeded) -> RenderableType:
    from ...report import Column, Table, terminal_table

    rows = [[n, 100 * e, 100 * result.law.error(n)] for n, e in zip(result.sizes, result.errors.tolist(), strict=True)]
    columns = [Column("pairs", format=",d"), Column("error", "%", ".2f"), Column("curve", "%", ".2f")]
    table = Table("curve", columns, rows)
    law = f"error = {100 * result.law.a:.2f} % + {100 * result.law.b:.4g} % × pairs^−{result.law.c:.2f}"
    parts: list[RenderableType] = [Text(result.answer(), style="bold"), Text(), terminal_table(table), Text(law)]
    parts += [Text(f"Note: {warning}") for warning in result.warnings]
    return Group(*parts, Text(), dim(result.signature))


def _numbers(text: str | None, option: str) -> list[int] | None:
    if text is None:
        return None
    if wrong := [name for name in names(text) if not name.isdecimal()]:
        raise InputError(f"{option} takes whole numbers separated by commas; got {wrong[0]!r}")
    return [int(name) for name in names(text)]
