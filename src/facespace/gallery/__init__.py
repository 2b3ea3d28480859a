"""Galleries: the one search, in blocks."""

from .exact import GALLERY, PROBES, search

__all__ = [
    "GALLERY",
    "PROBES",
    "search",
]
