"""Protocols made of a set's own people, where no list is given."""

from .person_pairs import person_pairs
from .person_templates import person_templates, single_images

__all__ = ["person_pairs", "person_templates", "single_images"]
