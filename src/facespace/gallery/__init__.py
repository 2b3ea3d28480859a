"""Galleries: the one search, in blocks."""

from .exact import GALLERY, PROBES, Codes, Entries, Gallery, MemoryGallery, Search, search, search_gallery
from .stored import StoredGallery, gallery_of

__all__ = [
    "GALLERY", "PROBES", "Codes", "Entries", "Gallery", "MemoryGallery", "Search", "StoredGallery", "gallery_of", "search",
    "search_gallery",
]  # fmt: skip
