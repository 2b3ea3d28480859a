"""Which column of somebody else's table is which: told by its user, else by the names that programs give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ..errors import FileFormatError, shorten, unknown_name

COLUMNS = ("subject", "template", "media", "quality")  # what a set may have beside ids and vectors
ROLES = ("id", "vector", *COLUMNS)

#: Names by rank, those of one rank as likely as each other; written small, without what parts their words.
_KNOWN: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "ids", "faceid", "imageid imgid", "uuid uid guid key",
        "image img path file filename imagepath imgpath filepath imagefile imagename", "identity", "name",
    ),
    "vector": (
        "vector", "vectors", "embedding", "embeddings", "encoding encodings feature features emb embs representation "
        "faceembedding faceencoding facevector",
    ),
    "subject": ("subject", "subjectid", "personid", "person", "personname identity label name"),
    **{name: (name,) for name in ("template", "media", "quality")},
}  # fmt: skip


def choose_columns(
    what: str, names: Sequence[str], vectors: Collection[str], wanted: Mapping[str, str] | None = None, *, hint: str = ""
) -> dict[str, str]:
    """The column of each role of ROLES that the table has; id and vector always.

    Args:
        what: names the table in errors.
        names: its columns, those that hold vectors too.
        vectors: the columns that may hold vectors; no other is guessed for it, and none of these for another role.
        wanted: columns by role, as the user says; "" for none. What is not said is guessed, ours before others' names.
        hint: how to give it a vector, where there is none.

    Raises FileFormatError for a column that isn't there or is there twice, and where several could be meant.

    >>> choose_columns("t.csv", ["face_id", "Person", "emb"], ["emb"])
    {'id': 'face_id', 'vector': 'emb', 'subject': 'Person'}
    """
    found: dict[str, str] = {}
    for role, name in (wanted or {}).items():
        if role not in ROLES:
            raise unknown_name("column of a set", role, ROLES)
        if name and name not in names:
            raise FileFormatError(f"{what} has no column {name!r} for {role}; its columns are {shorten(names, 20)}")
        found[role] = name
    for role in ROLES:
        if role not in found and (name := _guess(what, role, names, vectors, set(found.values()))):
            found[role] = name
        if not found.get(role) and role in ("id", "vector"):
            raise FileFormatError(
                f"{what} has no column {role!r}, and none by another name that is known for it; its columns are "
                f"{shorten(names, 20)}",
                " ".join(part for part in (_say(role), hint if role == "vector" else "") if part),
            )
    for name in found.values():
        if names.count(name) > 1:
            raise FileFormatError(f"{what} has {names.count(name)} columns {name!r}", "Rename one.")
    return {role: found[role] for role in ROLES if found.get(role)}


def guessed(chosen: Mapping[str, str], wanted: Mapping[str, str] | None = None) -> str:
    """Which columns were taken that neither are named as ours nor were asked for; "" if none.

    >>> guessed({"id": "face_id", "vector": "emb", "subject": "subject"}, {"vector": "emb"})
    'face_id as id'
    """
    told = wanted or {}
    return ", ".join(f"{name} as {role}" for role, name in chosen.items() if name != role and role not in told)


def named_as(role: str, name: str) -> bool:
    """Is this a name that programs give to the column of `role`?

    >>> named_as("vector", "Face Embedding"), named_as("vector", "thumbnail")
    (True, False)
    """
    return any(_plain(name) in rank.split() for rank in _KNOWN[role])


def _guess(what: str, role: str, names: Sequence[str], vectors: Collection[str], taken: set[str]) -> str:
    if role in names and role not in taken:
        return role
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
    return re.sub(r"[\W_]", "", name.lower())


def _say(role: str) -> str:
    none = f'; {role}="" takes none' if role in COLUMNS else ""
    return f'Say which: columns={{"{role}": "NAME"}} in Python, FILE:{role}=NAME on the command line{none}.'
