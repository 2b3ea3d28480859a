"""The families of maps by name: what `--method` and `fit_map(method=…)` accept."""

from __future__ import annotations

from typing import Literal

from ...errors import unknown_name
from ..statistics import Doubles, Moments
from .anchored import AnchoredMap
from .base import LinearEstimator
from .cca import CCAMap
from .identity import GivenMap, IdentityMap
from .joint import JointMap
from .likelihood import LikelihoodMap
from .ols import LeastSquaresMap
from .reduced_rank import ReducedRankMap
from .ridge import RidgeMap
from .rotation import OrthogonalMap, RotationMap
from .spectral import SpectralMap

FAMILIES = ("identity", "ols", "ridge", "rotation", "orthogonal", "reduced-rank", "cca", "spectral", "anchored")
TWO_SIDED = ("joint", "likelihood")  # they map the target too; what "auto-both" chooses may do so
METHODS = ("auto", *FAMILIES, *TWO_SIDED, "auto-both")  # all that `fit_map` takes


def make_estimator(
    method: str,
    *,
    alpha: float | Literal["auto"] = 1.0,
    rank: int | Literal["auto"] = "auto",
    galleries: tuple[Moments, Moments] | None = None,
    center: bool = True,
) -> LinearEstimator:
    """The unfitted estimator of the family `method`; options a family doesn't have are ignored.

    `galleries` are the moments of more embeddings of both networks than are paired; anchored alone uses them.

    `center=False` gives the papers' uncentred forms. The identity is never centred: it is the control.
    """
    match method:
        case "identity":
            return IdentityMap(center=False)
        case "ols":
            return LeastSquaresMap(center=center)
        case "ridge":
            return RidgeMap(alpha, center=center)
        case "rotation":
            return RotationMap(center=center)
        case "orthogonal":
            return OrthogonalMap(center=center)
        case "reduced-rank":
            return ReducedRankMap(rank, alpha=alpha, center=center)
        case "cca":
            return CCAMap(center=center)
        case "spectral":
            return SpectralMap(center=center)
        case "anchored":  # its strengths come from the data; `alpha` is ridge's
            return AnchoredMap(galleries=galleries, center=center)
    raise unknown_name("method", method, FAMILIES)


def candidates(
    p: int,
    q: int,
    *,
    galleries: tuple[Moments, Moments] | None = None,
    start: Doubles | None = None,
    center: bool = True,
) -> dict[str, LinearEstimator]:
    """What `auto` chooses among for widths p → q, by a label that says how each was made, the first preferred.

    Their order is how little each lost on other faces than its keys (twelve ordered pairs of networks, 1,000 images of LFW
    as keys, judged on CFP's frontal faces): taking cca unless another is clearly better lost 1.04 points, the least error
    1.10, a rotation unless another is clearly better 1.19.

    `start` (p, q) is the weight of a map of other pairs: it comes first, as it is and sharpened by these pairs.
    With `center` all are fitted about the means, except one as a control; without it the pairs are centred already.
    """
    # Spaces of equal width may already be one space: two exports of one network, or a compatible retraining.
    found: dict[str, LinearEstimator] = {"identity": IdentityMap()} if p == q else {}
    if start is not None:
        found |= {"start": GivenMap(start, center=center), "start+anchored": AnchoredMap(start=start, center=center)}
    found |= {
        "cca(ρ=0.1)": CCAMap(0.1, center=center),
        "cca(ρ=0.3)": CCAMap(0.3, center=center),
        "rotation": RotationMap(center=center),
        "spectral(γ=0.25)": SpectralMap(0.25, center=center),
        "anchored": AnchoredMap(galleries=galleries, center=center),
        "ridge(α=1)": RidgeMap(1.0, center=center),
        "cca(ρ=0.03)": CCAMap(0.03, center=center),
    }
    if center:
        found["ridge(α=1, uncentred)"] = RidgeMap(1.0, center=False)
    return found | {
        "ridge(α=gcv)": RidgeMap("auto", center=center),
        "reduced-rank": ReducedRankMap("auto", alpha="auto", center=center),
    }


def joint_candidates() -> dict[str, JointMap]:
    """The regularizations that the two-sided map is chosen among, by label."""
    return {f"joint(ρ={rho})": JointMap(rho) for rho in (0.1, 0.03)}


def all_candidates(p: int, q: int) -> dict[str, LinearEstimator | JointMap | LikelihoodMap]:
    """What "auto-both" chooses among: `candidates`, the common spaces, and the likelihood ratio, which adapts most."""
    one_sided = dict(candidates(p, q))
    first = {"identity": one_sided.pop("identity")} if p == q else {}
    return {**first, **joint_candidates(), **one_sided, "likelihood": LikelihoodMap()}
