"""Parquet: a file, or a folder of them."""

from .store import ParquetGallery

__all__ = ["ParquetGallery"]
