"""Our JSON in a set's file: its network and metadata."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..errors import FileFormatError


def read_facts(what: str, text: str | bytes) -> dict[str, Any]:
    """{"model", "metadata"} from our JSON. Raises FileFormatError where it is none, or not what was written."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{what} can't be read as JSON: {error}", "Is it of another program?") from None
    known = isinstance(facts, dict) and isinstance(facts.get("model", ""), str)
    if not known or not isinstance(facts.get("metadata") or {}, dict):
        raise FileFormatError(f"{what} is not facespace's {{model, metadata}}: {text[:60]!r}", "Is it of another program?")
    told = facts.pop("digest", None)
    if told is not None and told != digest_of(json.dumps(facts)):
        raise FileFormatError(f"{what} is damaged: its content is not what was written", "Copy or make the file again.")
    return {"model": facts.get("model", ""), "metadata": facts.get("metadata")}


def digest_of(text: str) -> str:
    """What the digest of our JSON is."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
