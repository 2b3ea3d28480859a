"""facespace capacity: how many people a representation can tell apart, and which of several the most."""

from .compare import compare
from .estimate import estimate
from .group import capacity
from .plan import plan
from .student import student

__all__ = ["capacity", "compare", "estimate", "plan", "student"]
