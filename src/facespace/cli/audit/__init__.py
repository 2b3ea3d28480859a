"""facespace audit: what embeddings give away, and what is wrong with them."""

from ..application import add_group
from .attributes import attributes
from .labels import labels
from .linkage import linkage
from .mixture import mixture
from .protections import protections
from .report import report

audit = add_group("audit")
audit.command("linkage")(linkage)
audit.command("protections")(protections)
audit.command("attributes")(attributes)
audit.command("mixture")(mixture)
audit.command("labels")(labels)
audit.command("report")(report)

__all__ = ["attributes", "audit", "labels", "linkage", "mixture", "protections", "report"]
