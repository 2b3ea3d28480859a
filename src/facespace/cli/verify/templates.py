"""`facespace verify` with templates: `--ijb`, `--templates`, and the parts of long lists, `--shard` and `--merge`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError
from ..files import load_cohort, load_map, load_pairs, open_large, open_set
from ..options import MEMORY, Format, Printing
from ..printing import dim, emit, finish, report_line, warning_lines
from .figures import curve_line, tar_table

if TYPE_CHECKING:
    from ...datasets import TemplateProtocol
    from ...row_index import AnySet
    from ...templates import TemplateShard, TemplateVerificationResult

COLUMNS = "columns"


@dataclass(frozen=True)
class TemplateOptions:
    """What the command line says about templates, and the map, which goes with pairs of images too."""

    ijb: Annotated[Path | None, typer.Option(help="Folder of NAME_face_tid_mid.txt and NAME_template_pair_label.txt.")] = (
        None
    )
    name: Annotated[str, typer.Option(help="With --ijb: what its files begin with.")] = "ijbc"
    templates: Annotated[
        str | None,
        typer.Option(
            help="csv of id,template[,media][,subject], IJB-A's metadata, or 'columns' (A's own); --pairs lists templates."
        ),
    ] = None
    format: Format = None
    map: Annotated[Path | None, typer.Option(help="Map from A's space to B's, or joint.")] = None
    map_faces: Annotated[bool, typer.Option("--map-faces", help="Map every face and pool then, not pooled templates.")] = (
        False
    )
    normalize_faces: Annotated[
        bool, typer.Option("--normalize-faces", help="Bring every face to unit length before pooling.")
    ] = False
    in_list_order: Annotated[
        bool, typer.Option("--in-list-order", help="Rows of the sets are in the order of the list; ids are ignored.")
    ] = False
    nearest: Annotated[
        bool, typer.Option("--nearest", help="Show TAR at the nearest FAR too, as published scripts read it.")
    ] = False
    shard: Annotated[str | None, typer.Option(help="Score part I of N (I/N) of the templates into -o FOLDER.")] = None
    merge: Annotated[bool, typer.Option("--merge", help="A is a FOLDER of such parts: join them.")] = False

    @property
    def given(self) -> bool:
        """Whether templates are to be verified at all."""
        return self.ijb is not None or self.templates is not None or self.merge

    def check(self, pairs: Path | None) -> None:
        """Raise InputError for options that don't go together."""
        if not self.given:
            names = ("map_faces", "normalize_faces", "in_list_order", "nearest", "shard")
            stray = [f"--{name.replace('_', '-')}" for name in names if getattr(self, name)]
            if stray:
                raise InputError(f"{stray[0]} is for templates", "Name the templates with --ijb or --templates.")
        if sum((self.ijb is not None, self.templates is not None, self.merge)) > 1:
            raise InputError("--ijb, --templates and --merge exclude each other", "Give one of them.")
        if (self.ijb is not None or self.merge) and pairs is not None:
            raise InputError(
                "--pairs goes with --templates",
                "--ijb FOLDER holds its own pairs (*_template_pair_label.txt), and merged shards are scored already.",
            )
        if self.templates is not None and pairs is None:
            raise InputError("--templates needs the list of pairs", "Give it with --pairs.")
        if self.merge and self.shard:
            raise InputError("--shard makes one part, --merge joins all of them", "Give one of them.")


TEMPLATE_OPTIONS = TemplateOptions()


