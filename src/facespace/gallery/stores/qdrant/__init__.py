"""Qdrant: a collection of a server, or of a folder in the client's local mode."""

from .store import QdrantGallery

__all__ = ["QdrantGallery"]
