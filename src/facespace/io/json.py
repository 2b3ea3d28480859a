"""Any result as a JSON document."""

from __future__ import annotations

import codecs
import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from .files import atomic_write

_ESCAPED = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def jsonable(value: Any) -> Any:
    """`value` as plain JSON types: arrays become lists, dataclasses objects, NaN and infinities null."""
    if hasattr(value, "to_dict"):
        return jsonable(value.to_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [jsonable(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def to_json(value: Any, *, encoding: str = "utf-8") -> str:
    """`value` (a result, or anything `jsonable` takes) as one indented JSON document, of ASCII for any `encoding` but UTF-8.

    Characters that steer a terminal, and those that stand for bytes of a file name that are no text, are escaped.
    """
    text = json.dumps(jsonable(value), indent=2, ensure_ascii=codecs.lookup(encoding).name != "utf-8")
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_json(value: Any, path: str | Path) -> Path:
    """Write `to_json(value)` to `path`, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(to_json(value) + "\n", encoding="utf-8")
    return Path(path)
