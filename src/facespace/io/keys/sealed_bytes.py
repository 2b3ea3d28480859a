"""Bytes under AES-GCM by the package cryptography: artefacts, and parts of unfinished runs.

    magic (8) | length of the identity (4, little-endian) | identity (JSON) | nonce (12) | ciphertext and tag

Everything before the nonce is authenticated with the rest.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import EncryptionError, NoKeyError, TamperedFileError
from .cipher import aes_gcm
from .identity import Identity, Seal
from .ring import KeyRing

MAGIC = b"FSSEAL\x01\n"
_NONCE, _LONGEST, _LARGEST = 12, 1 << 16, (1 << 31) - 1


def sealed(data: bytes, path: Path, seal: Seal) -> bytes:
    """`data` encrypted for the file `path`. Raises MissingExtraError, EncryptionError for more than 2 GiB."""
    if len(data) > _LARGEST:
        raise EncryptionError(
            f"{path} has {len(data):,} bytes; at most {_LARGEST:,} are encrypted in one", "Leave it plain."
        )
    data_key, told = seal.at(path).identity()
    text, nonce = told.to_bytes(), os.urandom(_NONCE)
    head = MAGIC + len(text).to_bytes(4, "little") + text
    cipher: bytes = aes_gcm(data_key).encrypt(nonce, data, head)
    return head + nonce + cipher


def is_sealed(data: bytes) -> bool:
    """Is a file that begins so encrypted by `sealed`?"""
    return data.startswith(MAGIC)


def sealed_identity(data: bytes, path: Path) -> tuple[Identity, int]:
    """What a sealed file says of itself, and where its nonce begins. Raises TamperedFileError."""
    start = len(MAGIC) + 4
    end = start + int.from_bytes(data[len(MAGIC) : start], "little")
    if end > min(len(data), start + _LONGEST):
        raise TamperedFileError(f"{path} is truncated or damaged", "Copy or make it again.")
    return Identity.from_bytes(data[start:end], path), end


def opened(data: bytes, path: Path, keys: KeyRing | None, *, called: str = "") -> bytes:
    """What `sealed` made. Raises NoKeyError, WrongKeyError, TamperedFileError, MovedFileError; MissingExtraError."""
    told, end = sealed_identity(data, path)
    told.check_name(path, called)
    if keys is None:
        raise no_key(path, told)
    cipher = aes_gcm(keys.recover(path, told.key, told.data_key))
    try:
        whole: bytes = cipher.decrypt(data[end : end + _NONCE], data[end + _NONCE :], data[:end])
    except Exception:  # cryptography's InvalidTag, or ValueError for what is too short
        raise tampered(path) from None
    return whole


def no_key(path: Path, told: Identity) -> NoKeyError:
    """The error for an encrypted file where no key was given."""
    return NoKeyError(
        f"{path} is encrypted under the key {told.key!r}, and no key was given",
        "Give its key file: --key-file FILE or FACESPACE_KEY_FILE; in Python key=FILE.",
    )


def tampered(path: Path, why: str = "") -> TamperedFileError:
    """The error for content that is not what was encrypted."""
    return TamperedFileError(
        f"{path} is not as it was written: changed, cut or damaged{f' ({why})' if why else ''}",
        "Nothing of it was taken. Copy it again from where it is whole.",
    )
