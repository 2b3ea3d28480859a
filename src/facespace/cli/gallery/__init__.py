"""facespace gallery: what is in a gallery, and copies between stores."""

from .commands import URL, group

__all__ = ["URL", "group"]
