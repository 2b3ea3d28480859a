"""How things show themselves in Python: in one line, in a notebook, as a report. Knows no face recognition."""

from .html import card, escaped, facts, image, items, table, warnings
from .result import Fitted, Result

__all__ = ["Fitted", "Result", "card", "escaped", "facts", "image", "items", "table", "warnings"]
