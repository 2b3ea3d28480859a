"""`facespace key`: keys of encrypted sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import shorten
from .application import add_group
from .options import PRINTING, Printing
from .printing import dim, emit, progress_bar

if TYPE_CHECKING:
    from ..io import Rotation

group = add_group("key")

Sets = Annotated[list[Path], typer.Argument(metavar="SET…", help="Sets in .parquet, folders of these, galleries, maps.")]


@group.command("new", keys=False)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Key file to make; or a folder, where the key is named.")],
    id: Annotated[str | None, typer.Option("--id", help="Name of the key, which stands in files; that of the file.")] = None,
    bits: Annotated[int, typer.Option("--bits", help="128, 192 or 256.")] = 256,
    printing: Printing = PRINTING,
) -> None:
    """Make a key of AES, in a file that nobody else may read. Whoever loses it loses what is encrypted under it."""
    from ..io import new_key_file

    made = new_key_file(file, id, bits)
    facts = {"file": made.origin, "id": made.id, "bits": bits}
    line = f"{made.origin}: the key {made.id!r} of {bits} bits. Keep a copy elsewhere: without it its sets can't be read."
    emit(facts, lambda: Text(line), printing)


@group.command("show", keys=False)
def show(sets: Sets, printing: Printing = PRINTING) -> None:
    """Say which files are encrypted, and under which key; no key is needed."""
    from ..io import show_keys

    found = show_keys(sets)
    emit(found, lambda: _shown(found), printing)


def _shown(found: dict[str, Any]) -> RenderableType:
    lines: list[RenderableType] = []
    for key, count in sorted(found["keys"].items()):
        files = [row for row in found["files"] if row.get("key") == key]
        several = f", {count:,} files" if count > 1 else ""
        lines.append(
            Text.assemble(("encrypted", "bold"), f" under {key!r}{several}: {shorten([f['file'] for f in files], 3)}")
        )
    if plain := [row["file"] for row in found["files"] if not row["encrypted"]]:
        lines.append(Text.assemble(("plain", "bold"), f", {len(plain):,} files: {shorten(plain, 3)}"))
    return Group(*lines, dim("As the files say; it is checked with their key when they are read."))


@group.command("rotate")
def rotate(
    sets: Sets,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Key file of the new key.")],
    printing: Printing = PRINTING,
) -> None:
    """Bring sets under another key, or encrypt plain ones. --key-file has the keys they are under.

    File by file: each is written anew beside itself, read back, compared and renamed, so that whenever a run is stopped
    every file can be read with the old or the new key. The same command goes on.
    """
    from ..io import rotate_keys

    with progress_bar("files", printing.silent) as progress:
        found = rotate_keys(sets, to, progress=progress)
    emit(found, lambda: _told(found, f"under {found.key!r}"), printing)


@group.command("adopt")
def adopt_command(sets: Sets, printing: Printing = PRINTING) -> None:
    """Bind encrypted files that you renamed, or put into one folder, to the names they have now."""
    from ..io import adopt

    found = adopt(sets)
    emit(found, lambda: _told(found, "bound to their names"), printing)


def _told(found: Rotation, what: str) -> RenderableType:
    line = f"{len(found.done):,} files written anew, {what}"
    if found.encrypted:
        line += f"; {len(found.encrypted):,} of them were plain"
    if found.before:
        line += f"; {len(found.before):,} were so before"
    return Text(line)
