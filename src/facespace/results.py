"""What every result has in common: a signature that lets somebody else reproduce it."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from ._version import __version__


def signature(protocol: str, /, **facts: object) -> str:
    """One line that names what was measured and how, in the manner of sacreBLEU: `protocol|key:value|…|facespace:version`.

    >>> signature("lfw-10fold", pairs=6000, seed=0).rsplit("|", 1)[0]
    'lfw-10fold|pairs:6000|seed:0'
    """
    parts = [protocol, *(f"{key}:{value}" for key, value in facts.items() if value is not None)]
    return "|".join([*parts, f"facespace:{code_version()}"])


def fields(result: object, *names: str) -> dict[str, Any]:
    """The attributes `names` of a result by name, tuples as lists: what its JSON document says in the result's own words.

    >>> fields(range(3), "start", "stop")
    {'start': 0, 'stop': 3}
    """
    values = {name: getattr(result, name) for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def code_version() -> str:
    """The version and a digest of the code that runs, as `0.1.0+1f2e3d4c`: installs whose code differs differ in it."""
    return f"{__version__}+{code_digest(Path(__file__).parent)}"


@functools.cache
def code_digest(package: Path) -> str:
    """Eight hexadecimal digits of BLAKE2b over the source files and model cards below `package`, by name and content.

    It needs no tag, no commit and no build step, so a wheel and a checkout of the same code agree; line ends don't count.
    """
    digest = hashlib.blake2b(digest_size=4)
    sources = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml"))
    for path in sources:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
