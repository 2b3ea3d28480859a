"""LanceDB: a table in a folder whose vectors are fixed-size lists."""

from .store import LanceGallery

__all__ = ["LanceGallery"]
