"""Galleries: the one search, in blocks."""

from .exact import GALLERY, PROBES, Codes, Entries, Gallery, MemoryGallery, Search, search, search_gallery

__all__ = ["GALLERY", "PROBES", "Codes", "Entries", "Gallery", "MemoryGallery", "Search", "search", "search_gallery"]
