"""Galleries: the one search, in blocks."""

from .closest import Closest, closest_entries
from .exact import GALLERY, PROBES, Codes, Entries, Gallery, MemoryGallery, Search, search, search_gallery
from .stored import StoredGallery, gallery_of

__all__ = [
    "GALLERY", "PROBES", "Closest", "Codes", "Entries", "Gallery", "MemoryGallery", "Search", "StoredGallery",
    "closest_entries", "gallery_of", "search", "search_gallery",
]  # fmt: skip
