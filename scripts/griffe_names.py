"""An extension of griffe, which reads the docstrings for docs/reference: one line may describe several parameters.

`left, right: (n,) ids of the two images` becomes an entry for each, the second saying "as `left`". Taken by mkdocs.yml.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_SEVERAL = re.compile(r"^(\s+)(\*{0,2}\w+)((?:, \*{0,2}\w+)+)(:\s+.*)$")


def split_names(text: str) -> str:
    """The docstring with a line for each name; the description's further lines stay with the first.

    >>> print(split_names("x\\n\\nArgs:\\n    a, b: the two\\n        sets.\\n    c: one."))
    x
    <BLANKLINE>
    Args:
        a: the two
            sets.
        b: as `a`.
        c: one.
    """
    made: list[str] = []
    waiting: list[str] = []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if waiting and line.strip() and indent <= len(waiting[0]) - len(waiting[0].lstrip()):
            made += waiting
            waiting = []
        if waiting and not line.strip():
            made += waiting
            waiting = []
        if found := _SEVERAL.match(line):
            space, first, others, rest = found.groups()
            made.append(f"{space}{first}{rest}")
            waiting = [f"{space}{name.strip()}: as `{first}`." for name in others.split(",")[1:]]
        else:
            made.append(line)
    return "\n".join(made + waiting)


class SeveralNames(griffe.Extension):
    """Applies `split_names` to every docstring."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """As griffe calls it for every object that it has read."""
        if obj.docstring is not None:
            obj.docstring.value = split_names(obj.docstring.value)
