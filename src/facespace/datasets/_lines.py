"""Numbered lines of a protocol file, and the one form of their errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FileFormatError, InputError
from ..io import existing_file, read_text, too_long

Line = tuple[int, str]  # number from 1, and the text without line end

#: What lists say for two people and for one; a list without a header keeps to one of these rows.
LABELS = (
    {"0": False, "1": True},
    {"0.0": False, "1.0": True},
    {"false": False, "true": True},
    {"no": False, "yes": True},
    {"diff": False, "different": False, "same": True},
    {"impostor": False, "genuine": True},
)
SAME = {word: truth for words in LABELS for word, truth in words.items()}
LABEL_WORDS = "0 or 1, false or true, no or yes, diff or same"


def read_lines(path: Path) -> list[Line]:
    """Every line that is not blank, of text with or without a byte order mark, any line ends."""
    text = read_text(existing_file(path, "a pairs list"), "a pairs list")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise FileFormatError(f"{path} is empty", "A pairs list has one pair a line.")
    if too_long([line for _, line in lines], 4096):
        longest = max(lines, key=lambda line: len(line[1]))
        raise wrong_line(path, longest, f"a line of a pairs list: it has {len(longest[1]):,} characters")
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
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # all in int64


def fields(text: str) -> list[str]:
    """The fields of a line without quotes: parted by tabs alone where it has any, so that names may hold spaces."""
    return [field for part in text.split("\t") if (field := part.strip())] if "\t" in text.strip() else text.split()
