"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real faces, networks and protocols (FACESPACE_SHARED, default ../shared); skips where it is not."""
    folder = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder
