"""`facespace gallery info URL` and `facespace gallery copy A B`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...errors import PlainFileWarning, shorten
from ..application import add_group
from ..options import PRINTING, Printing
from ..printing import dim, emit, progress_bar, warning_lines
from ..written import check_copy

if TYPE_CHECKING:
    from ...gallery.stores import GalleryInfo, Templates

group = add_group("gallery")

URL = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="FOLDER, FILE.parquet, lancedb:FOLDER#table, postgresql://host/db#table, sqlite:FILE#table, faiss:INDEX, "
        "qdrant:…#collection, milvus:…#collection; columns behind a question mark: #faces?id=face_id&vector=embedding.",
    ),
]


@group.command("info")
def info_command(url: URL, printing: Printing = PRINTING) -> None:
    """Say what a gallery holds: count, width, network, other columns, and what lies beside it."""
    from ...gallery.stores import open_gallery

    found = open_gallery(url).info()
    emit(found, lambda: render(found), printing)


def render(info: GalleryInfo) -> RenderableType:
    """The gallery for a terminal."""
    table = Table(box=None, show_header=False, pad_edge=False)
    metric = f", compared by {info.metric}" if info.metric else ""
    table.add_row("vectors", f"{info.dim} × {info.type}{metric}")
    table.add_row("network", info.model or "not recorded")
    if info.mapped:
        table.add_row(
            "mapped", f"from {info.mapped.get('source')} by {info.mapped.get('method')}; what was made anew is its own"
        )
    if info.columns:
        table.add_row("other columns", ", ".join(info.columns))
    for index in info.indexes:
        table.add_row("index", index)
    for name, origin in info.places.items():
        table.add_row(
            f"beside: {name}", f"{origin.dim} numbers, {origin.model or 'network not recorded'}, plan {origin.plan}"
        )
    head = Text.assemble((f"{info.count:,} templates", "bold"), f"  {info.url}")
    return Group(head, Text(), table, *(dim(note) for note in info.notes))


@group.command("copy")
def copy_command(
    source: URL,
    target: Annotated[str, typer.Argument(metavar="URL", help="Where to: there must be no such gallery yet.")],
    printing: Printing = PRINTING,
) -> None:
    """Copy ids, vectors, people and networks into a gallery that is not there yet: Parquet into a store, or out of it."""
    from ...gallery.stores import open_gallery, without_password
    from ...io import keys_of, named_as

    one, two = open_gallery(source), open_gallery(target)
    check_copy(source, target)
    info = one.info()
    if keys_of(None) is not None and not getattr(two, "encrypts", False):
        notice = (
            f"{without_password(target)} is no store that facespace encrypts: the copy lies there as that store keeps it"
        )
        warnings.warn(notice, PlainFileWarning, stacklevel=2)
    with progress_bar("templates", printing.silent) as show:

        def batches() -> Iterator[Templates]:
            done = 0
            for batch in one.scan():
                yield batch
                done += len(batch)
                show(done, info.count)

        rows = two.write_all(batches(), info.model, info.mapped)
    people = any(named_as("subject", name) for name in two.info().columns)  # an index keeps none
    left = [name for name in info.columns if name != "model" and not (people and named_as("subject", name))]
    told = {"source": without_password(source), "target": without_password(target), "rows": rows, "left_out": left}
    notes = [f"columns that were not copied: {shorten(left, 20)}"] if left else []
    head = Text(f"{rows:,} templates → {without_password(target)}")
    emit(told, lambda: Group(head, *warning_lines(notes)), printing)
