"""`facespace find`: on which photos of a folder is this face?"""

from .command import find

__all__ = ["find"]
