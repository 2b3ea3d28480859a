"""SQLite: a table whose vectors are blobs or JSON."""

from .store import SQLiteGallery

__all__ = ["SQLiteGallery"]
