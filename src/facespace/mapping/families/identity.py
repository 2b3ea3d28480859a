"""What is not fitted on the pairs: no map at all, and a map of other pairs.

The first is the control: unrelated spaces compared so score near chance [2020, table 3, in parentheses].
"""

from __future__ import annotations

import numpy as np

from ...embeddings import Floats
from ..statistics import Doubles, PairStatistics
from .base import LinearEstimator, Solution


class IdentityMap(LinearEstimator):
    """W = I; for p ≠ q the identity padded with zeros (p < q) or cut (p > q), and `facts_` says which.

    >>> import numpy as np
    >>> IdentityMap().fit(np.eye(3), np.eye(3)[:, :2]).facts_["note"]
    'identity cut from 3 to 2 dimensions'
    """

    def __init__(self, *, center: bool = False) -> None:
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        p, q = statistics.cross.shape
        facts = {} if p == q else {"note": f"identity {'padded' if p < q else 'cut'} from {p} to {q} dimensions"}
        return Solution(np.eye(p, q), facts)

    def weigh(self, x: Floats) -> Floats:
        """x padded or cut; a product with I would say the same, more slowly."""
        p, q = self.weight_.shape
        return x[:, :q].copy() if p >= q else np.pad(x, ((0, 0), (0, q - p)))


class GivenMap(LinearEstimator):
    """W as it is, of a map that was fitted on other pairs; about the means of these pairs if `center`.

    Args:
        weight: (p, q). center: as for every family.
    """

    def __init__(self, weight: Doubles, *, center: bool = True) -> None:
        self.weight = weight
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        return Solution(np.asarray(self.weight, dtype=np.float64))
