"""The protections by name: what `audit protections --only` takes."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import unknown_name
from ...io import one_or_more
from .biohash import BioHash
from .encrypted import Encrypted
from .plain import Plain
from .polyprotect import PolyProtect
from .product import ProductQuantised
from .protocol import Protection
from .rotation import SecretRotation
from .scalar import ScalarQuantised
from .signed_permutation import SignedPermutation


def protections(names: Iterable[str] | None = None) -> tuple[Protection, ...]:
    """Those of these names, by default all, in the order of reports. Raises UnknownNameError.

    >>> [one.name for one in protections(["biohash", "plain"])]
    ['plain', 'biohash']
    """
    every: list[Protection] = [
        Plain(),
        SecretRotation(),
        SignedPermutation(),
        *(ScalarQuantised(bits) for bits in (8, 4, 1)),
        ProductQuantised(),
        BioHash(),
        PolyProtect(overlap=4),
        PolyProtect(overlap=0),
        Encrypted(),
    ]
    if names is None:
        return tuple(every)
    wanted, known = set(one_or_more(names)), [one.name for one in every]
    for name in sorted(wanted - set(known)):
        raise unknown_name("protection", name, known)
    return tuple(one for one in every if one.name in wanted)
