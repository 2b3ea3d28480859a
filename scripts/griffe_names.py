"""An extension of griffe, which reads the docstrings for docs/reference; taken by mkdocs.yml.

A line may describe several parameters: `left, right: (n,) ids of the two images` becomes an entry for each, the second
saying "as `left`". An example that a doctest runs becomes a block of code. A field's comment is its docstring.
"""

from __future__ import annotations

import io
import re
import tokenize
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


def fenced(text: str) -> str:
    """The docstring with a fence around every example, from its first prompt to the next empty line.

    >>> fenced("x\\n\\n" + ">" * 3 + " 1 + 1\\n2").splitlines()
    ['x', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    made: list[str] = []
    inside = ""
    for line in [*text.splitlines(), ""]:
        if not inside and line.lstrip().startswith(">>>"):
            inside = line[: len(line) - len(line.lstrip())] + "```"
            made.append(f"{inside}pycon")
        elif inside and not line.strip():
            made.append(inside)
            inside = ""
        made.append(line)
    return "\n".join(made[:-1])


def comment(line: str) -> str:
    """What a line of code says behind it.

    >>> comment("    cross: Doubles  # C = XᵀY, (p, q)"), comment("x: str = '#'")
    ('C = XᵀY, (p, q)', '')
    """
    tokens = tokenize.generate_tokens(io.StringIO(line.strip()).readline)
    try:
        found = [token.string for token in tokens if token.type == tokenize.COMMENT]
    except tokenize.TokenError:  # a value that goes on in the next line
        return ""
    said = found[0].lstrip("#: ").strip() if found else ""
    return "" if said.startswith(("noqa", "type:", "fmt:")) else said


class SeveralNames(griffe.Extension):
    """Applies `split_names` and `fenced` to every docstring, and `comment` to every field of a class without one."""

    def on_attribute_instance(self, *, attr: Any, **_: Any) -> None:
        """As griffe calls it for every attribute that it has read."""
        if attr.docstring is not None or not attr.lineno or not attr.parent.is_class:
            return
        if said := comment(attr.lines_collection[attr.filepath][attr.lineno - 1]):
            attr.docstring = griffe.Docstring(said, parent=attr, lineno=attr.lineno)

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """As griffe calls it for every object that it has read."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(split_names(obj.docstring.value))
