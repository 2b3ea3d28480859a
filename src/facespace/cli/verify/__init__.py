"""facespace verify: pairs, templates, BLUFR, two systems."""

from .command import parse_fars, verify_command

__all__ = ["parse_fars", "verify_command"]
