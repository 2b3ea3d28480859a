"""FAISS: an index in a file, with or without a file of ids."""

from .store import FaissGallery

__all__ = ["FaissGallery"]
