"""`facespace verify`: accuracy, TAR@FAR, AUC and EER on a list of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ...embeddings import EmbeddingSet
from ...errors import InputError
from ...io import check_folder, write_json
from ...verification import VerificationResult, verify
from ..application import app
from ..options import Json, OutputFolder, Quiet, Seed, emit
from .templates import TemplateOptions, run_templates

if TYPE_CHECKING:
    from ...mapping import LinearMap

FAR_LIST = "1e-1,1e-2,1e-3,1e-4"
TEMPLATE_FAR_LIST = "1e-1,1e-2,1e-3,1e-4,1e-5,1e-6"


@app.command("verify")
def verify_command(
    a: Annotated[Path, typer.Argument(help="Set that the left image of every pair is taken from.", show_default=False)],
    b: Annotated[
        Path | None, typer.Argument(help="Set of the right images; A again if not given.", show_default=False)
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--pairs",
            help="LFW's pairs.txt, csv or tsv with id1,id2,same[,fold], insightface .bin, YTF or CPLFW list.",
            show_default=False,
        ),
    ] = None,
    blufr: Annotated[
        Path | None, typer.Option("--blufr", help="BLUFR's blufr_lfw_config.mat, instead of --pairs.", show_default=False)
    ] = None,
    ijb: Annotated[
        Path | None,
        typer.Option("--ijb", help="Folder of NAME_face_tid_mid.txt and NAME_template_pair_label.txt.", show_default=False),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="With --ijb: what its files begin with.")] = "ijbc",
    templates: Annotated[
        str | None,
        typer.Option(
            "--templates",
            help="csv of id,template[,media][,subject], IJB-A's metadata, or 'columns' (A's own); --pairs lists templates.",
            show_default=False,
        ),
    ] = None,
    map: Annotated[Path | None, typer.Option("--map", help="Map from A's space to B's.", show_default=False)] = None,
    map_faces: Annotated[
        bool, typer.Option("--map-faces", help="Map every face and pool then, not pooled templates.")
    ] = False,
    normalize_faces: Annotated[
        bool, typer.Option("--normalize-faces", help="Bring every face to unit length before pooling.")
    ] = False,
    in_list_order: Annotated[
        bool, typer.Option("--in-list-order", help="Rows of the sets are in the order of the list; ids are ignored.")
    ] = False,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="Show TAR at the nearest FAR too, as published scripts read it.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option("--shard", help="Score part I of N (I/N) of the templates into -o FOLDER.", show_default=False),
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="A is a FOLDER of such parts: join them.")] = False,
    far: Annotated[
        str | None,
        typer.Option(
            "--far",
            help="False accept rates of the table.",
            show_default="1e-1 … 1e-4, of templates to 1e-6",
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out pairs whose images have no embedding, and count them.")
    ] = False,
    cohort: Annotated[
        Path | None,
        typer.Option("--cohort", help="Set of other people by A's network; scores are corrected by it.", show_default=False),
    ] = None,
    cohort_b: Annotated[
        Path | None, typer.Option("--cohort-b", help="The same by B's network; needed with B.", show_default=False)
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Second system: its A. The difference of both is measured.", show_default=False),
    ] = None,
    against_b: Annotated[Path | None, typer.Option("--against-b", help="Second system: its B.", show_default=False)] = None,
    against_map: Annotated[
        Path | None, typer.Option("--against-map", help="Second system: its map.", show_default=False)
    ] = None,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """Measure how well embeddings tell people apart.

    With B and --map, A's embeddings are mapped into B's space before they are compared. With --against, two systems
    (each a set, or a set and another one, with or without a map) are compared on the same pairs.

    With --ijb or --templates, faces are pooled into templates: the mean of each medium, their sum, at unit length.
    """
    from ...datasets import read_pairs

    if output is not None:
        check_folder(output)
    options = TemplateOptions(ijb, name, templates, map_faces, normalize_faces, in_list_order, nearest, shard, merge)
    options.check(pairs)
    fars = parse_fars(far or (TEMPLATE_FAR_LIST if options.given else FAR_LIST))
    if sum((options.given or pairs is not None, blufr is not None)) != 1:
        raise InputError("verify needs one protocol", "Give one of --pairs, --ijb, --templates and --blufr.")
    if against is None and (against_b is not None or against_map is not None):
        raise InputError("--against-b and --against-map describe a second system", "Give its set A with --against.")
    if options.given:
        if against is not None or cohort is not None or cohort_b is not None:
            raise InputError("--against and --cohort go with pairs of images", "Leave them out for templates.")
        run_templates(
            a, b, map, pairs, options, fars=fars, allow_missing=allow_missing, output=output, as_json=as_json, quiet=quiet
        )
        return
    left, right, linear = load_system(a, b, map)
    if blufr is not None:
        from .blufr import run_blufr

        if against is not None:
            raise InputError("--against compares systems on --pairs, not on BLUFR", "Run --blufr for each system.")
        run_blufr(blufr, left, right, linear, output=output, as_json=as_json, quiet=quiet)
        return
    assert pairs is not None  # one of the two is given
    protocol = read_pairs(pairs)
    members = load_cohort(cohort, cohort_b, left, right)
    if against is not None:
        if members is not None:
            raise InputError("--cohort corrects the scores of one system", "Run verify for each of them.")
        from .against import run_against

        second = load_system(against, against_b, against_map)
        run_against(
            protocol,
            (left, right, linear),
            second,
            fars=fars,
            allow_missing=allow_missing,
            output=output,
            as_json=as_json,
            quiet=quiet,
            seed=seed,
        )
        return
    result = verify(
        left, right, protocol=protocol, map=linear, fars=fars, cohort=members, allow_missing=allow_missing, seed=seed
    )
    if output is not None:
        from ...verification import verification_report

        write_json(result, output / "results.json")
        names = left.model or a.stem, "" if right is None else right.model or str(b and b.stem)
        verification_report(result, f"Verification: {' → '.join(filter(None, names))}").write(output)
    emit(result, lambda: render(result), as_json=as_json, quiet=quiet)


def load_system(a: Path, b: Path | None, map: Path | None) -> tuple[EmbeddingSet, EmbeddingSet | None, LinearMap | None]:
    """The sets and the map between them; InputError where the map is of other networks."""
    left = EmbeddingSet.load(a)
    right = None if b is None else EmbeddingSet.load(b)
    if map is None:
        return left, right, None
    from ...mapping import LinearMap

    linear = LinearMap.load(map)
    linear.check_model(left, "source")
    if right is not None:
        linear.check_model(right, "target")
    return left, right, linear


def load_cohort(
    path: Path | None, path_b: Path | None, left: EmbeddingSet, right: EmbeddingSet | None
) -> tuple[EmbeddingSet, EmbeddingSet] | None:
    """The cohort's sets; InputError where one is missing or of another network than the side it is for."""
    if path is None and path_b is None:
        return None
    if path is None or (path_b is None) != (right is None):
        raise InputError(
            "a cohort is embedded by the network of each side",
            "Give --cohort for A, and --cohort-b if and only if B is given.",
        )
    own = EmbeddingSet.load(path)
    others = own if path_b is None else EmbeddingSet.load(path_b)
    for side, faces in ((left, own), (right or left, others)):
        if side.model and faces.model and side.model != faces.model:
            raise InputError(f"the cohort was embedded by {faces.model!r}, but the set it is for by {side.model!r}")
    return own, others


