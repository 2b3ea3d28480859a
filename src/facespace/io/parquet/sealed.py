"""Parquet's modular encryption, by pyarrow: AES-GCM of every page and of the footer, one data key a file.

What a file says of itself (`keys.Identity`) is the AAD prefix, which the file holds in plain text behind its last page.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from ...errors import MissingExtraError
from ..keys import Identity, KeyRing, Seal, no_key, tampered
from .pages import read_struct

_PLAIN, _SEALED = b"PAR1", b"PARE"
_LONGEST = 1 << 16  # bytes of what stands before an encrypted footer that are looked at


def identity_of(path: Path) -> Identity | None:
    """What an encrypted file says of itself; None for one that is not encrypted. Raises TamperedFileError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(size - 8, 0))
        tail = file.read(8)
        if _SEALED not in (head, tail[4:]):
            return None
        if head != tail[4:] or size < 16:
            raise tampered(path, "truncated, or no longer encrypted as it was")
        (length,) = struct.unpack("<I", tail[:4])
        if length > size - 12:
            raise tampered(path, f"its footer is said to have {length:,} bytes")
        file.seek(size - 8 - length)
        data = file.read(min(length, _LONGEST))
    try:
        about, _ = read_struct(data)
        told = about[1][1][1]  # the algorithm is AES_GCM_V1, and its first field the AAD prefix
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        told = b""
    return Identity.from_bytes(told if isinstance(told, bytes) else b"", path)


def unlocking(path: Path, told: Identity | None, keys: KeyRing | None) -> dict[str, Any]:
    """What pyarrow's readers are given for a file. Raises NoKeyError, WrongKeyError."""
    if told is None:
        return {}
    if keys is None:
        raise no_key(path, told)
    data_key = keys.recover(path, told.key, told.data_key)
    return {"decryption_properties": _pyarrow().create_decryption_properties(data_key, aad_prefix=told.to_bytes())}


def sealing(seal: Seal | None) -> dict[str, Any]:
    """What pyarrow's writer is given."""
    if seal is None:
        return {"write_page_checksum": True}
    data_key, told = seal.identity()
    made = _pyarrow().create_encryption_properties(data_key, aad_prefix=told.to_bytes(), store_aad_prefix=True)
    return {"encryption_properties": made}  # GCM's tags are checksums


def _pyarrow() -> Any:
    try:
        from pyarrow.parquet import encryption
    except ImportError:
        encryption = None
    if not hasattr(encryption, "create_encryption_properties"):
        raise MissingExtraError(
            "encrypted sets need a newer pyarrow, with its part for encryption",
            'Install it: pip install "facespace[crypto]"',
        )
    return encryption
