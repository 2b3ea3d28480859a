"""Temporary files of numbers: appended to, read back whole; encrypted under a key that is in memory alone, if asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .cipher import aes_gcm
from .sealed_bytes import tampered


@dataclass(frozen=True)
class Scratch:
    """How a run keeps numbers in temporary files: plain, or where its inputs are encrypted under a key that ends with it."""

    secret: bytes | None = field(default=None, repr=False)

    @classmethod
    def like(cls, *inputs: Any) -> Scratch:
        """Encrypted where one of the sets is: those in files say so by `files.sealed`."""
        return cls(os.urandom(32) if any(one.files.encrypted for one in inputs if hasattr(one, "files")) else None)

    def append(self, path: Path, numbers: NDArray[Any]) -> None:
        """Add to a file, which is made where it is not there."""
        with path.open("ab") as file:
            if self.secret is None:
                numbers.tofile(file)
                return
            nonce, place = os.urandom(12), f"{path.name}:{file.tell()}".encode()
            data = aes_gcm(self.secret).encrypt(nonce, np.ascontiguousarray(numbers).tobytes(), place)
            file.write(len(data).to_bytes(8, "little") + nonce + data)

    def read(self, path: Path, dtype: DTypeLike) -> NDArray[Any]:
        """All that was added, one after the other; of plain files as they are on the disk, not copied."""
        if self.secret is None:
            return np.memmap(path, dtype, "r")
        data, at, parts = path.read_bytes(), 0, []
        cipher = aes_gcm(self.secret)
        while at < len(data):
            size = int.from_bytes(data[at : at + 8], "little")
            nonce, start = data[at + 8 : at + 20], at + 20
            try:
                parts.append(cipher.decrypt(nonce, data[start : start + size], f"{path.name}:{at}".encode()))
            except Exception:
                raise tampered(path) from None
            at = start + size
        return np.frombuffer(b"".join(parts), dtype)
