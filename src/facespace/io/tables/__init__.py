"""Tables that are no sets: plain ones for other programs, and who is in an image."""

from .people import read_people
from .plain import check_table, write_rows, write_table

__all__ = ["check_table", "read_people", "write_rows", "write_table"]
