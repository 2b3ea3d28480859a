"""Search indexes on vectors: what they are called and how they are made again, and how far a search looks in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .table import Table, quoted


def notes_of(table: Table, indexes: Sequence[str]) -> Iterator[str]:
    """What to know of a table before its vectors are moved."""
    yield "Vectors that other programs change during a migration are not seen; added and deleted rows are."
    if views := table.views():
        yield f"The views {', '.join(views)} go on reading the old column after a switch: make them anew then."
    if any("USING hnsw" in one for one in indexes):
        yield "Every row that is written goes into the HNSW index anew, which is slow: drop it first, if you can."


def beside(index: str, place: str) -> str:
    """What the index of another place is called; PostgreSQL takes 63 bytes.

    >>> beside("faces_embedding_idx", "next")
    'faces_embedding_idx__next'
    """
    end = f"__{place}"
    return index.removesuffix("__next").removesuffix("__old").encode()[: 63 - len(end)].decode(errors="ignore") + end


def rebuilt(definition: str, column: str, new: str, name: str, dim: int) -> str:
    """The statement that makes an index on another column as one is made.

    >>> print(rebuilt("CREATE INDEX i ON public.f USING hnsw (e vector_cosine_ops) WHERE (e > 0)", "e", "e2", "j", 8))
    CREATE INDEX CONCURRENTLY "j" ON public.f USING hnsw ("e2" vector_cosine_ops) WHERE ("e2" > 0)
    """
    head, using, rest = definition.partition(" USING ")
    unique = "UNIQUE " if head.startswith("CREATE UNIQUE") else ""
    only = " ON ONLY " in head
    table = head.partition(" ON ONLY " if only else " ON ")[2]
    word = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+""")
    names = (column, quoted(column).replace("%%", "%"))
    rest = word.sub(lambda found: quoted(new) if found[0] in names else found[0].replace("%", "%%"), rest)
    rest = re.sub(r"\b(vector|halfvec|bit)\(\d+\)", rf"\1({dim})", rest)
    return f"CREATE {unique}INDEX {'' if only else 'CONCURRENTLY '}{quoted(name)} ON {table}{using}{rest}"


def look_wide(table: Table, count: int) -> None:
    """Let searches by an index find `count` rows, in this transaction: as they are set they give 40 and less."""
    table.run(f"SELECT '[1]'::{table.vector('current').type}")  # loads pgvector, whose settings are its own before
    version = table.connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'", ()).fetchone()
    settings: dict[str, int | str] = {"hnsw.ef_search": min(max(2 * count, 100), 1000), "ivfflat.probes": 32}
    if version and tuple(map(int, version[0].split(".")[:2])) >= (0, 8):
        settings |= {"hnsw.iterative_scan": "strict_order", "ivfflat.iterative_scan": "relaxed_order"}
    for name, value in settings.items():
        table.run("SELECT set_config(%s, %s, true)", (name, str(value)))
