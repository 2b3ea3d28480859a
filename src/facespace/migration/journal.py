"""What a migration has done so far, beside its plan: a SQLite file, so that nothing done is done again after a kill."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..errors import FileFormatError, OutputError
from ..io import locked

_TABLES = """
create table if not exists plan (digest text not null);
create table if not exists parts (
  part text primary key, rows integer not null, read text not null, written text not null, seconds real not null
);
create table if not exists listed (part text primary key);
create table if not exists events (at real not null, event text not null, detail text not null);
"""


@dataclass(frozen=True)
class Line:
    """One part that is done: its rows, digests of what was read and what was written, and how long it took."""

    part: str
    rows: int
    read: str
    written: str
    seconds: float


class Journal:
    """The journal beside a plan. Events: filled, verified, switched, back, finished, enrolled; the last tells the state."""

    def __init__(self, plan: Path, digest: str) -> None:
        self.path = plan.with_suffix(".journal.sqlite")
        with self._open() as db:
            known = db.execute("select digest from plan").fetchone()
            if known is None:
                db.execute("insert into plan values (?)", (digest,))
            elif known[0] != digest:
                raise OutputError(
                    f"{self.path} belongs to another plan of that name",
                    f"Finish that migration, or move {self.path.name} out of the way.",
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as db, db:
                db.executescript(_TABLES)
                db.execute("pragma synchronous = full")
                yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OutputError(f"can't write {self.path}: {error}", "Is the disk full?") from None
            raise FileFormatError(
                f"{self.path} can't be read: {error}", "Is it damaged? Move it away to begin anew."
            ) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the migration; OutputError where another process works on it."""
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            yield

    def done(self) -> dict[str, Line]:
        """The parts that are in `next`."""
        with self._open() as db:
            rows = db.execute("select part, rows, read, written, seconds from parts").fetchall()
        return {row[0]: Line(*row) for row in rows}

    def listed(self) -> list[str]:
        """The parts as they were cut when the run began."""
        with self._open() as db:
            return [row[0] for row in db.execute("select part from listed order by rowid")]

    def keep(self, parts: Iterable[str]) -> None:
        """Keep how the gallery is cut."""
        with self._open() as db:
            db.execute("delete from listed")
            db.executemany("insert into listed values (?)", ((part,) for part in parts))

    def add(self, line: Line) -> None:
        """Tell that a part is done: on the disk before this returns."""
        with self._open() as db:
            db.execute(
                "insert or replace into parts values (?, ?, ?, ?, ?)",
                (line.part, line.rows, line.read, line.written, line.seconds),
            )

    def forget(self) -> None:
        """Nothing is done any more: `next` is gone."""
        with self._open() as db:
            db.execute("delete from parts")
            db.execute("delete from listed")

    def tell(self, event: str, detail: str = "") -> None:
        """Add an event."""
        with self._open() as db:
            db.execute("insert into events values (?, ?, ?)", (time.time(), event, detail))

    def events(self) -> list[tuple[float, str, str]]:
        """(Unix time, event, detail) of all, in order."""
        with self._open() as db:
            return list(db.execute("select at, event, detail from events order by rowid"))


def check_free(plan: Path, digest: str = "") -> None:
    """OutputError where the migration of another plan has begun that lies at `plan`, and could not go on without it."""
    path = plan.with_suffix(".journal.sqlite")
    if not path.exists():
        return
    begun = "select digest from plan where exists (select 1 from parts) or exists (select 1 from events)"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30)) as db:
            known = db.execute(begun).fetchone()
    except sqlite3.DatabaseError:  # whoever goes on with it is told
        return
    if known is not None and known[0] != digest:
        raise OutputError(
            f"{plan} is the plan of a migration that has begun", "Name another file; that migration needs its own plan."
        )
