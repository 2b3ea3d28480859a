"""The command line: one thin module per command group; each parses, calls the library and prints."""

from ._app import main

__all__ = ["main"]
