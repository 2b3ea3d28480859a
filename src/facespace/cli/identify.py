"""`facespace identify`: whose face is it, among those of a gallery?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import InputError
from .application import app
from .files import excluded_ids, load_cohort, load_map, load_set, open_set
from .options import PRINTING, RUNNING, WRITTEN, Exclude, OutputFolder, Printing, Running, numbers
from .printing import dim, emit, finish, report_line, warning_lines
from .written import check_apart

if TYPE_CHECKING:
    from ..embeddings import EmbeddingSet
    from ..identification import IdentificationResult, ListIdentification, Matches
    from ..mapping import LinearMap, TwoSidedMap
    from ..report import Report
    from ..row_index import AnySet
    from ..verification import Cohort


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
    matches: Annotated[
        Path | None,
        typer.Option(help="Table to write, .csv or .parquet: probe, person, gallery_id, score, above_… a threshold, shown."),
        WRITTEN,
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="With --matches: the score from which on it is a match.", show_default="those of --fpir"),
    ] = None,
    exclude: Exclude = None,
    output: OutputFolder = None,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Look every probe up in a gallery: closed set (CMC) and open set (FNIR at FPIR).

    The person is the subject column, or else the folder in the id; with lists the ids are templates, and the lists say
    whose. No image may be on both sides.

    With --matches, who each probe looks like most; then nobody needs to know who the probes show.
    """
    from ..identification import add_error_pictures, identification_report, identify, identify_lists

    if images and (output is None or gallery_list or probe_list or cohort is not None):
        raise InputError("--images is for the report of sets without lists or a cohort", "Give -o FOLDER, leave out those.")

    _check_table(matches, threshold, gallery_list, probe_list)
    check_apart(matches, gallery, probes)

    if exclude is not None and (gallery_list or probe_list):
        raise InputError("--exclude goes with sets, not with lists of templates", "Leave out one of the two.")

    places, rates = numbers("--ranks", ranks, int), numbers("--fpir", fpir)
    known, unknown = open_set(gallery, running), load_set(probes)
    out = excluded_ids(exclude, known, unknown)
    linear = None if map is None else load_map(map, unknown, known)
    one_network = map is None and known.model == unknown.model and cohort_gallery is None
    hint = "Give --cohort for the probes, and --cohort-gallery where the gallery is by another network."
    members = load_cohort(cohort, cohort_gallery, unknown, None if one_network else known, hint)
    models = " → ".join(dict.fromkeys(filter(None, (unknown.model, known.model))))
    title = f"Identification: {models}" if models else "Identification"
    if matches is not None and _nobody_known(unknown):
        if output is not None:
            raise InputError("nothing says who is in the probes, so there is no report", "Leave out -o.")
        cuts = {} if threshold is None else {"threshold": threshold}
        found = _match(known, unknown, matches, cuts, linear, members, out, running)
        document = {**found.to_dict(), "files": [str(matches)]}
        emit(document, lambda: render_matches(found, [str(matches)]), printing)
        return
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
        document = {**several.to_dict(), "files": (files := list[str]())}
        if output is not None:
            for name, one in several.galleries.items():
                files += [str(path) for path in identification_report(one, f"{title}, {name}").write(output / name)]
            files.append(str(output / "results.json"))
            write_json(document, output / "results.json")
        emit(document, lambda: render_lists(several, files), printing)
        return
    settings: dict[str, Any] = {"ranks": places, "fpirs": rates, "cohort": members, "exclude": out, "engine": running.made}
    result = identify(known, unknown, map=linear, **settings)

    def report(found: IdentificationResult) -> Report:
        made = identification_report(found, title)
        if images:
            add_error_pictures(made, known, unknown, images, map=linear, exclude=out)
        return made

    tables = []
    if matches is not None:
        cuts = {"threshold": threshold} if threshold is not None else {f"fpir_{r.fpir:g}": r.threshold for r in result.fnir}
        _match(known, unknown, matches, cuts, linear, members, out, running)
        tables.append(matches)
    finish(result, report, render, output, printing, tables)


def _check_table(matches: Path | None, threshold: float | None, *lists: object) -> None:
    if matches is None:
        if threshold is not None:
            raise InputError("--threshold is for --matches", "Leave it out, or name a table with --matches FILE.csv.")
        return
    from ..io import check_table

    check_table(matches)
    if any(lists):
        raise InputError("--matches goes with sets, not with lists of templates", "Leave out one of the two.")


def _nobody_known(faces: EmbeddingSet) -> bool:
    from ..people import people_of

    return people_of(faces).source == "nobody"


def _match(
    gallery: AnySet,
    probes: EmbeddingSet,
    path: Path,
    thresholds: dict[str, float],
    map: LinearMap | TwoSidedMap | None,
    cohort: Cohort | None,
    exclude: list[str],
    running: Running,
) -> Matches:
    from ..identification import match_probes

    settings: dict[str, Any] = {"thresholds": thresholds, "cohort": cohort, "exclude": exclude, "engine": running.made}
    found = match_probes(gallery, probes, map=map, **settings)
    found.save(path)
    return found


def render(result: IdentificationResult, files: list[str]) -> RenderableType:
    """The result for a terminal: counts, both tables, warnings, the signature."""
    from ..identification import counts, fnir_table, rank_table
    from ..report import terminal_table

    parts: list[RenderableType] = [Text(counts(result), style="bold"), Text(), terminal_table(rank_table(result))]
    if result.fnir:
        parts.append(terminal_table(fnir_table(result)))
    return Group(*parts, *warning_lines(result.warnings), dim(result.signature), *report_line(files))


def render_matches(result: Matches, files: list[str]) -> RenderableType:
    """How many probes got an answer."""
    counts = ", ".join(result.counts()) or "no threshold given: --threshold says from which score on it is a match"
    head = Text(f"{len(result):,} probes looked up; {counts}", style="bold")
    return Group(head, *warning_lines(result.warnings), dim(result.signature), *report_line(files))


def render_lists(result: ListIdentification, files: list[str]) -> RenderableType:
    """Every gallery's tables, and the means."""
    parts: list[RenderableType] = []
    for name, found in result.galleries.items():
        parts += [Text(name, style="bold"), render(found, []), Text()]
    if len(result.galleries) > 1:
        rates = [f"rank {row.at:g}: {100 * row.rate:.2f} %" for row in result.cmc]
        rates += [f"FNIR at FPIR {row.at:g}: {100 * row.rate:.2f} %" for row in result.fnir]
        parts.append(Text.assemble(("Mean over galleries  ", "bold"), "   ".join(rates)))
    return Group(*parts, *report_line(files))
