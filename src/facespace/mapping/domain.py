"""Is a set of vectors in the domain that a map was fitted on?

A map applied to another network's vectors of the same width gives numbers, and all of them are wrong. Every network
spreads faces along its own principal directions, so with mean μ and covariance Σ = V diag(λ) Vᵀ of the training vectors:

    agreement  correlation, over the directions j, of log λ_j with the log of the new vectors' mean (v_jᵀ (x − μ))²
    shift      ‖mean(x) − μ‖ / √trace Σ

On LFW with nine networks, held-out vectors of the same network agree with 0.97–1.00 (0.5–0.98 from only 20 vectors),
another network's of the same width with −0.2–0.34. Other kinds of faces, on which a map loses up to six times as much, agree
with 0.85 and more (docs/maps.md): what is in the domain is the right network's, and no promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import check_vectors, check_width, normalize
from ..results import fields

AGREEMENT_LIMIT = 0.42
SHIFT_LIMIT = 0.5
FEWEST = 20  # with fewer vectors than this the agreement is mostly noise


@dataclass(frozen=True)
class DomainCheck:
    """Agreement and shift of n vectors (see the module), and the reasons that speak against them, if any."""

    n: int
    agreement: float
    shift: float
    reasons: tuple[str, ...]

    @property
    def in_domain(self) -> bool:
        """True if no reason speaks against it."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of `facespace map check`."""
        return {
            "vectors": self.n,
            **fields(self, "in_domain", "agreement", "shift"),
            "limits": {"agreement": AGREEMENT_LIMIT, "shift": SHIFT_LIMIT},
            "reasons": self.reasons,
        }


def check_domain(
    vectors: NDArray[Any], mean: NDArray[Any], spectrum: NDArray[Any], directions: NDArray[Any], what: str
) -> DomainCheck:
    """Compare (n, p) `vectors` with training vectors of that `mean` (p,) and covariance V diag(λ) Vᵀ.

    `spectrum` λ (p,), `directions` V (p, p, columns); `what` was fitted on them, for messages.

    Raises DimensionError for another width, InputError for NaN or zero vectors.
    """
    check_width(vectors, len(mean), what)
    check_vectors(vectors)
    centred = normalize(vectors) - mean
    values = np.maximum(spectrum.astype(np.float64), 0)  # a file may say anything
    # Directions that the network (nearly) never uses carry rounding noise only.
    used = values > 1e-3 * values.mean()
    with np.errstate(all="ignore"):  # a file may say anything; what is no number is no agreement
        power = np.mean((centred @ directions[:, used]).astype(np.float64) ** 2, axis=0)
        agreement = float(np.corrcoef(np.log(power + 1e-12), np.log(values[used]))[0, 1]) if used.sum() > 2 else 1.0
        shift = float(np.linalg.norm(centred.mean(axis=0, dtype=np.float64)) / np.sqrt(values.sum() or 1.0))
    reasons = []
    if len(vectors) < FEWEST:
        reasons.append(f"{len(vectors)} vectors are too few to tell; give at least {FEWEST}")
    elif not agreement >= AGREEMENT_LIMIT:
        reasons.append(
            f"their principal directions agree with the training vectors' by {agreement:.2f} (limit {AGREEMENT_LIMIT}): "
            "another network, or another preprocessing"
        )
    # The mean of n vectors scatters by 1/√n about the true one.
    if shift > SHIFT_LIMIT + 2 / np.sqrt(len(vectors)):
        reasons.append(f"their mean lies {shift:.2f} standard deviations from the training mean (limit {SHIFT_LIMIT})")
    return DomainCheck(len(vectors), agreement, shift, tuple(reasons))
