"""All methods by name: the paper's, those it is compared with, and the controls."""

from .registry import COMPARED, CONTROLS, METHODS, TITLES, Importance, check_methods

__all__ = ["COMPARED", "CONTROLS", "METHODS", "TITLES", "Importance", "check_methods"]