def run_templates(
    a: Path,
    b: Path | None,
    pairs: Path | None,
    options: TemplateOptions,
    cohort: tuple[Path | None, Path | None],
    fars: list[float],
    allow_missing: bool,
    output: Path | None,
    printing: Printing,
) -> None:
    """The command, after its options are parsed."""
    from ...templates import load_shards, merge_shards, score_shard, template_report

    if options.merge:
        if b is not None or options.map is not None or cohort != (None, None):
            raise InputError("--merge needs the folder of the shards alone", "facespace verify SHARDS --merge -o DIR")
        shards = load_shards(a)
        names = [str(shards[0].facts[key]) for key in ("model", "target") if shards[0].facts[key]]
    else:
        part = parse_shard(options.shard)
        if options.shard and output is None:
            raise InputError("--shard needs a folder for its part", "Give -o FOLDER, the same one for all parts.")
        protocol = read_protocol(a, pairs, options)
        left = load_faces(a, options.in_list_order)
        right = None if b is None else load_faces(b, options.in_list_order)
        linear = None if options.map is None else load_map(options.map, left, right)
        shard = score_shard(
            left,
            right,
            protocol=protocol,
            map=linear,
            map_faces=options.map_faces,
            shard=part or (1, 1),
            fars=fars,
            normalize_faces=options.normalize_faces,
            in_list_order=options.in_list_order,
            cohort=load_cohort(*cohort, left, right),
            allow_missing=allow_missing,
        )
        if part is not None and output is not None:
            path = shard.save(output / shard.file_name)
            emit(shard_facts(shard, path), lambda: render_shard(shard, path), printing)
            return
        shards = [shard]
        names = [left.model or a.stem, *([] if right is None else [right.model or str(b and b.stem)])]
    result = merge_shards(shards, fars=fars, nearest=options.nearest)
    title = f"Verification of templates: {' → '.join(names)}"
    finish(result, lambda made: template_report(made, title), render_templates, output, printing)


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """(i, n) of `i/n`.

    >>> parse_shard("2/16")
    (2, 16)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text, re.ASCII)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count:
        raise InputError(f"--shard {text} is not of the form 2/16", "The first number is from 1 to the second.")
    return index, count


def read_protocol(a: Path, pairs: Path | None, options: TemplateOptions) -> TemplateProtocol:
    """The lists that the options name."""
    from ...datasets import TemplateProtocol, read_ijb, read_ijba, read_template_csv, read_ytf_templates
    from ...embeddings import EmbeddingSet, StoredSet

    if options.ijb is not None:
        return read_ijb(options.ijb, options.name)
    assert pairs is not None  # TemplateOptions.check
    if options.templates == COLUMNS:
        faces, known = open_large(a), load_pairs(pairs, options.format)
        if isinstance(faces, StoredSet) and not faces.has("template"):
            faces = faces.load()
        if isinstance(faces, EmbeddingSet) and faces.template is None and known.name.startswith("ytf"):
            return read_ytf_templates(pairs, faces)
        return TemplateProtocol.from_set(known, faces)
    lists = Path(str(options.templates))
    if lists.is_file():
        with lists.open("rb") as file:
            if b"template_id" in file.readline().lower():
                return read_ijba(lists, pairs)
    return read_template_csv(lists, pairs)


def load_faces(path: Path, in_list_order: bool) -> AnySet:
    """The set, in Parquet read a part at a time; with `in_list_order` an .npy may be alone, without its ids beside it."""
    bare = path.suffix.lower() == ".npy" and not any(path.with_suffix(s).exists() for s in (".ids.csv", ".ids.txt"))
    if not (in_list_order and bare and path.is_file()):
        return open_set(path, MEMORY)
    import numpy as np

    from ...embeddings import EmbeddingSet
    from ...io import guarded

    vectors = guarded(path, "npy", lambda: np.load(path, mmap_mode="r", allow_pickle=False))
    try:
        return EmbeddingSet(vectors, np.arange(len(vectors) if vectors.ndim else 0).astype(np.str_))
    except InputError as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from None


def shard_facts(shard: TemplateShard, path: Path) -> dict[str, object]:
    """The JSON document of one part."""
    return {
        "shard": [shard.index, shard.count],
        "file": str(path),
        "genuine": shard.histogram.n_genuine,
        "impostor": shard.histogram.n_impostor,
        "facts": dict(shard.facts),
        "warnings": list(shard.warnings),
    }


def render_shard(shard: TemplateShard, path: Path) -> RenderableType:
    """One part for a terminal: its counts, where it is, and what to do with it."""
    counts = f"{shard.histogram.n_genuine:,} genuine and {shard.histogram.n_impostor:,} impostor scores"
    return Group(
        Text(f"part {shard.index} of {shard.count}: {counts} in {path}"),
        *warning_lines(shard.warnings),
        dim(f"When all parts are there: facespace verify {path.parent} --merge -o DIR"),
    )


def render_templates(result: TemplateVerificationResult, files: list[str]) -> RenderableType:
    """The result for a terminal: key figures, the TAR@FAR table, warnings, and the signature."""
    people = "" if result.people is None else f" of {result.people:,} people"
    return Group(
        curve_line(result.auc, result.eer, result.curve),
        Text(
            f"{result.pairs:,} pairs of {result.templates:,} templates{people}: "
            f"{result.genuine:,} genuine, {result.impostor:,} impostor"
        ),
        Text(),
        tar_table(result.tar, result.nearest),
        Text(),
        *warning_lines(result.warnings),
        dim(result.signature),
        *report_line(files),
    )
