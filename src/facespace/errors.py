"""Every error facespace raises on purpose: what is wrong, with the user's own values, and what to do next.

The command line prints them without a traceback and exits with 2; with `--json` they become
`{"error": {"type", "message", "hint"}}`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence


class FacespaceError(Exception):
    """Base class. `message` says what is wrong with which value; `hint` says the likely cause and the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, str]:
        """What `--json` prints under the key "error"."""
        return {"type": type(self).__name__, "message": self.message, "hint": self.hint}


class InputError(FacespaceError):
    """The data is unusable: NaN, zero vectors, duplicate ids, an empty join, a wrong count of columns."""


class FileFormatError(InputError):
    """A file is missing, truncated, or not of the format its name or use says."""


class EncryptionError(FileFormatError):
    """An encrypted file can't be read, or what is to be encrypted can't be written so."""


class NoKeyError(EncryptionError):
    """A file is encrypted under a key that was not given."""


class WrongKeyError(EncryptionError):
    """A file is encrypted under another key than the one that was given, perhaps of the same name."""


class TamperedFileError(EncryptionError):
    """An encrypted file is not as it was written: changed, cut, put together of others, or damaged."""


class MovedFileError(EncryptionError):
    """An encrypted file lies under another name, or in another set, than it was written for."""


class KeyFileError(InputError):
    """A key can't be had: no such file, no key in it, or one that others may read."""


class PlainFileWarning(UserWarning):
    """A set lies unencrypted where keys are in use, or is about to."""


class NewerFileWarning(UserWarning):
    """A file of a newer facespace was read as far as this one knows it."""


class GuessWarning(UserWarning):
    """Somebody else's file was read, or their network prepared for, by a guess, which the message tells."""


class DimensionError(InputError):
    """The width of the vectors is not the one that is needed."""


class UnknownNameError(FacespaceError):
    """A model, method or column that does not exist; the message offers the nearest one that does."""


class ModelError(FacespaceError):
    """A network's card or weights can't be had or don't fit together."""


class MissingExtraError(FacespaceError):
    """An optional dependency is needed; the hint is the command that installs it."""


class OutputError(FacespaceError):
    """A result can't be written where the user asked for it."""


class GalleryError(FacespaceError):
    """A gallery's store can't do what it was asked: it is gone, full, or not as its address says."""


class EngineError(FacespaceError):
    """Work can't be done where it was to be: there is no such cluster, or it loses its workers."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for `name`, with the nearest of `known` (by spelling) and, when they are few, all of them.

    >>> print(unknown_name("method", "ridgge", ["ols", "ridge"]))
    unknown method 'ridgge'; did you mean 'ridge'?
    Known: ols, ridge.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}{guess}", f"Known: {shorten(names, 20)}.")


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for an optional `package` that is not installed, naming the extra that brings it."""
    return MissingExtraError(
        f"{purpose} needs {package}, which is not installed", f'Install it: pip install "facespace[{extra}]"'
    )


def shorten(values: Sequence[object], limit: int = 5) -> str:
    """The first `limit` values and how many more there are: how every message lists rows, ids and files.

    >>> shorten(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(str(v) for v in values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit:,} more"


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible(text: str) -> str:
    """`text` with what steers a terminal or is no text written out: nothing out of a file goes to a screen or chart raw.

    >>> print(visible("net\\x1b[31m"))
    net\\x1b[31m
    """
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
