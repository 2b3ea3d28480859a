"""PostgreSQL: a table with a column of pgvector, of bytes or of arrays (extra postgresql)."""

from .store import PostgresGallery

__all__ = ["PostgresGallery"]
