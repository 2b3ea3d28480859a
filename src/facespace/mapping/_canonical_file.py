"""Hubs as safetensors: the arrays of every map under its place and direction, names and facts in the header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ._files import _MAP, _check_shapes, _read, _save
from .canonical import CanonicalSpace
from .linear_map import LinearMap


def save_hub(hub: CanonicalSpace, path: Path) -> Path:
    arrays: dict[str, Any] = {"correlations": hub.correlations}
    for direction, maps in (("in", hub.into), ("out", hub.out)):
        for number, fitted in enumerate(maps.values()):
            arrays |= {f"{direction}.{number}.{name}": getattr(fitted, name) for name in _MAP}
    return _save(path, "hub", arrays, {"name": hub.name, "models": hub.models, "facts": dict(hub.facts)})


def load_hub(path: Path) -> CanonicalSpace:
    arrays, header = _read(path)
    if header.get("kind") != "hub":
        found = header.get("kind", "no facespace file")
        raise FileFormatError(f"{path} holds {found!r}, but 'hub' is needed here", "facespace canonical fit writes hubs.")
    facts = json.loads(header["facts"])
    try:
        r = len(arrays["correlations"])
        sides: dict[str, dict[str, LinearMap]] = {"in": {}, "out": {}}
        for (direction, maps), (number, model) in (
            (side, pair) for side in sides.items() for pair in enumerate(facts["models"])
        ):
            parts = {name: arrays[f"{direction}.{number}.{name}"] for name in _MAP}
            p, q = parts["weight"].shape
            shapes = {"bias": (q,), "origin": (q,), "source_mean": (p,), "source_values": (p,), "source_vectors": (p, p)}
            _check_shapes(path, parts, shapes)
            if (q if direction == "in" else p) != r:
                raise FileFormatError(f"{path}: a map of {model} has shape {(p, q)}, but the hub has width {r}")
            names = (model, facts["name"]) if direction == "in" else (facts["name"], model)
            maps[model] = LinearMap(**parts, source_model=names[0], target_model=names[1], facts={"method": "canonical"})
    except KeyError as missing:
        raise FileFormatError(f"{path} lacks {missing}", f"It was written by {header.get('version')}.") from None
    return CanonicalSpace(facts["name"], sides["in"], sides["out"], arrays["correlations"], facts["facts"])
