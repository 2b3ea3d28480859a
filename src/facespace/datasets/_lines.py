"""Numbered lines of a protocol file, and the one form of their errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FileFormatError, InputError
from ..io import existing_file

Line = tuple[int, str]  # number from 1, and the text without line end


def read_lines(path: Path) -> list[Line]:
    """Every line that is not blank. UTF-8 with or without a byte order mark, any line ends."""
    existing_file(path, "a pairs list")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path} is not text: {error}", "A pairs list is UTF-8 text, or an insightface .bin."
        ) from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise FileFormatError(f"{path} is empty", "A pairs list has one pair a line.")
    return lines


def wrong_line(path: Path, line: Line, expected: str) -> FileFormatError:
    number, text = line
    shown = text if len(text) <= 120 else text[:117] + "…"
    return FileFormatError(f"{path}:{number}: {shown!r} is not {expected}", "Correct or remove this line.")


def check_both_classes(what: str, same: ArrayLike, error: type[InputError] = InputError) -> None:
    """Raise `error` that `what` (a protocol, or the file it is in) lacks genuine or impostor pairs."""
    pairs, genuine = np.size(same), int(np.count_nonzero(same))
    if genuine in (0, pairs):
        raise error(
            f"{what} has {genuine:,} genuine and {pairs - genuine:,} impostor pairs",
            "Verification needs both: pairs of one person and pairs of two.",
        )


def whole_number(text: str) -> int | None:
    """`text` as a number ≥ 0, or None. Not `int()`: that takes '1_0', '+1' and Arabic digits too."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None
