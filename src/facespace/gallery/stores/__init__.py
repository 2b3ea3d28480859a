"""Galleries as people keep them: files, vector stores, databases. One kind of store a file."""

from .open import STORES, open_gallery
from .protocol import ROWS, Found, GalleryInfo, Origin, Place, Store, Templates
from .url import GalleryURL, without_password

__all__ = [
    "ROWS", "STORES", "Found", "GalleryInfo", "GalleryURL", "Origin", "Place", "Store", "Templates", "open_gallery",
    "without_password",
]  # fmt: skip
