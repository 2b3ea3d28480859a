"""Key files: one key each, which nobody but their owner may read.

JSON {"facespace_key": 1, "id", "bits", "key" (base64), "created"}; or 16, 24 or 32 bare bytes, whose id is the file's name.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ...errors import KeyFileError, OutputError
from ..text import one_or_more
from .key import SIZES, AesKey

_LARGEST = 4096
SUFFIX = ".key"


def new_key_file(path: str | Path, id: str | None = None, bits: int = 256) -> AesKey:
    """Make a key and write its file, readable by its owner alone; `path` may be a folder, where the id names it.

    Nothing is ever overwritten. Raises OutputError, KeyFileError.
    """
    path = Path(path)
    now = datetime.now(UTC)
    made = AesKey.random(id or (path.stem if not path.is_dir() else f"{now:%Y-%m-%d}-{secrets.token_hex(3)}"), bits)
    path = path / f"{made.id}{SUFFIX}" if path.is_dir() else path
    document = {"facespace_key": 1, "id": made.id, "bits": bits, "key": base64.b64encode(made.secret).decode()}
    text = json.dumps({**document, "created": f"{now:%Y-%m-%dT%H:%M:%SZ}"}, indent=1) + "\n"
    temporary = path.with_name(f".{path.name}~{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # and not renamed: a key that is there is never replaced
    except FileExistsError:
        raise OutputError(f"{path} is there already", "A key is never overwritten: name another file.") from None
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}", "Choose a folder you may write to.") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return AesKey(made.id, made.secret, str(path))


def read_keys(paths: Sequence[str | Path]) -> list[AesKey]:
    """The keys in files and folders, in this order; of a folder all `*.key`, the newest first.

    Raises KeyFileError: no such file, no key in it, or readable by others.
    """
    found: list[AesKey] = []
    for path in map(Path, one_or_more(paths)):
        if path.is_dir():
            dated = [_read(one) for one in sorted(path.glob(f"*{SUFFIX}")) if one.name[0] != "."]
            if not dated:
                raise KeyFileError(f"{path} holds no key files", f"They end in {SUFFIX}: facespace key new {path}.")
            found += [key for _, key in sorted(dated, key=lambda pair: pair[0], reverse=True)]
        else:
            found.append(_read(path)[1])
    return found


def _read(path: Path) -> tuple[str, AesKey]:
    """When it was made, and the key."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise KeyFileError(f"no such key file: {path}", f"Check the path, or make one: facespace key new {path}.") from None
    except OSError as error:
        raise KeyFileError(f"the key file {path} can't be read: {error.strerror or error}") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyFileError(
            f"others may read the key file {path} (mode {stat.S_IMODE(mode):o})",
            f"chmod 600 {path}; and if others were there, make a new key and rotate.",
        )
    if len(data) in SIZES and not data.lstrip().startswith(b"{"):
        return "", AesKey(path.stem, data, str(path))
    try:
        told = json.loads(data.decode()) if len(data) <= _LARGEST else None
        if isinstance(told, dict) and told.get("facespace_key") == 1:
            return str(told.get("created", "")), AesKey(
                str(told["id"]), base64.b64decode(told["key"], validate=True), str(path)
            )
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        pass
    raise KeyFileError(
        f"{path} is no key file: {len(data):,} bytes that are neither JSON of facespace's nor a bare key",
        "A bare key has 16, 24 or 32 bytes; facespace key new FILE makes one.",
    )
