"""facespace verify: pairs, templates, BLUFR, two systems."""

from .command import verify_command

__all__ = ["verify_command"]
