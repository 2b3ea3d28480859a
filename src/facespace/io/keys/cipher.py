"""AES-GCM of the package cryptography, which is optional: sets in Parquet don't need it."""

from __future__ import annotations

from typing import Any

from ...errors import missing_extra


def aes_gcm(key: bytes) -> Any:
    """The cipher under `key`. Raises MissingExtraError."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise missing_extra("cryptography", "crypto", "encrypting what is no Parquet file") from None
    return AESGCM(key)


def check_cipher() -> None:
    """Raise MissingExtraError where what is no Parquet file can't be encrypted: before the work, not after."""
    aes_gcm(bytes(16))
