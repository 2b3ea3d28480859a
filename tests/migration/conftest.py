"""Maps between the made-up networks, and the scene of a migration."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_networks import Scene, fill, world

from facespace import fit_map


@pytest.fixture(scope="session")
def learned(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    old, new = world(150, seed=1)
    fit_map(old, new, "ridge").save(folder / "map.safetensors")
    fit_map(new, old, "ridge").save(folder / "back.safetensors")
    fit_map(old, new, "joint").save(folder / "joint.safetensors")
    return folder


@pytest.fixture
def scene(tmp_path, learned) -> Scene:
    for path in learned.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    url = f"sqlite:{tmp_path / 'gallery.db'}#faces"
    gallery = world(300, images=2, seed=4)
    fill(url, gallery[0])
    return Scene(tmp_path, url, world(120, seed=2), world(120, seed=3), gallery)
