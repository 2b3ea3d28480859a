"""facespace migrate: plan, run, verify, switch, back, finish; status, enrol, order."""

from . import planning, steps
from .group import group

__all__ = ["group", "planning", "steps"]
