"""Text as people's systems write it: read by its byte order mark, compared in one Unicode form, differences made visible.

A Mac writes the é of a file's name as two characters (NFD), nearly all else as one (NFC). Ids, people and templates are kept
in NFC, wherever they come from; so the two find each other.

>>> nfc(np.array(["Jose" + chr(0x301)])).tolist() == ["Jos" + chr(0xE9)]
True
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError

_LONGEST = 1024  # characters of an id or a name; numpy gives every text of an array the room of its longest
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_IMAGES = ("jpg", "jpeg", "jfif", "png", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "gif", "avif", "heic", "heif", "jp2")


def read_text(path: Path, what: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 where its byte order mark says so. `what` names the file in errors."""
    data = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileFormatError(
            f"{path} is not text: byte {error.start:,} (0x{data[error.start]:02x}, in line {line:,}) is no {encoding}",
            f"{what[:1].upper()}{what[1:]} is UTF-8 text. If this one is of a Western Windows: "
            "iconv -f cp1252 -t utf-8 OLD > NEW.",
        ) from None


def nfc(texts: NDArray[np.str_]) -> NDArray[np.str_]:
    """The texts in Unicode form NFC; the same array where they are in it."""
    if texts.size == 0 or texts.itemsize == 0 or np.ascontiguousarray(texts).reshape(-1).view(np.uint32).max() < 0x300:
        return texts
    return np.array([unicodedata.normalize("NFC", text) for text in texts.ravel().tolist()], np.str_).reshape(texts.shape)


def without_suffix(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """File names of images without their extension, as the ids of embedded images are; other names as they are.

    >>> without_suffix(np.array(["Ann/1.JPG", "Ann/0.123", ".png"])).tolist()
    ['Ann/1', 'Ann/0.123', '.png']
    """
    stem, _, suffix = np.strings.rpartition(names, ".")
    named = (stem != "") & ~np.strings.endswith(stem, "/")
    return np.where(named & np.isin(np.strings.lower(suffix), _IMAGES), stem, names)


def among(ids: NDArray[np.str_], listed: NDArray[np.str_]) -> NDArray[np.bool_]:
    """(n,) which of the ids are `listed`: by the same name, or by one of which one side leaves out an image's extension.

    >>> among(np.array(["Ann/1", "Ann/2.jpg", "Ann/3.jpg"]), np.array(["Ann/1.jpg", "Ann/2", "Ann/3.png"])).tolist()
    [True, True, False]
    """
    if not (ids.size and listed.size):
        return np.zeros(len(ids), bool)
    ids, listed = nfc(ids), nfc(listed)
    return np.isin(ids, listed) | np.isin(without_suffix(ids), listed) | np.isin(ids, without_suffix(listed))


def too_long(texts: Sequence[str], allowed: int = _LONGEST) -> str:
    """What is wrong with the length of these texts, "" if nothing: short ones must not be given the room of long ones."""
    longest, total = max(map(len, texts), default=0), sum(map(len, texts))
    if longest > allowed:
        return f"a text of {longest:,} characters ({max(texts, key=len)[:40]!r}…); {allowed:,} are allowed"
    if 4 * longest * len(texts) > max(1 << 30, 64 * total):
        return f"one text of {longest:,} characters among {len(texts):,} of {total // len(texts)} on average"
    return ""


def unseen_difference(wanted: Sequence[str], there: Sequence[str]) -> str:
    """A sentence on one of `wanted` that differs from one of `there` only in characters that can't be seen, or ""."""
    known = {_visible(text): text for text in there}
    pairs = [(text, known[_visible(text)]) for text in wanted if _visible(text) in known]
    if not pairs:
        return ""
    text, other = pairs[0]
    more, fewer = Counter(text) - Counter(other), Counter(other) - Counter(text)
    names = [f"U+{ord(c):04X} {unicodedata.name(c, 'control character')}" for c in sorted(more | fewer)]
    where = f": {', '.join(names)}" if names else ""
    return f"{len(pairs):,} of them differ from the set's only in what can't be seen: {text!a} against {other!a}{where}."


def _visible(text: str) -> str:
    kinds = {c: unicodedata.category(c) for c in set(text)}
    seen = "".join(" " if kinds[c][0] == "Z" or c in "\t\r\n" else c for c in text if kinds[c] != "Cf")
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def delimiter_of(header: str) -> str:
    """What parts the fields of a csv with this first line: a tab where it has one, else comma or semicolon."""
    return "\t" if "\t" in header else max(",;", key=header.count)
