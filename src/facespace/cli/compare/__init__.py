"""`facespace compare`: do two photos show one person?"""

from .command import compare

__all__ = ["compare"]
