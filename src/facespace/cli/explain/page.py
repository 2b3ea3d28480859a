"""The examiner's pages: of one pair, of a list of pairs, of one image against a folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError
from ..options import Cropping, Printing
from ..printing import console, dim, emit, progress_bar, warning_lines
from .many import against_folder, many_pairs, read_pairs_table

if TYPE_CHECKING:
    from ...explain import Examination, PairExplanation
    from ...images import ImageFile
    from ...models import LocatedFace, ModelCard, Network

SECONDS = 25.0  # of passes, for one pair; slower networks get fewer repeats


@dataclass(frozen=True)
class Many:
    """Several pairs in one run."""

    pairs: Annotated[Path | None, typer.Option(help="Table of pairs instead of A and B: two columns of files, .csv.")] = None
    images: Annotated[Path | None, typer.Option(help="Folder that the files of --pairs are in.")] = None
    against: Annotated[Path | None, typer.Option(help="Folder of images to compare A with, instead of B.")] = None
    top: Annotated[int, typer.Option(min=1, help="Of --against: how many of the best are explained.")] = 10
    repeats: Annotated[
        int | None, typer.Option(min=1, max=8, help="Of occlusion on pages; 4, or what half a minute allows.")
    ] = None


ONE = Many()


def write_pages(
    first: ImageFile | None,
    second: ImageFile | None,
    networks: list[Network],
    many: Many,
    threshold: float | None,
    mapping: Any,
    passes: int | None,
    cropping: Cropping,
    output: Path,
    printing: Printing,
    notes: list[str],
) -> None:
    """By occlusion: the page of a pair, or those of many."""
    from ...explain import Examiner

    if mapping is not None and (many.pairs or many.against):
        raise InputError("many pairs are explained by one network", "Leave --map out, or give one pair.")
    grid = passes or 49
    pairs = [] if many.pairs is None else read_pairs_table(many.pairs, many.images)
    count = len(pairs) or (many.top if many.against is not None else 1)
    repeats = _choose_repeats(networks, grid, count, many.repeats, printing)
    other = networks[1] if mapping is not None else None
    examiner = Examiner(networks[0], mapping=mapping, other_network=other, threshold=threshold, repeats=repeats, passes=grid)
    if many.pairs is not None:
        if first is not None or many.against is not None:
            raise InputError("--pairs names all images", "Leave A, B and --against out.")
        many_pairs(examiner, pairs, cropping, output, printing, notes)
    elif many.against is not None:
        if first is None or second is not None:
            raise InputError("--against compares A with the images of a folder", "Give A, and no B.")
        against_folder(examiner, first, many.against, many.top, cropping, output, printing, notes)
    elif first is not None and second is not None:
        a, b = located([first, second], [network.card for network in examiner.networks], cropping)
        with progress_bar("passes", printing.silent) as step:
            found = examiner.examine("A", a, "B", b, progress=step)
        write_page(found, (first.path.name, second.path.name), output, printing, notes)


def write_adopted(
    results: list[PairExplanation],
    files: list[ImageFile],
    cards: list[ModelCard],
    cropping: Cropping,
    output: Path,
    printing: Printing,
    notes: list[str],
) -> None:
    """The page of a pair that another method explained; a ratio only where the score is the deployed network's."""
    from ...explain import adopt, card_table

    first = results[0]
    faces = located(files, cards, cropping)
    table = card_table(cards[0]) if first.passes and not first.other_network else None
    found = adopt(results, faces, cards, table)
    write_page(found, (files[0].path.name, files[1].path.name), output, printing, notes)


def write_page(found: Examination, names: tuple[str, str], output: Path, printing: Printing, notes: list[str]) -> None:
    """Write report.html and results.json of a pair, and say what it says."""
    from ...explain import examination_report
    from ...io import write_json

    document: dict[str, Any] = found.to_dict()
    document["files"] = files = [*map(str, examination_report(found, names).write(output)), str(output / "results.json")]
    write_json(document, output / "results.json")
    emit(document, lambda: _text(found, files[0], notes), printing)


def _choose_repeats(networks: list[Any], passes: int, pairs: int, asked: int | None, printing: Printing) -> int:
    """How many repeats fit into `SECONDS` a pair, by the time of one batch; what takes long is said first."""
    import numpy as np

    spent = 0.0
    for network in networks:
        crops = np.full((4, *network.card.shape, 3), 128, np.uint8)
        network(crops)  # what is set up once
        start = time.perf_counter()
        network(crops)
        spent += (time.perf_counter() - start) / 4
    second = spent / len(networks)
    repeats = asked or next((n for n in (4, 2) if 2 * (n * passes + 8) * second <= SECONDS), 1)
    seconds = 2 * pairs * (repeats * passes + 8) * second
    if seconds > 15 and not printing.silent:
        least = (
            "" if repeats == 4 or asked else f"; {repeats} of the 4 repeats, because this network is slow here (--repeats)"
        )
        console.print(dim(f"About {seconds:.0f} seconds: {second * 1000:.0f} ms a pass{least}."))
    return repeats


def located(files: list[ImageFile], cards: list[ModelCard], cropping: Cropping) -> list[LocatedFace]:
    """The face of each image. Raises InputError for one without."""
    from ...models import Skipped, located_faces

    faces = []
    for face in located_faces(files, cards, **vars(cropping)):
        if isinstance(face, Skipped):
            raise InputError(
                f"{face.file} gave no face: {face.reason} ({face.detail})",
                "Face crops need --aligned; other images landmarks or a detector.",
            )
        faces.append(face)
    return faces


def _text(found: Examination, page: str, notes: list[str]) -> RenderableType:
    lines: list[RenderableType] = [*map(dim, notes), Text(found.headline, style="bold")]
    if found.explanation.threshold_source is not None:
        lines.append(Text(found.explanation.threshold_source.words))
    seen = [
        f"image {letter} {sign.told}: {sign.text}"
        for letter, of in zip("AB", found.signs, strict=False)
        for sign in of
        if sign.seen
    ]
    lines += warning_lines(seen)
    for letter in "AB":
        rows = sorted((r for r in found.regions if r.face == letter), key=lambda r: -r.similar)[:3]
        if rows:
            lines.append(
                dim(f"{letter}: most of what is similar: " + ", ".join(f"{r.region} {r.similar:.0%}" for r in rows))
            )
    lines.append(Text.assemble("Page: ", (page, "bold")))
    return Group(*lines)
