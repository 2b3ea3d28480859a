"""`facespace identify`: whose face is it, among those of a gallery?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..identification import IdentificationResult, ListIdentification, identify, identify_lists
from ..io import check_folder, write_json
from .application import app
from .options import Json, OutputFolder, Quiet, emit, write_study
from .systems import load_cohort, load_map_between


@app.command("identify")
def identify_command(
    gallery: Annotated[Path, typer.Argument(metavar="GALLERY", help="Set of the known faces.", show_default=False)],
    probes: Annotated[
        Path, typer.Argument(metavar="PROBES", help="Set of the faces that are looked up.", show_default=False)
    ],
    map: Annotated[
        Path | None,
        typer.Option("--map", help="Map from the probes' space to the gallery's, or joint.", show_default=False),
    ] = None,
    ranks: Annotated[str, typer.Option("--ranks", metavar="K,K,…", help="Ranks of the closed-set table.")] = "1,5,10,20",
    fpir: Annotated[
        str, typer.Option("--fpir", metavar="X,X,…", help="False positive identification rates of the open-set table.")
    ] = "1e-1,1e-2",
    gallery_list: Annotated[
        list[Path] | None,
        typer.Option(
            "--gallery-list",
            help="csv of template,subject: who is in the gallery (IJB's gallery_G1.csv). Repeat for the mean of several.",
            show_default=False,
        ),
    ] = None,
    probe_list: Annotated[
        Path | None,
        typer.Option("--probe-list", help="csv of template,subject: who is looked up.", show_default=False),
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            "--cohort", help="Set of other people by the probes' network; scores are corrected by it.", show_default=False
        ),
    ] = None,
    cohort_gallery: Annotated[
        Path | None,
        typer.Option("--cohort-gallery", help="The same by the gallery's network, where it is another.", show_default=False),
    ] = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look every probe up in a gallery: closed set (CMC) and open set (FNIR at FPIR).

    The person is the subject column, or else the folder in the id; with lists the ids are templates, and the lists say
    whose. No image may be on both sides.
    """
    if output is not None:
        check_folder(output)
    places = [int(n) for n in _numbers("--ranks", ranks, int)]
    rates = [float(x) for x in _numbers("--fpir", fpir, float)]
    known, unknown = EmbeddingSet.load(gallery), EmbeddingSet.load(probes)
    linear = load_map_between(map, unknown, known)
    one_network = map is None and known.model == unknown.model and cohort_gallery is None
    hint = "Give --cohort for the probes, and --cohort-gallery where the gallery is by another network."
    strangers = load_cohort(cohort, cohort_gallery, unknown, None if one_network else known, hint)
    names = " → ".join(dict.fromkeys(filter(None, (unknown.model, known.model))))
    title = f"Identification: {names}" if names else "Identification"
    if gallery_list or probe_list:
        from ..datasets import read_template_list

        if not gallery_list or probe_list is None:
            raise InputError("lists of templates come together", "Give --gallery-list and --probe-list.")
        lists = [read_template_list(path) for path in gallery_list]
        several = identify_lists(
            known, unknown, lists, read_template_list(probe_list), map=linear, ranks=places, fpirs=rates, cohort=strangers
        )
        if output is not None:
            from ..identification import identification_report

            write_json(several, output / "results.json")
            for name, one in several.galleries.items():
                identification_report(one, f"{title}, {name}").write(output / name)
        emit(several, lambda: render_lists(several), as_json=as_json, quiet=quiet)
        return
    result = identify(known, unknown, map=linear, ranks=places, fpirs=rates, cohort=strangers)
    from ..identification import identification_report

    document = write_study(result, lambda: identification_report(result, title), output)
    emit(document, lambda: render(result), as_json=as_json, quiet=quiet)


def render(result: IdentificationResult) -> RenderableType:
    """The result for a terminal: counts, both tables, warnings, the signature."""
    from ..identification import counts, fnir_table, rank_table
    from ..report import terminal_table

    parts: list[RenderableType] = [Text(counts(result), style="bold"), Text(), terminal_table(rank_table(result))]
    if result.fnir:
        parts.append(terminal_table(fnir_table(result)))
    parts += [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in result.warnings]
    return Group(*parts, Text(result.signature, style="dim"))


def render_lists(result: ListIdentification) -> RenderableType:
    """Every gallery's tables, and the means."""
    parts: list[RenderableType] = []
    for name, found in result.galleries.items():
        parts += [Text(name, style="bold"), render(found), Text()]
    if len(result.galleries) > 1:
        rates = [f"rank {row.at:g}: {100 * row.rate:.2f} %" for row in result.cmc]
        rates += [f"FNIR at FPIR {row.at:g}: {100 * row.rate:.2f} %" for row in result.fnir]
        parts.append(Text.assemble(("Mean over galleries  ", "bold"), "   ".join(rates)))
    return Group(*parts)


def _numbers(option: str, text: str, kind: type[int] | type[float]) -> list[int | float]:
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(kind(part))
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise InputError(f"{option} {text}: {part.strip()!r} is not {wanted}", "Separate them by commas.") from None
    return numbers
