"""`facespace verify`: accuracy, TAR@FAR, AUC and EER on a list of pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError
from ..application import app
from ..files import excluded_ids, load_cohort, load_map, load_pairs, load_set, mixture_notes, open_set, read_ids
from ..options import MEMORY, PRINTING, WRITTEN, Exclude, Faces, OutputFolder, Printing, Seed, false_accept_rates
from ..printing import dim, finish, report_line, warning_lines
from ..written import check_apart
from .against import render_difference
from .figures import curve_line, tar_table
from .templates import TEMPLATE_OPTIONS, TemplateOptions, run_templates

if TYPE_CHECKING:
    from ...datasets import PairProtocol
    from ...embeddings import EmbeddingSet
    from ...mapping import LinearMap, TwoSidedMap
    from ...report import Report
    from ...verification import Cohort, System, VerificationResult

    Parts = tuple[EmbeddingSet, EmbeddingSet | None, LinearMap | TwoSidedMap | None]

FAR_LIST = "1e-1,1e-2,1e-3,1e-4"
TEMPLATE_FAR_LIST = "1e-1,1e-2,1e-3,1e-4,1e-5,1e-6"


@app.command("verify")
def verify_command(
    a: Annotated[Path, typer.Argument(help="Set that the left image of every pair is taken from.")],
    b: Annotated[Path | None, typer.Argument(help="Set of the right images; A again if not given.")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="LFW's pairs.txt, csv or tsv with id1,id2,same[,fold], insightface .bin, YTF, CPLFW or CFP list.",
            show_default="made of the people, by --seed",
        ),
    ] = None,
    impostors: Annotated[
        int | None,
        typer.Option(min=1, help="Without --pairs: impostor pairs to make.", show_default="as many as genuine ones"),
    ] = None,
    blufr: Annotated[Path | None, typer.Option(help="BLUFR's blufr_lfw_config.mat, instead of --pairs.")] = None,
    options: TemplateOptions = TEMPLATE_OPTIONS,
    far: Annotated[
        str | None, typer.Option(help="False accept rates of the table.", show_default="1e-1 … 1e-4, of templates to 1e-6")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out pairs whose images have no embedding, and count them.")
    ] = False,
    cohort: Annotated[
        Path | None, typer.Option(help="Set of other people by A's network; scores are corrected by it.")
    ] = None,
    cohort_b: Annotated[Path | None, typer.Option(help="The same by B's network; needed with B.")] = None,
    against: Annotated[Path | None, typer.Option(help="Second system: its A. The difference of both is measured.")] = None,
    against_b: Annotated[Path | None, typer.Option(help="Second system: its B.")] = None,
    against_map: Annotated[Path | None, typer.Option(help="Second system: its map.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse pairs of images or people that the map was fitted on.")
    ] = False,
    exclude: Exclude = None,
    images: Faces = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="Table to write, .csv or .parquet: id1, id2, same, fold, score of every pair."),
        WRITTEN,
    ] = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Measure how well embeddings tell people apart.

    With B and --map, A's embeddings are mapped into B's space (by a two-sided map both into a common one) before they are
    compared. With --against, two systems
    (each a set, or a set and another one, with or without a map) are compared on the same pairs.

    Without --pairs, pairs and ten folds are made of the people: those of the column subject, or of the images' folders.

    With --ijb or --templates, faces are pooled into templates: the mean of each medium, their sum, at unit length.
    """
    options.check(pairs)
    fars = false_accept_rates((TEMPLATE_FAR_LIST if options.given else FAR_LIST) if far is None else far)
    if blufr is not None and (options.given or pairs is not None):
        raise InputError("verify needs one protocol", "Give one of --pairs, --ijb, --templates and --blufr.")
    made = pairs is None and blufr is None and not options.given
    if impostors is not None and not made:
        raise InputError("--impostors is for pairs that are made of the people", "Leave it out, or --pairs and the like.")
    if against is None and (against_b is not None or against_map is not None):
        raise InputError("--against-b and --against-map describe a second system", "Give its set A with --against.")
    if strict and (blufr is not None or options.given or against is not None):
        raise InputError("--strict goes with pairs of images and one system", "Leave it out, or give --pairs alone.")
    if images is not None and (output is None or options.given or blufr is not None):
        raise InputError("--images is for the report of pairs of images", "Give -o FOLDER, and one of the lists of pairs.")
    if scores is not None:
        from ...io import check_table

        check_table(scores)
        check_apart(scores, a, b)
        if blufr is not None or options.given or against is not None:
            raise InputError("--scores goes with pairs of images and one system", "Leave it out, or give --pairs alone.")
    if options.given:
        if exclude is not None:
            raise InputError("--exclude goes with pairs of images", "Leave it out for templates.")
        if against is not None:
            raise InputError("--against goes with pairs of images", "Leave it out for templates.")
        run_templates(a, b, pairs, options, (cohort, cohort_b), fars, allow_missing, output, printing)
        return
    protocol = None if pairs is None else load_pairs(pairs, options.format, told=True)
    if made:
        protocol = make_pairs([a, b, against, against_b], impostors, seed)
    out = [] if exclude is None else excluded_ids(exclude, protocol) if protocol is not None else read_ids(exclude)
    if out and protocol is not None:
        protocol = protocol.without(out)
    left, right, linear = load_system(a, b, options.map, protocol)
    if blufr is not None:
        from .blufr import run_blufr

        if against is not None:
            raise InputError("--against compares systems on --pairs, not on BLUFR", "Run --blufr for each system.")
        if cohort is not None or cohort_b is not None:
            raise InputError("BLUFR's scores are taken as they are", "Leave out --cohort and --cohort-b.")
        run_blufr(blufr, left, right, linear, out, output, printing)
        return
    from ...verification import System, compare_report, compare_systems, verification_report, verify

    assert protocol is not None  # one of the two is given, or it was made
    members = load_cohort(cohort, cohort_b, left, right)
    if against is not None:
        if members is not None:
            raise InputError("--cohort corrects the scores of one system", "Run verify for each of them.")
        systems = System(left, right, linear), System(*load_system(against, against_b, against_map, protocol))
        found = compare_systems(*systems, protocol=protocol, fars=fars, allow_missing=allow_missing, seed=seed)
        pictured = partial(with_errors, compare_report, list(systems), protocol, images)
        finish(found, pictured, render_difference, output, printing)
        return
    result = verify(
        left,
        right,
        protocol=protocol,
        map=linear,
        fars=fars,
        cohort=members,
        allow_missing=allow_missing,
        strict=strict,
        seed=seed,
    )
    notes = mixture_notes(left, "A" if right is not None else "the set")
    notes += [] if right is None else mixture_notes(right, "B")
    result = replace(result, warnings=(*result.warnings, *notes))
    names = left.model or a.stem, "" if right is None else right.model or str(b and b.stem)
    plain = partial(verification_report, title=f"Verification: {' → '.join(filter(None, names))}")

    def report(found: VerificationResult) -> Report:
        return with_errors(plain, [System(left, right, linear)], protocol, images, found, members)

    tables = [] if scores is None or result.scored is None else [result.scored.save(scores)]
    finish(result, report, render, output, printing, tables)


