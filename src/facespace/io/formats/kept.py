"""What facespace itself keeps in .npz: shards of scores, and parts of unfinished runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import FileFormatError
from ..artefact import Artefact
from ..files import existing_file
from ..limits import guarded
from ._npy import read_npz


def read_npz_artefact(path: Path, what: str, names: Sequence[str], facts: str = "", data: bytes | None = None) -> Artefact:
    """Arrays `names`, as far as they are there, and the JSON object in the array `facts` (if named), of an npz, `what`.

    `data` is what was in the file where that was encrypted. Raises FileFormatError. (A zip has checksums of its own.)
    """
    arrays = guarded(existing_file(path, what), what, lambda: read_npz(path, (*names, facts), data))
    told: Any = {}
    try:
        told = json.loads(str(arrays.pop(facts, ""))) if facts else {}
    except (ValueError, RecursionError) as error:
        told = error
    if not isinstance(told, dict):
        raise FileFormatError(f"{path} can't be read as {what}: its {facts} are no JSON object", "Is it damaged?")
    return Artefact(path, what, 1, str(told.get("version", "")), arrays, told)
