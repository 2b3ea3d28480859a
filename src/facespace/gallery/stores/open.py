"""Which store an address means: a new one is a file and a line here."""

from __future__ import annotations

from importlib import import_module

from .protocol import Store
from .url import GalleryURL

#: scheme: (module, class, options after ?)
STORES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "parquet": ("parquet", "ParquetGallery", ("id", "vector", "subject")),
    "postgresql": ("postgresql", "PostgresGallery", ("id", "vector", "subject", "model")),
    "sqlite": ("sqlite", "SQLiteGallery", ("id", "vector", "subject", "model")),
    "lancedb": ("lancedb", "LanceGallery", ("id", "vector", "subject", "model")),
    "faiss": ("faiss", "FaissGallery", ("ids",)),
    "qdrant": ("qdrant", "QdrantGallery", ("vector", "subject", "model")),
    "milvus": ("milvus", "MilvusGallery", ("id", "vector", "subject", "model")),
}


def open_gallery(url: str) -> Store:
    """The gallery at an address; nothing is read yet, and it need not be there (`info` tells).

    | address | extra |
    |---|---|
    | `FOLDER`, `FILE.parquet` | |
    | `lancedb:FOLDER#table` | lancedb |
    | `postgresql://user@host/database#table` | postgresql |
    | `sqlite:FILE#table` | |
    | `faiss:INDEX?ids=FILE` | faiss |
    | `qdrant:FOLDER#collection`, `qdrant:http://host:6333#collection` | qdrant |
    | `milvus:FILE.db#collection`, `milvus:http://host:19530#collection` | milvus |

    Options follow the table: `#faces?id=face_id&vector=embedding&subject=person_id&model=network`; what is not said is
    guessed by the names that programs give such columns.

    Raises: UnknownNameError: no such kind of gallery, no such option. MissingExtraError: its client isn't installed.
    """
    address = GalleryURL.parse(url, {scheme: options for scheme, (_, _, options) in STORES.items()})
    module, name, _ = STORES[address.scheme]
    store: Store = getattr(import_module(f".{module}", __package__), name)(url, address)
    return store
