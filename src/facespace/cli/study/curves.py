"""`facespace study sensitivity`, `rank` and `pairs-needed`: one network against another, as more is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...datasets import read_pairs
from ...embeddings import EmbeddingSet
from ...errors import InputError
from ...io import check_folder
from ...mapping import FAMILIES
from ...studies import PairsNeeded, RankResult, SensitivityResult, pairs_needed, rank_study, sensitivity_study
from ..options import Json, OutputFolder, Quiet, Seed, emit, progress_bar, write_study

Source = Annotated[Path, typer.Argument(help="Set whose vectors are mapped.", show_default=False)]
Target = Annotated[Path, typer.Argument(help="Set of another network, whose space they are mapped to.", show_default=False)]
Pairs = Annotated[Path, typer.Option("--pairs", help="Pairs list with folds, such as LFW's pairs.txt.")]
Methods = Annotated[
    str | None,
    typer.Option("--methods", help=f"Some of {', '.join(FAMILIES)}; by default ridge,rotation and anchored."),
]
Pairing = Annotated[str, typer.Option("--pairing", help="What maps are fitted on: same or matched.")]
Keys = Annotated[str, typer.Option("--keys", help="Images of the pairing 'same': protocol or all.")]
Alpha = Annotated[float, typer.Option("--alpha", help="Ridge penalty.")]
Center = Annotated[bool, typer.Option("--center/--no-center", help="Fit and compare about the means; not so in the papers.")]
Loss = Annotated[float, typer.Option("--loss", help="Accuracy that may be lost, a fraction: 0.01 is one point.")]


def sensitivity(
    source: Source,
    target: Target,
    pairs: Pairs,
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", help="Numbers of pairs, such as 25,50,100; or even: 100 sizes from the smallest to all."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", help="Draws of each size in each fold.")] = 3,
    methods: Methods = None,
    pairing: Pairing = "same",
    keys: Keys = "protocol",
    alpha: Alpha = 1.0,
    center: Center = True,
    loss: Loss = 0.01,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """How many pairs does a map need? Accuracy against the number of pairs it is fitted on."""
    result = _with_bar(
        "draws",
        quiet,
        output,
        lambda progress: sensitivity_study(
            EmbeddingSet.load(source),
            EmbeddingSet.load(target),
            read_pairs(pairs),
            sizes="even" if sizes == "even" else _numbers(sizes, "--sizes"),
            repeats=repeats,
            methods=_names(methods),
            pairing=pairing,
            keys=keys,
            alpha=alpha,
            center=center,
            loss=loss,
            seed=seed,
            progress=progress,
        ),
    )
    _show(result, output, as_json, quiet)


def rank(
    source: Source,
    target: Target,
    pairs: Pairs,
    ranks: Annotated[str | None, typer.Option("--ranks", help="Such as 16,32,64; by default all.")] = None,
    methods: Methods = None,
    pairing: Pairing = "same",
    keys: Keys = "protocol",
    alpha: Alpha = 1.0,
    center: Center = True,
    loss: Loss = 0.005,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """How few directions carry a map? Accuracy against the rank of the map, down to 1."""
    result = _with_bar(
        "folds",
        quiet,
        output,
        lambda progress: rank_study(
            EmbeddingSet.load(source),
            EmbeddingSet.load(target),
            read_pairs(pairs),
            ranks=_numbers(ranks, "--ranks"),
            methods=_names(methods),
            pairing=pairing,
            keys=keys,
            alpha=alpha,
            center=center,
            loss=loss,
            seed=seed,
            progress=progress,
        ),
    )
    _show(result, output, as_json, quiet)


def needed(
    source: Source,
    target: Target,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="Pairs list with folds to judge by; by default drawn from the sets.")
    ] = None,
    loss: Loss = 0.01,
    method: Annotated[str, typer.Option("--method", help=f"One of {', '.join(FAMILIES)}.")] = "ridge",
    alpha: Alpha = 1.0,
    center: Center = True,
    repeats: Annotated[int, typer.Option("--repeats", help="Draws of each size in each fold.")] = 5,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """How many more pairs would I need? A prediction from the pairs that two of your sets share."""
    result: PairsNeeded = _with_bar(
        "draws",
        quiet,
        None,
        lambda progress: pairs_needed(
            EmbeddingSet.load(source),
            EmbeddingSet.load(target),
            loss,
            method=method,
            protocol=None if pairs is None else read_pairs(pairs),
            repeats=repeats,
            alpha=alpha,
            center=center,
            seed=seed,
            progress=progress,
        ),
    )
    emit(result, lambda: _render_needed(result), as_json=as_json, quiet=quiet)


def _with_bar(unit: str, quiet: bool, output: Path | None, study: Callable[[Callable[[int, int], None]], Any]) -> Any:
    """What `study(progress)` gives, under a progress bar on standard error; `output` is checked first."""
    if output is not None:
        check_folder(output)
    with progress_bar(unit, quiet) as progress:
        return study(progress)


def _show(result: SensitivityResult | RankResult, output: Path | None, as_json: bool, quiet: bool) -> None:
    from ...studies.curves import curve_report

    document = write_study(result, lambda: curve_report(result), output)
    emit(document, lambda: _render(result, document["files"]), as_json=as_json, quiet=quiet)


def _render(result: SensitivityResult | RankResult, files: list[str]) -> RenderableType:
    from ...report import terminal_table
    from ...studies.curves import answer, needed_table, point_table

    head, tail = answer(result)
    parts: list[RenderableType] = [Text.assemble((head, "bold"), " ", tail), Text()]
    parts += [terminal_table(point_table(result, 14, brief=True)), Text(), terminal_table(needed_table(result)), Text()]
    parts.append(Text(result.signature, style="dim"))
    if files:
        parts.append(Text.assemble("Report: ", (next(f for f in files if f.endswith(".html")), "bold")))
    return Group(*parts)


def _render_needed(result: PairsNeeded) -> RenderableType:
    from ...report import Column, Table, terminal_table

    rows = [[n, 100 * e, 100 * result.law.error(n)] for n, e in zip(result.sizes, result.errors.tolist(), strict=True)]
    columns = [Column("pairs", format=",d"), Column("error", "%", ".2f"), Column("curve", "%", ".2f")]
    table = Table("curve", columns, rows)
    law = f"error = {100 * result.law.a:.2f} % + {100 * result.law.b:.4g} % × pairs^−{result.law.c:.2f}"
    parts: list[RenderableType] = [Text(result.answer(), style="bold"), Text(), terminal_table(table), Text(law)]
    parts += [Text(f"Note: {warning}") for warning in result.warnings]
    return Group(*parts, Text(), Text(result.signature, style="dim"))


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str | None, option: str) -> list[int] | None:
    names = _names(text)
    if names is None:
        return None
    if wrong := [name for name in names if not name.isdecimal()]:
        raise InputError(f"{option} takes whole numbers separated by commas; got {wrong[0]!r}")
    return [int(name) for name in names]
