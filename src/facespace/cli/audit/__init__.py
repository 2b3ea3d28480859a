"""facespace audit: what embeddings give away."""

from ..application import add_group
from .attributes import attributes
from .linkage import linkage
from .mixture import mixture
from .protections import protections
from .report import report

audit = add_group("audit")
audit.command("linkage")(linkage)
audit.command("protections")(protections)
audit.command("attributes")(attributes)
audit.command("mixture")(mixture)
audit.command("report")(report)

__all__ = ["attributes", "audit", "linkage", "mixture", "protections", "report"]