def parse_fars(text: str) -> list[float]:
    """The rates in `1e-2,1e-3`. Raises InputError naming the part that is none.

    >>> parse_fars("1e-2, 0.001")
    [0.01, 0.001]
    """
    rates = []
    for part in text.split(","):
        try:
            rate = float(part)
        except ValueError:
            rate = -1.0
        if not 0.0 <= rate <= 1.0:
            raise InputError(
                f"--far {text}: {part.strip()!r} is no false accept rate", "Write rates from 0 to 1, as 1e-2,1e-3."
            )
        rates.append(rate)
    return rates


def render(result: VerificationResult) -> RenderableType:
    """The result for a terminal: one line of key figures, the TAR@FAR table, warnings, and the signature."""
    figures = [f"AUC {result.auc:.5f}", f"EER {100 * result.eer:.2f} %"]
    if result.accuracy is not None:
        between = ""
        if result.accuracy_low is not None and result.accuracy_high is not None:
            between = f" [dim](95 %: {100 * result.accuracy_low:.2f} to {100 * result.accuracy_high:.2f})[/]"
        figures.insert(0, f"[bold]accuracy {result.accuracy}[/]{between}")
    table = Table(
        "FAR", "TAR %", "95 % interval", "threshold", "false accepts", box=None, pad_edge=False, header_style="bold"
    )
    for column in table.columns:
        column.justify = "right"
    for row in result.tar:
        interval = "" if row.low is None or row.high is None else f"{100 * row.low:.2f} to {100 * row.high:.2f}"
        mark = " !" if row.warning else "  "
        table.add_row(
            f"{row.far:g}", f"{100 * row.tar:.2f}", interval, f"{row.threshold:.4f}", f"{row.false_accepts:,}{mark}"
        )
    counts = f"{result.pairs:,} pairs: {result.genuine:,} genuine, {result.impostor:,} impostor"
    notes = [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in result.warnings]
    head = Text.from_markup("   ".join(figures))
    return Group(head, Text(counts), Text(), table, Text(), *notes, Text(result.signature, style="dim"))
