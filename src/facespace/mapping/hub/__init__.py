"""CanonicalSpace: one hub for several networks; the maps between known networks that come with facespace."""

from .canonical_space import REGULARIZATION, CanonicalSpace
from .load_map import load_map
from .shipped import FILE, ShippedMaps, shipped_map, shipped_maps

__all__ = [
    "FILE",
    "REGULARIZATION",
    "CanonicalSpace",
    "ShippedMaps",
    "load_map",
    "shipped_map",
    "shipped_maps",
]
