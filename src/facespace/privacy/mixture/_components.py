"""Two networks in one heap of templates, found without knowing either: two Gaussians, and how far their directions differ.

Every network spreads faces along its own directions, so the templates of two networks are a mixture of two Gaussians with
covariances that have little in common. In coordinates where the whole heap has the covariance I, the matrix M with the
largest variance of the scores zᵀ M z is near the difference of the two covariances (the largest eigenmatrix of the fourth
moments, as in Cardoso, Souloumiac, Blind beamforming for non-Gaussian signals, IEE Proc. F 140, 1993); power iterations find
it, at 2 n d² a step. Rows of extreme scores, or far from the mean, begin the second Gaussian, and expectation-maximisation
does the rest.

Faces of one network are no Gaussian either (sex, age, light), so a better likelihood says nothing. What tells networks
apart is the `agreement` of each Gaussian's principal directions with the other's rows, as in `facespace.mapping.domain`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from ...embeddings import Floats, normalize
from ._gaussian import Doubles, Gaussian

LIMIT = 0.45  # of the agreement; see docs/mixture.md
FEWEST = 20  # rows of a network that can be seen
POWER, SHORT, LONG = 20, 6, 40  # steps

_SHAPELESS = 0.95  # of the shrinkage: vectors spread alike in all directions have none that could differ (networks: to 0.8)
_CLEAR = 0.25  # an agreement that no other start is tried after
_PROMISING = 0.7  # an agreement after SHORT steps that LONG ones may bring below LIMIT
_STARTS = ((2, 0.02), (2, 0.1), (0, 0.4), (1, 0.4), (0, 0.15))  # which of s, −s, ‖z‖², and the share of rows


@dataclass(frozen=True, eq=False)
class Components:
    """Two Gaussians in n rows.

    Attributes:
        main, other: the larger one and the smaller one. share: of the smaller one.
        ratio: (n,) log odds that a row is of the smaller one.
        agreement: the larger of both agreements (of each one's directions with the other's rows).
    """

    main: Gaussian
    other: Gaussian
    share: float
    ratio: Doubles
    agreement: float

    @property
    def rows(self) -> NDArray[np.bool_]:
        """(n,) which are of the smaller one."""
        return np.asarray(self.ratio > 0)

    @property
    def two_networks(self) -> bool:
        """Do the directions differ as only those of two networks do?"""
        return self.agreement < LIMIT and self.rows.sum() >= FEWEST

    def main_is_of(self, law: Gaussian) -> bool:
        """Is the larger one the law's own network, and the smaller one foreign?"""
        return bool(_directions(law, self.main) >= _directions(law, self.other))

    def log_odds(self, vectors: Floats) -> Doubles:
        """(k,) log odds that other rows are of the smaller one."""
        prior = np.log(self.share / (1 - self.share))
        return np.asarray(self.other.log_density(vectors) - self.main.log_density(vectors) + prior)


def find_components(vectors: Floats, seed: int = 0, *, steps: int = LONG) -> Components | None:
    """The two Gaussians in (n, d) L2-normalised rows whose directions agree least; None of fewer than 5 × FEWEST rows,
    and of such as have no directions of their own, like noise.

    `steps` of expectation-maximisation at most from each of the starts.
    """
    if len(vectors) < 5 * FEWEST:
        return None
    with threadpool_limits(1):
        whole = Gaussian.of(vectors)
        if whole.shrinkage > _SHAPELESS:
            return None
        white = whole.whitened(vectors)
        scores = _extremes(white, np.random.default_rng(seed))
        begins = scores, -scores, np.vecdot(white, white)
        best: Components | None = None
        for which, share in _STARTS:
            count = max(int(share * len(vectors)), 2 * FEWEST)
            begun = np.zeros(len(vectors))
            begun[np.argpartition(begins[which], -count)[-count:]] = 1.0
            made = separate(vectors, begun, SHORT)
            if made is not None and made.agreement < _PROMISING:
                made = separate(vectors, expit(np.clip(made.ratio, -30, 30)), steps)
            if made is not None and (best is None or made.agreement < best.agreement):
                best = made
                if best.two_networks and best.agreement < _CLEAR:
                    break
    return best


def separate(vectors: Floats, begun: Doubles, steps: int) -> Components | None:
    """Expectation-maximisation from the probabilities `begun` (n,) of the second Gaussian; None where one vanishes."""
    belongs, n = begun, len(vectors)
    for _ in range(steps):
        if not FEWEST / 2 <= belongs.sum() <= n - FEWEST / 2:
            return None
        one, two = Gaussian.of(vectors, 1 - belongs), Gaussian.of(vectors, belongs)
        share = float(np.clip(belongs.mean(), 1e-4, 1 - 1e-4))
        ratio = two.log_density(vectors) - one.log_density(vectors) + np.log(share / (1 - share))
        new = expit(np.clip(ratio, -30, 30))
        moved, belongs = float(np.abs(new - belongs).max()), new
        if moved < 0.01:
            break
    if not FEWEST / 2 <= belongs.sum() <= n - FEWEST / 2:
        return None
    agreement = max(one.agreement(vectors, belongs), two.agreement(vectors, 1 - belongs))
    if share > 0.5:
        return Components(two, one, 1 - share, -ratio, agreement)
    return Components(one, two, share, ratio, agreement)


def _directions(law: Gaussian, other: Gaussian) -> float:
    """Correlation of the logarithms of both laws' variances along the first one's directions."""
    values, directions = law.spectrum
    return float(np.corrcoef(np.log(values), np.log(np.einsum("ij,ij->j", directions, other.covariance @ directions)))[0, 1])


def _extremes(white: Floats, rng: np.random.Generator) -> Doubles:
    """(n,) scores zᵀ M z of rows at unit length, each without its own part in M, less their mean."""
    unit = normalize(white)
    scores = rng.normal(size=len(unit)).astype(np.float32)
    for _ in range(POWER):
        scores -= scores.mean()
        scores /= np.linalg.norm(scores)
        scores = np.vecdot(unit @ ((unit * scores[:, None]).T @ unit), unit) - scores
    return np.asarray(scores - scores.mean(), dtype=np.float64)
