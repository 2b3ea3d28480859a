"""Protections of templates, one a file; `Protection` says what one is."""

from .biohash import BioHash
from .encrypted import Encrypted
from .plain import Plain
from .polyprotect import PolyProtect
from .product import ProductQuantised
from .protocol import Protection, Templates, protect_each
from .registry import protections
from .rotation import SecretRotation
from .scalar import ScalarQuantised
from .signed_permutation import SignedPermutation

__all__ = [
    "BioHash", "Encrypted", "Plain", "PolyProtect", "ProductQuantised", "Protection", "ScalarQuantised", "SecretRotation",
    "SignedPermutation", "Templates", "protect_each", "protections",
]  # fmt: skip
