"""Sets in safetensors of other programs: tensors are a set's arrays, and so are the header's JSON lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError
from ..artefact import artefact_kind, read_tensors
from ..column_names import Fields, Wanted
from .arrays import set_of_arrays


def load_tensors(path: Path, wanted: Wanted) -> Fields:
    """The set in tensors and header of a file that is no artefact."""
    arrays, header = read_tensors(path)
    if kind := artefact_kind(header):
        raise FileFormatError(f"{path} holds {kind!r}, not a set", "facespace info says what is in it.")
    lists = {name: np.array(told) for name, text in header.items() if (told := _texts(text))}
    shapes = {name: array.shape for name, array in (arrays | lists).items()}
    if not shapes:
        raise FileFormatError(f"{path} holds no tensors")
    fields = set_of_arrays(path, shapes, (arrays | lists).__getitem__, wanted)
    return {**fields, "model": header.get("model", "")}


def _texts(text: str) -> list[str]:
    """The JSON list of texts or numbers that this is, as texts; empty if it is none."""
    try:
        found: Any = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return []
    plain = isinstance(found, list) and all(isinstance(value, str | int) for value in found)
    return [str(value) for value in found] if plain else []
