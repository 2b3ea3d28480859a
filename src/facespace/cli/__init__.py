"""The command line: one thin module per command group; each parses, calls the library and prints."""

import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns (and, as a script, exits with) 0, 1 or 2, 130 interrupted, 141 with nobody reading."""
    try:
        from .application import main as run  # here, so that an interruption while it is imported is no traceback
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return run(arguments)
