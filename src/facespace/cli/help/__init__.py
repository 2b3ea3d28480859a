"""What --help says beside a command's own words: a line that one can copy."""

from .examples import EXAMPLES, example

__all__ = ["EXAMPLES", "example"]
