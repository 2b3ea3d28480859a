"""Milvus: a collection of a server, or of a file in Milvus Lite."""

from .store import MilvusGallery

__all__ = ["MilvusGallery"]
