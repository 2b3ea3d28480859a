"""Images in the cells of Parquet files, as data sets of Hugging Face hold them: read one after the other."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import FileFormatError, InputError, shorten
from ...io import choose_columns, named_as
from ..find import SUFFIXES
from .source import Picture, Source, stamp, unique

_ROWS = 64  # read at a time: some MB of pictures


class Row(NamedTuple):
    """An image in a table, with its bytes, or what is wrong with them."""

    id: str
    path: Path
    data: bytes = b""
    fault: str = ""

    def read_bytes(self) -> bytes:
        """See Picture."""
        if self.fault:
            raise FileFormatError(self.fault)
        return self.data


@dataclass(frozen=True)
class TableSource(Source):
    """Images in the column `image` of tables; `groups` are (file, row group, first row, row after the last)."""

    image: str = ""
    groups: Sequence[tuple[Path, int, int, int]] = ()

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """See Source. Where a file is damaged, what the row group still has is lost, and the next one read."""
        for path, group, first, after in self.groups:
            if first >= stop or after <= start:
                continue
            at, fault = first, "the row group holds fewer rows than it promises"
            try:
                for cells in _cells(path, group, self.image):
                    for row, data in enumerate(cells, at):
                        if start <= row < min(stop, after):
                            picture = Row(self.ids[row], path / self.names[row])
                            yield picture._replace(data=data) if data else picture._replace(fault=f"no bytes in {path}")
                    at += len(cells)
                    if at >= stop:
                        break
            except Exception as error:  # whatever Arrow stumbles over
                fault = (str(error).splitlines() or [type(error).__name__])[0]
            for row in range(max(at, start), min(stop, after)):
                yield Row(self.ids[row], path / self.names[row], fault=f"{path} is damaged: {fault}")


def open_tables(place: str, paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> TableSource:
    """The images of Parquet files of one schema: a binary column, or a struct of bytes and path, beside one of ids.

    `columns` names the columns by role (image, id, subject); else they are known by their type or name. Without a column
    of ids these are the struct's paths without suffix. Raises FileFormatError, InputError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids: list[str] = []
    names: list[str] = []
    subjects: list[str] = []
    groups: list[tuple[Path, int, int, int]] = []
    chosen: dict[str, str] = {}
    for path in paths:
        try:
            with pq.ParquetFile(path, pre_buffer=False) as file:
                chosen = chosen or _columns(str(path), file.schema_arrow, columns)
                start = len(ids)
                wanted = [name for role, name in chosen.items() if role != "image"]
                for batch in file.iter_batches(1 << 14, columns=wanted, use_threads=False):
                    table = pa.Table.from_batches([batch]).flatten()
                    texts = {role: _texts(table, name) for role, name in chosen.items() if role != "image"}
                    names += texts["id"]
                    ids += [_bare(name) for name in texts["id"]]
                    subjects += texts.get("subject", [])
                for group in range(file.num_row_groups):
                    rows = file.metadata.row_group(group).num_rows
                    groups.append((path, group, start, start + rows))
                    start += rows
        except (pa.ArrowException, OSError, KeyError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise FileFormatError(
                f"{path} can't be read as Parquet: {reason}", "Is it damaged, or of other columns?"
            ) from None
    if not ids:
        raise InputError(f"no images in {place}: its tables have no rows")
    if "" in ids:
        raise InputError(f"{place}: row {ids.index(''):,} has no id", "Name another column of ids.")
    unique(place, ids, names)
    told = subjects if "subject" in chosen else None
    files = [stamp(path) for path in paths]
    return TableSource(place, ids, names, told, files=files, image=chosen["image"], groups=groups)


def _columns(what: str, schema: Any, wanted: Mapping[str, str] | None) -> dict[str, str]:
    import pyarrow as pa

    def holds(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    given = dict(wanted or {})
    fit = [name for name, kind in zip(schema.names, schema.types, strict=True) if holds(kind)]
    image = given.pop("image", None) or (fit[0] if len(fit) == 1 else "")
    if image not in fit:
        told = f"no column {image!r} of them" if image else "no column of them" if not fit else f"several: {shorten(fit)}"
        raise FileFormatError(
            f"{what}: images are binary, or a struct of bytes and path; there is {told}; its columns are "
            f"{shorten(schema.names, 20)}",
            "Say which: --columns image=NAME,id=NAME,subject=NAME.",
        )
    kind = schema.field(image).type
    inner = f"{image}.path" if pa.types.is_struct(kind) and kind.get_field_index("path") >= 0 else ""
    plain = [name for name in schema.names if name == image or not pa.types.is_nested(schema.field(name).type)]
    given["vector"] = image  # what it is here: not to be taken for an id
    if inner and "id" not in given:  # a path beside the bytes says more than a column that may be the person's
        sure = [name for name in plain if not named_as("subject", name)]
        try:
            given["id"] = choose_columns(what, sure, [image], given)["id"]
        except FileFormatError:
            given["id"] = inner
    found = choose_columns(what, [*plain, inner] if inner else plain, [image], given)
    return {"image": image, "id": found["id"], **({"subject": found["subject"]} if "subject" in found else {})}


def _texts(table: Any, name: str) -> list[str]:
    import pyarrow as pa

    values = table[name].cast(pa.string()).to_pylist()
    return ["" if value is None else unicodedata.normalize("NFC", value) for value in values]


def _bare(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in SUFFIXES else name


def _cells(path: Path, group: int, image: str) -> Iterator[list[bytes | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True) as file:
        nested = pa.types.is_struct(file.schema_arrow.field(image).type)
        column = f"{image}.bytes" if nested else image
        for batch in file.iter_batches(_ROWS, row_groups=[group], columns=[column], use_threads=False):
            cells = batch.column(0)
            yield (cells.field("bytes") if nested else cells).to_pylist()
