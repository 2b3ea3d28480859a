"""CanonicalSpace: one hub for several networks."""

from .canonical_space import REGULARIZATION, CanonicalSpace

__all__ = [
    "REGULARIZATION",
    "CanonicalSpace",
]
