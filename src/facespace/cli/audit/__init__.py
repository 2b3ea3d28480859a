"""facespace audit: what embeddings give away."""

from ..application import add_group
from .linkage import linkage
from .mixture import mixture

audit = add_group("audit")
audit.command("linkage")(linkage)
audit.command("mixture")(mixture)

__all__ = ["audit", "linkage", "mixture"]
