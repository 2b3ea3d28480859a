"""Which column of somebody else's table is which: told by its user, else by the names that programs give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..errors import FileFormatError, shorten, unknown_name

COLUMNS = ("subject", "template", "media", "quality")  # what a set may have beside ids and vectors
ROLES = ("id", "vector", *COLUMNS)

#: vectors, ids, and where the file has them model, metadata and columns: what EmbeddingSet takes by these names. A reader
#: adds under "columns" what `choose_columns` chose.
Fields = dict[str, Any]
#: Columns by role, as a user names them.
Wanted = Mapping[str, str]

#: Names by rank, those of one rank as likely as each other; written as `_plain` writes them.
_KNOWN: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "faceid", "imageid imgid", "uuid uid guid key",
        "image img path file filename imagepath imgpath filepath imagefile imagename", "identity", "name", "label",
        "index unnamed0",
    ),
    "vector": (
        "vector", "embedding", "encoding feature emb representation faceembedding faceencoding facevector",
    ),
    "subject": ("subject", "subjectid", "personid", "person", "personname identity label name"),
    **{name: (name,) for name in ("template", "media", "quality")},
}  # fmt: skip

_PREFIXES = ("", "e", "emb", "embedding", "dim", "d", "v", "vec", "vector", "f", "feat", "feature")


def choose_columns(
    what: str,
    names: Sequence[str],
    vectors: Collection[str],
    wanted: Wanted | None = None,
    roles: Sequence[str] = ROLES,
    word: str = "column",
) -> dict[str, str]:
    """The column of each of `roles` that the table has; id and vector always.

    Args:
        what: names the table in errors.
        names: its columns, those that hold vectors too.
        vectors: the columns that may hold vectors; no other is guessed for it, and none of these for another role.
        wanted: columns by role, as the user says; "" for none. What is not said is guessed, ours before others' names.
        roles: those that are looked for; of these id and vector are needed.
        word: what errors call a column.

    Raises FileFormatError for a column that isn't there or is there twice, and where several could be meant.

    >>> choose_columns("t.csv", ["face_id", "Person", "emb"], ["emb"])
    {'id': 'face_id', 'vector': 'emb', 'subject': 'Person'}
    """
    found: dict[str, str] = {}
    for role, name in (wanted or {}).items():
        if role not in ROLES:
            raise unknown_name("column of a set", role, ROLES)
        if name and name not in names:
            raise FileFormatError(f"{what} has no {word} {name!r} for {role}; its {word}s are {shorten(names, 20)}")
        found[role] = name
    for role in roles:
        if role not in found and (name := _guess(what, role, names, vectors, set(found.values()))):
            found[role] = name
        if not found.get(role) and role in ("id", "vector"):
            raise FileFormatError(
                f"{what} has no {word} {role!r}, and none by another name that is known for it; its {word}s are "
                f"{shorten(names, 20)}",
                _say(role),
            )
    for name in found.values():
        if names.count(name) > 1:
            raise FileFormatError(f"{what} has {names.count(name)} columns {name!r}", "Rename one.")
    return {role: found[role] for role in roles if found.get(role)}


def guessed(chosen: Wanted, wanted: Wanted) -> str:
    """Which columns were taken that neither are named as ours nor were asked for; "" if none.

    >>> guessed({"id": "face_id", "vector": "emb", "subject": "subject"}, {"vector": "emb"})
    'face_id as id'
    """
    return ", ".join(f"{name} as {role}" for role, name in chosen.items() if _plain(name) != role and role not in wanted)


def named_as(role: str, name: str) -> bool:
    """Is this a name that programs give to the column of `role`?

    >>> named_as("vector", "Face Embedding"), named_as("vector", "thumbnail")
    (True, False)
    """
    return any(_plain(name) in rank.split() for rank in _KNOWN[role])


def numbered(names: Sequence[str]) -> dict[str, list[int]]:
    """Columns that are numbered from 0 or 1, by what is before the number: their places, in the order of the numbers.

    >>> numbered(["id", "e0", "e1", "e2", "x1"])
    {'e': [1, 2, 3]}
    """
    found: dict[str, dict[int, int]] = {}
    for at, name in enumerate(names):
        if parts := re.fullmatch(r"(.*?)(\d{1,6})", name):
            found.setdefault(parts[1], {}).setdefault(int(parts[2]), at)
    runs = {}
    for prefix, run in found.items():
        numbers, known = sorted(run), re.sub(r"\W|_", "", prefix.lower()) in _PREFIXES
        if numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(run) - 1 and len(run) >= (2 if known else 8):
            runs[prefix] = (known, [run[number] for number in numbers])
    best = any(known for known, _ in runs.values())
    return {prefix: places for prefix, (known, places) in runs.items() if known == best}


def _guess(what: str, role: str, names: Sequence[str], vectors: Collection[str], taken: set[str]) -> str:
    for ours in (role, f"{role}s"):
        if ours in names and ours not in taken:
            return ours
    fit = [name for name in dict.fromkeys(names) if (name in vectors) == (role == "vector") and name not in taken]
    for rank in _KNOWN[role]:
        known = [name for name in fit if _plain(name) in rank.split()]
        if len(known) > 1:
            raise FileFormatError(f"{what}: the columns {' and '.join(known)} could each be the {role}", _say(role))
        if known:
            return known[0]
    if role == "vector" and len(fit) > 1:
        raise FileFormatError(f"{what}: each of the columns {shorten(fit, 20)} could be the vector", _say(role))
    return fit[0] if role == "vector" and fit else ""


def _plain(name: str) -> str:
    """In small letters, without what parts its words, one thing of many.

    >>> _plain("Face-IDs"), _plain("class")
    ('faceid', 'clas')
    """
    return re.sub(r"[\W_]", "", name.lower()).removesuffix("s")


def _say(role: str) -> str:
    none = f'; {role}="" takes none' if role in COLUMNS else ""
    return f'Say which: columns={{"{role}": "NAME"}} in Python, FILE:{role}=NAME on the command line{none}.'
