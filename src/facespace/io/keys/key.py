"""What gives every file a data key of its own: a key of AES in memory, or a key service.

No two files are encrypted under the same key, so that AES-GCM's nonces (random, 96 bits) never meet. From an AES key the
data keys come by HKDF (RFC 5869) with a random salt; a key service wraps a random data key. What recovers it stands in the
file, readable without any key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from ...errors import KeyFileError, NoKeyError, WrongKeyError

SIZES = (16, 24, 32)  # bytes of an AES key
_CHECK = 8  # bytes beside a data key that tell a wrong key from a changed file
_INFO = b"facespace data key 1"


@runtime_checkable
class Key(Protocol):
    """A key by its `id`, which files carry in plain text."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    def fresh(self) -> tuple[bytes, str]:
        """A data key (16, 24 or 32 bytes) that no other file has, and the text that recovers it."""
        ...

    def recover(self, told: str) -> bytes:
        """The data key of that text. Raises WrongKeyError, NoKeyError."""
        ...


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes out of `key`: HKDF with SHA-256, RFC 5869.

    >>> hkdf(b"\\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42).hex()[:20]  # the RFC's first case
    '3cb25f25faacd57a9043'
    """
    secret = hmac.digest(salt, key, hashlib.sha256)
    block, made = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(secret, block + info + bytes([number]), hashlib.sha256)
        made += block
    return made[:length]


@dataclass(frozen=True)
class AesKey:
    """A key of AES with 128, 192 or 256 bits.

    Attributes:
        id: its name. secret: its 16, 24 or 32 bytes.
        origin: the file it came from, for messages; "" if none.

    >>> AesKey.random("mine")
    AesKey(id='mine', bits=256)
    """

    id: str
    secret: bytes = field(repr=False)
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) not in SIZES:
            raise KeyFileError(
                f"{self.origin or self.id!r}: a key has 16, 24 or 32 bytes, this one {len(self.secret)}",
                "Make one: facespace key new FILE.",
            )
        if not self.id or not self.id.isprintable() or len(self.id) > 200:
            raise KeyFileError(f"{self.id[:60]!r} is no name of a key", "Take letters and digits, 200 at most.")

    def __repr__(self) -> str:
        return f"AesKey(id={self.id!r}, bits={8 * len(self.secret)})"

    @classmethod
    def random(cls, id: str, bits: int = 256) -> AesKey:
        """A new one, from the system's source of randomness."""
        if bits // 8 not in SIZES or bits % 8:
            raise KeyFileError(f"AES has keys of 128, 192 or 256 bits, not {bits}")
        return cls(id, os.urandom(bits // 8))

    def fresh(self) -> tuple[bytes, str]:
        """See Key."""
        salt = os.urandom(16)
        data_key, check = self._derived(salt)
        return data_key, f"hkdf:{_text(salt)}:{_text(check)}"

    def recover(self, told: str) -> bytes:
        """See Key."""
        kind, _, rest = told.partition(":")
        try:
            salt, check = (base64.b64decode(part, validate=True) for part in rest.split(":"))
        except (ValueError, binascii.Error):
            kind = ""
        if kind != "hkdf":
            raise WrongKeyError(f"the key {self.id!r} is a file, but what was encrypted under this name is of a key service")
        data_key, expected = self._derived(salt)
        if not hmac.compare_digest(check, expected):
            raise WrongKeyError(f"it was encrypted under another key than the given one of the name {self.id!r}")
        return data_key

    def _derived(self, salt: bytes) -> tuple[bytes, bytes]:
        made = hkdf(self.secret, salt, _INFO, len(self.secret) + _CHECK)
        return made[:-_CHECK], made[-_CHECK:]


@dataclass(frozen=True)
class KmsKey:
    """A key that a key service keeps: `client` is a `pyarrow.parquet.encryption.KmsClient`, or has its two methods.

    Every file gets a random data key of 256 bits, which the service wraps (`wrap_key`) and unwraps (`unwrap_key`) under its
    master key `id`. What the service refuses is a NoKeyError.
    """

    id: str
    client: Any = field(repr=False)
    _known: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def fresh(self) -> tuple[bytes, str]:
        """See Key."""
        data_key = os.urandom(32)
        try:
            wrapped = self.client.wrap_key(data_key, self.id)
        except Exception as error:  # whatever a client of some service raises
            raise NoKeyError(f"the key service wraps nothing under {self.id!r}: {error}", "May you use that key?") from error
        told = f"kms:{_text(wrapped.encode() if isinstance(wrapped, str) else bytes(wrapped))}"
        self._known[told] = data_key
        return data_key, told

    def recover(self, told: str) -> bytes:
        """See Key."""
        if told not in self._known:
            if not told.startswith("kms:"):
                raise WrongKeyError(
                    f"{self.id!r} is a key service's, but what was encrypted under this name is of a key file"
                )
            try:
                data_key = bytes(self.client.unwrap_key(base64.b64decode(told[4:]).decode(), self.id))
            except Exception as error:
                raise NoKeyError(
                    f"the key service unwraps nothing of {self.id!r}: {error}", "May you use that key?"
                ) from error
            if len(data_key) not in SIZES:
                raise WrongKeyError(f"the key service gave {len(data_key)} bytes for a key of {self.id!r}")
            self._known[told] = data_key
        return self._known[told]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
