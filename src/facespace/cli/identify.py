"""`facespace identify`: whose face is it, among those of a gallery?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import InputError
from .application import app
from .files import load_cohort, load_map, load_set, open_set
from .options import PRINTING, RUNNING, OutputFolder, Printing, Running, numbers
from .printing import dim, emit, finish, warning_lines

if TYPE_CHECKING:
    from ..identification import IdentificationResult, ListIdentification
    from ..report import Report


@app.command("identify")
def identify_command(
    gallery: Annotated[Path, typer.Argument(metavar="GALLERY", help="Set of the known faces.")],
    probes: Annotated[Path, typer.Argument(metavar="PROBES", help="Set of the faces that are looked up.")],
    map: Annotated[Path | None, typer.Option(help="Map from the probes' space to the gallery's, or joint.")] = None,
    ranks: Annotated[str, typer.Option(metavar="K,K,…", help="Ranks of the closed-set table.")] = "1,5,10,20",
    fpir: Annotated[
        str, typer.Option(metavar="X,X,…", help="False positive identification rates of the open-set table.")
    ] = "1e-1,1e-2",
    gallery_list: Annotated[
        list[Path] | None,
        typer.Option(
            help="csv of template,subject: who is in the gallery (IJB's gallery_G1.csv). Repeat for the mean of several."
        ),
    ] = None,
    probe_list: Annotated[Path | None, typer.Option(help="csv of template,subject: who is looked up.")] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="Set of other people by the probes' network; scores are corrected by it.")
    ] = None,
    cohort_gallery: Annotated[
        Path | None, typer.Option(help="The same by the gallery's network, where it is another.")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="The sets' images: the report shows the worst errors. May be repeated."),
    ] = None,
    output: OutputFolder = None,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Look every probe up in a gallery: closed set (CMC) and open set (FNIR at FPIR).

    The person is the subject column, or else the folder in the id; with lists the ids are templates, and the lists say
    whose. No image may be on both sides.
    """
    from ..identification import add_error_pictures, identification_report, identify, identify_lists

    if images and (output is None or gallery_list or probe_list or cohort is not None):
        raise InputError("--images is for the report of sets without lists or a cohort", "Give -o FOLDER, leave out those.")

    places, rates = numbers("--ranks", ranks, int), numbers("--fpir", fpir)
    known, unknown = open_set(gallery, running), load_set(probes)
    linear = None if map is None else load_map(map, unknown, known)
    one_network = map is None and known.model == unknown.model and cohort_gallery is None
    hint = "Give --cohort for the probes, and --cohort-gallery where the gallery is by another network."
    members = load_cohort(cohort, cohort_gallery, unknown, None if one_network else known, hint)
    models = " → ".join(dict.fromkeys(filter(None, (unknown.model, known.model))))
    title = f"Identification: {models}" if models else "Identification"
    if gallery_list or probe_list:
        from ..datasets import read_template_list
        from ..io import write_json

        if not gallery_list or probe_list is None:
            raise InputError("lists of templates come together", "Give --gallery-list and --probe-list.")
        lists = [read_template_list(path) for path in gallery_list]
        several = identify_lists(
            load_set(gallery),
            unknown,
            lists,
            read_template_list(probe_list),
            map=linear,
            ranks=places,
            fpirs=rates,
            cohort=members,
        )
        if output is not None:
            write_json(several, output / "results.json")
            for name, one in several.galleries.items():
                identification_report(one, f"{title}, {name}").write(output / name)
        emit(several, lambda: render_lists(several), printing)
        return
    result = identify(known, unknown, map=linear, ranks=places, fpirs=rates, cohort=members, engine=running.made)

    def report(found: IdentificationResult) -> Report:
        made = identification_report(found, title)
        if images:
            add_error_pictures(made, known, unknown, images, map=linear)
        return made

    finish(result, report, lambda found, _: render(found), output, printing)


def render(result: IdentificationResult) -> RenderableType:
    """The result for a terminal: counts, both tables, warnings, the signature."""
    from ..identification import counts, fnir_table, rank_table
    from ..report import terminal_table

    parts: list[RenderableType] = [Text(counts(result), style="bold"), Text(), terminal_table(rank_table(result))]
    if result.fnir:
        parts.append(terminal_table(fnir_table(result)))
    return Group(*parts, *warning_lines(result.warnings), dim(result.signature))


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
