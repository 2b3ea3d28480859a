"""The command line: one thin module per command group; each parses, calls the library and prints."""

from .application import main

__all__ = ["main"]