def make_pairs(sets: list[Path | None], impostors: int | None, seed: int) -> PairProtocol:
    """Pairs of the images that all these sets have, of which ids and people alone are read where they lie in Parquet."""
    from ...datasets import person_pairs

    faces = [open_set(path, MEMORY) for path in sets if path is not None]
    try:
        return person_pairs(*faces, impostor=impostors, seed=seed)
    except InputError as error:
        error.hint += " Or name what is to be verified: --pairs, --ijb, --templates or --blufr."
        raise


def with_errors(
    report: Callable[[Any], Report],
    systems: list[System],
    protocol: PairProtocol,
    images: Path | None,
    result: Any,
    cohort: Cohort | None = None,
) -> Report:
    """The report, with the faces of the worst errors where `images` are given."""
    from ...verification import add_error_pictures

    made = report(result)
    if images is not None:
        add_error_pictures(made, systems, protocol, images, cohort=cohort)
    return made


def load_system(a: Path, b: Path | None, map: Path | None, protocol: PairProtocol | None) -> Parts:
    """The sets, of large ones what the protocol names, and the map; InputError where the map is of other networks."""
    ids = None if protocol is None else protocol.ids
    left = load_set(a, ids)
    right = None if b is None else load_set(b, ids)
    return left, right, None if map is None else load_map(map, left, right)


def render(result: VerificationResult, files: list[str]) -> RenderableType:
    """The result for a terminal: one line of key figures, the TAR@FAR table, warnings, and the signature."""
    lines = [curve_line(result.auc, result.eer, result.curve)]
    if result.accuracy is not None:
        between = ""
        if result.accuracy_low is not None and result.accuracy_high is not None:
            between = f" [dim](95 %: {100 * result.accuracy_low:.2f} to {100 * result.accuracy_high:.2f})[/]"
        lines.insert(0, Text.from_markup(f"[bold]accuracy {result.accuracy}[/]{between}"))
    notes = warning_lines(result.warnings)
    return Group(
        *lines,
        Text(result.counts),
        Text(),
        tar_table(result.tar),
        Text(),
        *notes,
        dim(result.signature),
        *report_line(files),
    )
