"""Embedding sets: in memory (EmbeddingSet), or in files of any size and read a batch at a time (StoredSet)."""

from .embedding_set import EmbeddingSet, Join
from .origin import Origin
from .stored_set import StoredSet
from .vectors import Floats, Strings, check_vectors, check_width, normalize

__all__ = ["EmbeddingSet", "Floats", "Join", "Origin", "StoredSet", "Strings", "check_vectors", "check_width", "normalize"]
