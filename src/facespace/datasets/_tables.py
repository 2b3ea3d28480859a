"""Long tables of numbers and names without or with a header, as the IJB lists are: read by Arrow in a second or so.

Arrow says that a file is wrong, but not always where. So what it refuses is read again line by line: that finds the first
wrong line, or, where only spaces are unusual, reads the file after all.
"""

from __future__ import annotations

import csv as csv_module
import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from ..io import delimiter_of, existing_file, too_long
from ._lines import wrong_line

_DELIMITERS = "\t,; "
_LARGEST = 2**63
_LONGEST = 1 << 20  # characters of a line


def read_table(path: Path, what: str, kinds: Sequence[type], layout: str) -> list[NDArray[Any]]:
    """The columns of a file without header, as `kinds` (int, float, str) says.

    Whole numbers are int32 where all in the file fit, else int64. Columns are parted by one kind of delimiter (space, tab,
    comma, semicolon), lines end as they like; the file may be gzip, whatever its name. `what` names the file and `layout`
    one of its lines in errors.

    Raises FileFormatError naming file and line.
    """
    import pyarrow as pa

    existing_file(path, what)
    first = _first_line(path, layout)
    delimiter = next((d for d in _DELIMITERS if d in first.strip()), " ")
    for integer in (pa.int32(), pa.int64()):
        types = {int: integer, float: pa.float64(), str: pa.string()}
        try:
            columns = _by_arrow(path, delimiter, [types[kind] for kind in kinds])
        except (pa.ArrowInvalid, OSError):  # Arrow reports a broken gzip as either
            continue
        arrays: list[NDArray[Any]] = []
        while columns:
            arrays.append(_array(columns.pop(0), kinds[len(arrays)], path))
        pa.default_memory_pool().release_unused()
        return arrays
    return _line_by_line(path, kinds, layout)


def _by_arrow(path: Path, delimiter: str, types: list[Any]) -> list[Any]:
    names = [str(i) for i in range(len(types))]
    read = {"column_names": names, "block_size": 1 << 20}
    convert = {"column_types": dict(zip(names, types, strict=True)), "null_values": []}
    table = _arrow_table(path, read, {"delimiter": delimiter, "quote_char": False}, convert)
    return [table[name] for name in names]


def _arrow_table(path: Path, read: dict[str, Any], parse: dict[str, Any], convert: dict[str, Any]) -> Any:
    """The csv, perhaps gzip, by Arrow's reader with these options; no string is taken for a null."""
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ReadOptions(**read), csv.ParseOptions(**parse), csv.ConvertOptions(strings_can_be_null=False, **convert)
    with pa.OSFile(str(path)) as raw, _unpacked(raw, path) as stream:
        return csv.read_csv(stream, *options)


def read_named_columns(path: Path, what: str, needed: Sequence[str], known: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns of a csv (or tsv, or with semicolons) with a header, as strings; names in small letters, in any order.

    Those of `needed` must be there, those of `known` are read too where they are. Raises FileFormatError naming file and
    line.
    """
    import pyarrow as pa

    existing_file(path, what)
    number, first = next(filled_lines(path), (0, ""))
    if not number:
        raise FileFormatError(f"{path} is empty", f"Its first line names its columns: {','.join(needed)}.")
    delimiter = delimiter_of(first)
    names = [name.strip().strip('"').lower() for name in first.split(delimiter)]
    if missing := [name for name in needed if name not in names]:
        raise wrong_line(path, (number, first), f"the header of {what}: no column {', '.join(missing)}")
    wanted = [name for name in (*needed, *known) if name in names]
    places = [str(i) for i in range(len(names))]
    read = {"column_names": places, "skip_rows": number, "block_size": 1 << 24}
    columns = [str(names.index(name)) for name in wanted]
    convert = {"column_types": dict.fromkeys(places, pa.string()), "include_columns": columns}
    try:
        table = _arrow_table(path, read, {"delimiter": delimiter}, convert)
    except (pa.ArrowInvalid, OSError):
        line = (0, "")
        for line in filled_lines(path):
            if (count := len(next(csv_module.reader([line[1]], delimiter=delimiter)))) != len(names):
                raise wrong_line(path, line, f"{len(names)} columns, as the header has; it has {count}") from None
        if line[0] != number:
            raise FileFormatError(f"{path} can't be read as csv", "Are its quotation marks closed?") from None
        table = ()
    if not len(table):
        raise FileFormatError(f"{path} has a header and no rows: {first!r}", "Is it truncated?")
    return {name: np.char.strip(_array(table[str(names.index(name))], str, path)) for name in wanted}


def line_of_row(path: Path, row: int) -> tuple[int, str]:
    """Number from 1, and text, of the line that holds row `row` (from 0): blank lines hold none.

    The last line where lines are fewer, because a row ends within one (a carriage return in quotation marks).
    """
    lines = list(itertools.islice(filled_lines(path), row + 1))
    return lines[-1] if lines else (0, "")


def filled_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of every line that is not blank; FileFormatError where gzip or UTF-8 is broken."""
    number = 0
    try:
        opened: Callable[..., Any] = gzip.open if is_gzip(path) else open
        with opened(path, "rt", encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST), ""), 1):
                if len(line) == _LONGEST:
                    raise wrong_line(path, (number, line), f"a line of a list: it has more than {_LONGEST:,} characters")
                if line.strip():
                    yield number, line.rstrip("\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(
            f"{path}: the gzip file breaks off or is damaged after line {number:,} ({error})", "Copy or unpack it again."
        ) from None
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not text: {error}", "Is it another kind of file?") from None


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does, whatever its name says."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _unpacked(raw: Any, path: Path) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(raw, "gzip") if is_gzip(path) else raw


def _first_line(path: Path, layout: str) -> str:
    for _, line in filled_lines(path):
        return line
    raise FileFormatError(f"{path} is empty", f"Its lines are {layout}.")


def _array(column: Any, kind: type, path: Path) -> NDArray[Any]:
    if kind is str:
        texts = column.to_pylist()
        if wrong := too_long(texts):
            raise FileFormatError(f"{path} has {wrong}", "Are its columns the right ones, and its quotation marks closed?")
        return np.array(texts, dtype=np.str_)
    values: NDArray[Any] = column.to_numpy()
    return values


def _line_by_line(path: Path, kinds: Sequence[type], layout: str) -> list[NDArray[Any]]:
    columns: list[list[Any]] = [[] for _ in kinds]
    for line in filled_lines(path):
        text = line[1].strip()
        delimiter = next((d for d in "\t,;" if d in text), None)
        cells = [cell.strip() for cell in text.split(delimiter)]
        if len(cells) != len(kinds):
            raise wrong_line(path, line, f"{layout}: it has {len(cells)} columns, not {len(kinds)}")
        for column, cell, kind in zip(columns, cells, kinds, strict=True):
            try:
                value = kind(cell if kind is str else cell.replace("_", "?"))  # int() would take 1_000
            except ValueError:
                raise wrong_line(path, line, f"{layout}: {cell!r} is no number") from None
            if kind is int and not -_LARGEST <= value < _LARGEST:
                raise wrong_line(path, line, f"{layout}: {cell} is too large")
            column.append(value)
    dtypes = {int: np.int64, float: np.float64, str: np.str_}
    return [np.array(column, dtype=dtypes[kind]) for column, kind in zip(columns, kinds, strict=True)]
