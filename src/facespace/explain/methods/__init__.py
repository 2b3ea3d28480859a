"""All methods by name: the paper's, those it is compared with, and the controls."""

from .controls import centre_map, random_map
from .registry import COMPARED, CONTROLS, METHODS, TITLES, Importance, check_methods

__all__ = [
    "COMPARED", "CONTROLS", "METHODS", "TITLES", "Importance", "centre_map", "check_methods",
    "random_map",
]  # fmt: skip
