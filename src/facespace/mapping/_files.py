"""safetensors files of maps and statistics: the arrays by name, the rest as one JSON string in the header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import atomic_write, existing_file
from .._version import __version__
from ..errors import FileFormatError
from ..results import jsonable
from .linear_map import LinearMap
from .statistics import Moments, PairStatistics

_MAP = ("weight", "bias", "origin", "source_mean", "source_values", "source_vectors")
_STATISTICS = ("source_sum", "target_sum", "source_gram", "cross", "target_gram")


def save_map(fitted: LinearMap, path: Path) -> Path:
    facts = {"source_model": fitted.source_model, "target_model": fitted.target_model, "facts": dict(fitted.facts)}
    return _save(path, "map", {name: getattr(fitted, name) for name in _MAP}, facts)


def load_map(path: Path) -> LinearMap:
    arrays, facts = _load(path, "map", _MAP)
    p, q = arrays["weight"].shape
    _check_shapes(path, arrays, {"bias": (q,), "origin": (q,), "source_mean": (p,), "source_vectors": (p, p)})
    fields: dict[str, Any] = {**arrays, **facts}
    return LinearMap(**fields)


def save_statistics(statistics: PairStatistics, path: Path) -> Path:
    source, target = statistics.source, statistics.target
    arrays = dict(zip(_STATISTICS, (source.total, target.total, source.gram, statistics.cross, target.gram), strict=True))
    facts = {"n": statistics.n, "source_model": statistics.source_model, "target_model": statistics.target_model}
    return _save(path, "statistics", arrays, facts)


def load_statistics(path: Path) -> PairStatistics:
    arrays, facts = _load(path, "statistics", _STATISTICS)
    p, q = arrays["cross"].shape
    _check_shapes(path, arrays, {"source_sum": (p,), "target_sum": (q,), "source_gram": (p, p), "target_gram": (q, q)})
    n = int(facts.pop("n"))
    source = Moments(n, arrays["source_sum"], arrays["source_gram"])
    target = Moments(n, arrays["target_sum"], arrays["target_gram"])
    return PairStatistics(source, target, arrays["cross"], **facts)


def kind_of(path: Path) -> str:
    """ "map", "statistics" or "hub": what a facespace safetensors file holds. Raises FileFormatError when it is none."""
    _, header = _read(path)
    if header.get("kind") not in ("map", "statistics", "hub"):
        raise FileFormatError(f"{path} is a safetensors file, but not one of facespace's maps or statistics, nor a hub")
    return str(header["kind"])


def _save(path: Path, kind: str, arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> Path:
    from safetensors.numpy import save_file

    if path.suffix != ".safetensors":
        raise FileFormatError(f"{path}: {kind} files end in .safetensors", f"Use {path.with_suffix('.safetensors').name}.")
    header = {"format": "facespace", "kind": kind, "version": __version__, "facts": json.dumps(jsonable(facts))}
    with atomic_write(path) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary, metadata=header)
    return path


def _read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    existing_file(path, "a map or statistics file")
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileFormatError(
            f"{path} can't be read as safetensors: {error}", "Is it truncated, or another kind of file?"
        ) from None


def _load(path: Path, kind: str, names: tuple[str, ...]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    arrays, header = _read(path)
    if header.get("kind") != kind:
        found = header.get("kind", "no facespace file")
        raise FileFormatError(f"{path} holds {found!r}, but {kind!r} is needed here")
    missing = [name for name in names if name not in arrays]
    if missing:
        raise FileFormatError(f"{path} lacks the array {missing[0]!r}", f"It was written by {header.get('version')}.")
    return {name: arrays[name] for name in names}, json.loads(header.get("facts", "{}"))


def _check_shapes(path: Path, arrays: dict[str, NDArray[Any]], wanted: dict[str, tuple[int, ...]]) -> None:
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise FileFormatError(f"{path}: {name} has shape {arrays[name].shape}, expected {shape}")
