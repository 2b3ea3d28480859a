"""facespace map: fit, apply, refine, export and check maps."""

from .commands import group
from .text import describe, map_text

__all__ = ["describe", "group", "map_text"]
