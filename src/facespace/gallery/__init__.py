"""Galleries: the one search, in blocks."""

from .exact import GALLERY, PROBES, Search, search

__all__ = ["GALLERY", "PROBES", "Search", "search"]
