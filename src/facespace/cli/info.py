"""`facespace info`: what is in this set, map, statistics, hub or ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.markup import escape
from rich.text import Text

from ..errors import FileFormatError, shorten
from ..results import fields
from .application import app
from .files import mixture_notes, open_set, reading, split_columns
from .options import PRINTING, RUNNING, Printing, Running
from .printing import emit

if TYPE_CHECKING:
    from ..io import Artefact


@app.command()
def info(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Set (file or folder), map, statistics, hub or ONNX file.")],
    running: Running = RUNNING,
    printing: Printing = PRINTING,
) -> None:
    """Say what is in a file, or in a folder that holds a set."""
    from ..io import READABLE, artefact_kind, existing_file, read_tensors

    given, file = file, split_columns(file)[0]
    suffix = file.suffix.lower()
    if not file.is_dir():
        existing_file(file, "what info looks into")
    if suffix == ".safetensors" and artefact_kind(read_tensors(file)[1]):
        facts, text = _safetensors(file)
    elif suffix in READABLE or file.is_dir():
        facts, text = _set(given, running, printing)
    elif suffix == ".onnx":
        facts, text = _onnx(file)
    else:
        known = ", ".join([*READABLE, ".onnx"])
        raise FileFormatError(f"{file} is no file that facespace reads: unknown ending {suffix!r}", f"Known: {known}.")
    size = sum(path.stat().st_size for path in file.rglob("*") if path.is_file()) if file.is_dir() else file.stat().st_size
    facts = {"file": file, "bytes": size, **facts}
    emit(
        facts,
        lambda: Group(Text.from_markup(f"{escape(str(file))} [dim]({decimal(size)})[/]"), text),
        printing=printing,
    )


def _set(path: Path, running: Running, printing: Printing) -> tuple[dict[str, Any], RenderableType]:
    from ..overview import Overview

    faces = open_set(path, running)
    with reading(printing) as progress:
        found = Overview.of(faces, running.made, progress)
    lengths, known, notes = found.vector_length, found.people, mixture_notes(faces)
    lines = [
        f"[bold]{found.rows:,} embeddings[/] of {found.dim} numbers, made by [bold]{escape(found.model or 'unknown')}[/]",
        f"ids such as {escape(shorten(found.first_ids))}",
        f"mean of the unit vectors has length {found.mean_length:.3f}; "
        f"vectors have lengths {lengths['min']:.3g} to {lengths['max']:.3g}",
    ]
    told = {"subject": "the subject column", "folder": "the folders in the ids"}
    if known["by"] != "nobody":
        lines.append(f"{known['known']:,} people, by {told[known['by']]}")
        lines += [f"[yellow]![/] {known['images_of_unknown_people']:,} images are of unknown people"] * bool(
            known["images_of_unknown_people"]
        )
    copied, shared = found.copies["images"], found.copies["of_two_people"]
    if copied:
        least = "" if found.checked else "at least "
        lines.append(f"[yellow]![/] {least}{copied:,} images are copies of others: {_some(found.named[0], copied)}")
    if shared:
        lines.append(f"[yellow]![/] {shared:,} images have the vector of another person's: {_some(found.named[1], shared)}")
    lines += [f"[yellow]![/] {escape(note)}" for note in notes]
    lines += [f"column {name}: {column['distinct']:,} distinct values" for name, column in found.columns.items()]
    lines += [f"[dim]{escape(str(key))}: {escape(str(value))}[/]" for key, value in found.metadata.items()]
    return {**found.to_dict(), "warnings": notes}, Text.from_markup("\n".join(lines))


def _some(names: list[str], count: int) -> str:
    return escape(", ".join(names) + (f" and {count - len(names):,} more" if count > len(names) else ""))


def _safetensors(path: Path) -> tuple[dict[str, Any], RenderableType]:
    import numpy as np

    from ..io import read_artefact
    from ..mapping import CanonicalSpace, PairStatistics, load_map
    from .map import describe, map_text

    file = read_artefact(path)
    kind = file.kind
    if kind == "hub":
        from .canonical import describe as describe_hub
        from .canonical import hub_text

        hub = describe_hub(CanonicalSpace.load(path))
        return {"kind": "hub", **hub}, hub_text(hub)
    if kind in ("map", "two-sided-map"):
        facts = describe(load_map(path))
        return {"kind": kind, **facts}, map_text(facts)
    if kind != "statistics":
        return _trained(file)
    statistics = PairStatistics.load(path)
    sides = {"source": statistics.source, "target": statistics.target}
    found = {
        "kind": "statistics",
        "pairs": statistics.n,
        **fields(statistics, "source_model", "target_model"),
        **{f"{side}_dim": moments.dim for side, moments in sides.items()},
        **{f"{side}_rank": moments.rank(center=False) if statistics.n else 0 for side, moments in sides.items()},
        **{f"{side}_mean_length": float(np.linalg.norm(moments.mean)) for side, moments in sides.items()},
    }
    lines = [f"statistics of [bold]{statistics.n:,} pairs[/]"]
    lines += [
        f"{side}: {escape(str(found[f'{side}_model'] or 'unknown'))}, {found[f'{side}_dim']} numbers, "
        f"rank {found[f'{side}_rank']}, mean of length {found[f'{side}_mean_length']:.3f}"
        for side in sides
    ]
    return found, Text.from_markup("\n".join(lines))


def _trained(file: Artefact) -> tuple[dict[str, Any], RenderableType]:
    """An explain checkpoint or an image student: for which network, what is in it; loading it would need torch."""
    what = {"checkpoint": "an explain checkpoint", "student": "an image student"}.get(
        file.kind, f"a file of kind {file.kind}"
    )
    parts: dict[str, int] = {}
    for name, array in file.arrays.items():
        part = name.partition(".")[0]
        parts[part] = parts.get(part, 0) + array.size
    backbone = file.fact("backbone", str, "")
    facts = {"kind": file.kind, "backbone": backbone, "written_by": file.written_by, "parts": parts}
    lines = [f"[bold]{what}[/] for [bold]{escape(backbone or 'unknown')}[/]"]
    lines += [f"{part}: {size:,} numbers" for part, size in parts.items()]
    return facts, Text.from_markup("\n".join(lines))


def _onnx(path: Path) -> tuple[dict[str, Any], RenderableType]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its complaints become our error
    try:  # without fallback: its second try at the same prints to standard output
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        about = session.get_modelmeta().custom_metadata_map
        inputs = [{"name": node.name, "shape": node.shape} for node in session.get_inputs()]
        outputs = [{"name": node.name, "shape": node.shape} for node in session.get_outputs()]
    except Exception as error:  # onnxruntime's classes have no public common base; a name may be no UTF-8
        message = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise FileFormatError(f"{path} can't be read as ONNX: {message}", "Is it truncated?") from None
    ours = {key.removeprefix("facespace."): value for key, value in about.items() if key.startswith("facespace.")}
    facts = {"kind": "onnx", "inputs": inputs, "outputs": outputs, "map": ours or None}
    ends = [f"{node['name']} {node['shape']}" for node in (*inputs, *outputs)]
    head = "an ONNX network"
    if ours:
        names = f"{ours.get('source') or '?'} → {ours.get('target') or '?'}"
        head = f"a map as ONNX: [bold]{escape(names)}[/], {escape(ours.get('method', ''))}"
    return facts, Text.from_markup(f"{head}\n{escape(', '.join(ends))}")
