"""Where work on the parts of a large set runs: threads of this process, or a Ray cluster. Knows no face recognition."""

from .choose import ENGINES, choose_engine
from .local import LocalEngine
from .protocol import Engine

__all__ = ["ENGINES", "Engine", "LocalEngine", "choose_engine"]
