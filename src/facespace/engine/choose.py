"""The engine of a name, as options give it."""

from __future__ import annotations

from ..errors import InputError, unknown_name
from .local import LocalEngine
from .protocol import Engine

ENGINES = ("local", "ray")


def choose_engine(name: str = "local", *, address: str | None = None, workers: int | None = None) -> Engine:
    """The engine `name`: "local" with `workers` threads, or "ray" on the cluster at `address` (None: one of its own).

    Raises InputError for another name, or an option of the other engine; ImportError where Ray is not installed.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}")
    if name == "local":
        if address is not None:
            raise InputError("an address is that of a Ray cluster", "Say --engine ray too.")
        return LocalEngine(workers)
    from .ray import RayEngine

    return RayEngine(address, workers)
