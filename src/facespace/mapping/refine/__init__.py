"""refine_map: two unpaired galleries sharpen a map."""

from .refine import RefineRefused, RefineResult, RefineStep, refine_map

__all__ = [
    "RefineRefused",
    "RefineResult",
    "RefineStep",
    "refine_map",
]
