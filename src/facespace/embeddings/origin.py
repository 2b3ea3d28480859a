"""Where embeddings come from: a network, and perhaps a map that brought them into another space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Origin:
    """What sets in memory and in files tell of their `model` and `metadata`."""

    model: str
    metadata: Mapping[str, Any]

    @property
    def mapped(self) -> dict[str, Any] | None:
        """What brought these vectors where they are: `map` (digest), `method`, `source`, `target`, `pairs` and `fitted`,

        how many of the mapped images (or their people) the map was fitted on. None for a network's own.
        """
        found = self.metadata.get("mapped")
        if not isinstance(found, dict) or not all(
            isinstance(found.get(k), str) for k in ("map", "method", "source", "target")
        ):
            return None
        return {**found, **{key: found[key] if isinstance(found.get(key), int) else 0 for key in ("pairs", "fitted")}}

    @property
    def space(self) -> str:
        """Name of the space they are in: the network's, or the target of the map that brought them there."""
        return self.model if self.mapped is None else str(self.mapped["target"])

    @property
    def ids_replaced(self) -> bool:
        """Whether ids are others than the images' own, as the demo's are: then no hash of an id tells who was seen."""
        return "ids replaced" in str(self.metadata.get("images", ""))
