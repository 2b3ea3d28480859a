"""Where a gallery is: SCHEME:PLACE#TABLE?option=value&…"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from ...errors import InputError, unknown_name


@dataclass(frozen=True)
class GalleryURL:
    """A gallery's address in its pieces.

    Attributes:
        scheme: the kind of store, "parquet" where none is written.
        place: file, folder or server, as the store's own client takes it (with scheme where that needs it: postgresql).
        table: what is behind #, "" for none. options: what is behind the last ?, by name.
    """

    scheme: str
    place: str
    table: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str, known: Mapping[str, Collection[str]]) -> GalleryURL:
        """Of a text; `known` are the options of each scheme.

        >>> known = {"postgresql": ("id", "vector"), "parquet": (), "faiss": ("ids",)}
        >>> GalleryURL.parse("postgresql://me@host/photos#faces?vector=embedding", known)
        GalleryURL(scheme='postgresql', place='postgresql://me@host/photos', table='faces', options={'vector': 'embedding'})
        >>> GalleryURL.parse("faiss:old.index?ids=ids.txt", known)
        GalleryURL(scheme='faiss', place='old.index', table='', options={'ids': 'ids.txt'})
        >>> GalleryURL.parse("faces.parquet", known)
        GalleryURL(scheme='parquet', place='faces.parquet', table='', options={})
        """
        head, colon, _ = url.partition(":")
        scheme = head.lower() if colon and len(head) > 1 else "parquet"  # C:\faces is a path
        scheme = {"postgres": "postgresql"}.get(scheme, scheme)
        if scheme not in known:
            raise unknown_name("kind of gallery", scheme, known)
        place = url if scheme == "postgresql" or not (colon and len(head) > 1) else url[len(head) + 1 :].removeprefix("//")
        place, _, fragment = place.partition("#")
        table, _, query = fragment.partition("?")
        if not fragment and scheme != "postgresql" and "?" in place and "=" in place.partition("?")[2]:
            place, _, query = place.partition("?")
        try:
            options = dict(parse_qsl(query, strict_parsing=bool(query)))
        except ValueError:
            raise InputError(
                f"can't read the options {query!r} of {without_password(url)!r}", "Write name=value&name=value."
            ) from None
        for name in options:
            if name not in known[scheme]:
                raise unknown_name(f"option of a {scheme} gallery", name, known[scheme])
        if not place:
            raise InputError(
                f"the gallery {without_password(url)!r} names no place",
                "Write SCHEME:PLACE#TABLE, or a Parquet file or folder.",
            )
        return cls(scheme, place, unquote(table), options)


def without_password(url: str) -> str:
    """An address that can be shown and kept: clients find the password elsewhere (PGPASSWORD, a password file).

    >>> print(without_password("postgresql://me:secret@host/photos?sslmode=require&password=secret#faces"))
    postgresql://me@host/photos?sslmode=require#faces
    """
    head, at, rest = url.rpartition("@")
    scheme, slashes, who = head.partition("://")
    if at and slashes:
        url = f"{scheme}{slashes}{who.partition(':')[0]}{at}{rest}"
    url = re.sub(r"(?<=[?&])(ssl)?password=[^&#]*&?", "", url)
    return re.sub(r"[?&](?=#|$)", "", url)
