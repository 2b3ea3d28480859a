"""`explain_pair`: one comparison, explained on both faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from ..given import MAP, MapFile, as_map, takes
from ..images import Crops
from ..mapping import LinearMap
from ..results import fields, signature
from ..shown import Result
from .cross import probe_head, reference_head
from .deciding import TableThreshold
from .methods import TITLES, Importance, check_methods
from .network import ExplainableNetwork, pool
from .residuals import Floats, Residuals, residuals
from .saliency import Affine, CosineDecomposition, decompose, saliency

#: Methods whose maps have a sign: what speaks for one person, and what against.
SIGNED = ("reconstruction", "stylianou-max", "stylianou-avg", "occlusion", "rise", "minplus", "shap")


@dataclass(frozen=True, eq=False)
class ExplainedFace:
    """One side of an explained pair.

    Attributes:
        crop: (height, width, 3) uint8, what the network saw.
        importance: (height, width); signed for the methods of `SIGNED` (positive speaks for one person), else ≥ 0.
        residuals: of the paper's method, to explain further pairs of this image with; None for the others.
    """

    crop: Crops
    importance: Floats
    residuals: Residuals | None = None


@dataclass(frozen=True, eq=False, repr=False)
class PairExplanation(Result):
    """Why a pair was accepted or rejected.

    Attributes:
        network: name. method: one of METHODS or BLACK_BOX.
        faces: one or two; only the first where the other network's map is closed.
        score, threshold: the decision is score ≥ threshold; no decision where the threshold is None.
        completeness_error: the largest |ΣH − (s − τ)| of the faces (the paper's method; None for others).
        counts: channels, dead_residuals, negative_maxima, summed over the faces.
        other_network: name of the network that the second face is compared by, across a map; "" without one.
        other_crop: the second face where that network's map is closed, if it was given; only to be shown.
        passes, convergence: of each face, for black-box methods: forward passes with something hidden, and the correlation
            of the maps by two halves of them; empty for the others.
        standard_error: of each face's map, for rise, in the map's unit (a correlation); empty for the others.
        threshold_source: where the threshold comes from, if a table of the network's scores has it.
    """

    drawn_by: ClassVar[str] = "explain.picture.picture"

    network: str
    method: str
    faces: tuple[ExplainedFace, ...]
    score: float
    threshold: float | None
    completeness_error: float | None
    counts: dict[str, int]
    signature: str
    other_network: str = ""
    other_crop: Crops | None = None
    passes: tuple[int, ...] = ()
    convergence: tuple[float, ...] = ()
    standard_error: tuple[float, ...] = ()
    threshold_source: TableThreshold | None = None

    @property
    def accepted(self) -> bool | None:
        """Is the score at or above the threshold? None without one."""
        return None if self.threshold is None else self.score >= self.threshold

    @property
    def decision(self) -> str | None:
        """The decision in words; None without a threshold."""
        return None if self.accepted is None else ("same person" if self.accepted else "different people")

    def verdict(self) -> str:
        """Score, threshold and decision in one line."""
        if self.threshold is None:
            return f"Score {self.score:.3f}; no threshold given and none known, so no decision"
        return f"Score {self.score:.3f} {'≥' if self.accepted else '<'} threshold {self.threshold:.3f}: {self.decision}"

    def brief(self) -> str:
        """The headline and its counts in a line."""
        return f"{self.network}, {self.method}: {self.verdict()}"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace explain`."""
        return {
            **fields(self, "signature", "network"),
            "other_network": self.other_network or None,
            **fields(self, "method", "score", "threshold", "decision", "completeness_error", "counts"),
            **fields(self, "passes", "convergence", "standard_error"),
            "threshold_source": None if self.threshold_source is None else self.threshold_source.to_dict(),
        }


@takes(mapping=MAP)
def explain_pair(
    crop: Crops,
    other: Crops | NDArray[np.floating[Any]],
    network: ExplainableNetwork,
    *,
    method: str = "reconstruction",
    threshold: float | None = None,
    normalization: str = "l1",
    cumulative: bool = False,
    channel_threshold: float | None = None,
    mapping: LinearMap | MapFile | None = None,
    other_network: ExplainableNetwork | None = None,
    other_crop: Crops | None = None,
    kept: tuple[Residuals | None, Residuals | None] = (None, None),
    seed: int = 0,
) -> PairExplanation:
    """Explain the comparison of two aligned faces.

    Args:
        crop: (height, width, 3) uint8, as `network` takes it.
        other: the second face; or, with `mapping`, the second image's (q,) embedding by the map's target network.
        network: with a decoder for the paper's method.
        method: one of METHODS.
        threshold: τ; by default the network's own. Across networks it must be given.
        normalization, cumulative, channel_threshold: Algorithm 1's ambiguities, see `residuals` and `saliency`.
        mapping: a map from `network`'s embeddings to another network's.
        other_network: the map's target, when it can be explained too; the second face is then explained in its channels.
        other_crop: the second face's picture, where `other` is its embedding; only to be shown beside the first.
        kept: residuals of either image from an earlier explanation: what takes long.

    Raises InputError when no threshold is known, UnknownNameError for another method, ModelError where a decoder is missing,
    DimensionError for a map between embeddings of other widths.
    """
    mapping = as_map(mapping)
    check_methods([method], network)
    tau = threshold if threshold is not None else (network.threshold if mapping is None else None)
    if tau is None:
        raise InputError("no threshold to decide by", "Give the operating threshold (--threshold), such as verify reports.")
    crops = [crop] if np.ndim(other) == 1 else [crop, np.asarray(other, dtype=np.uint8)]
    networks = [network, other_network or network]
    if mapping is None and (other_network is not None or len(crops) == 1):
        raise InputError("two networks are compared through a map", "Give the map (--map).")
    if mapping is not None and other_network is None and len(crops) == 2:
        raise InputError("with a map the second image is its embedding by the other network, or needs that network")
    maps = [n.maps(c[None])[0] for n, c in zip(networks, crops, strict=False)]
    cosines = _cosines(networks, maps, other, mapping)
    faces, errors = [], []
    counts = dict.fromkeys(("channels", "dead_residuals", "negative_maxima"), 0)
    for i, (net, picture, a, c) in enumerate(zip(networks, crops, maps, cosines, strict=False)):
        if method == "reconstruction":
            if net.decoder is None:
                raise ModelError(
                    f"{net.name} has no decoder", "Take another method, or explain_black_box, which needs none."
                )
            r = kept[i] or residuals(a, net.decoder, normalization=normalization, cumulative=cumulative)
            found = saliency(r, c, tau, channel_threshold=channel_threshold)
            errors.append(found.completeness_error)
            counts = {key: counts[key] + value for key, value in r.counts.items()}
            faces.append(ExplainedFace(picture, found.signed, r))
        else:
            faces.append(ExplainedFace(picture, _importance(net, method, picture, a, c, tau, seed + i)))
    line = signature(
        "explain",
        network=network.name,
        map=mapping and f"{mapping.source_model}>{mapping.target_model}",
        method=method,
        normalization=normalization if method == "reconstruction" else None,
        cumulative=cumulative or None,
        threshold=f"{tau:.4f}",
    )
    error = max(errors) if errors else None
    second = "" if mapping is None else (other_network.name if other_network else mapping.target_model or "other network")
    shown = other_crop if len(crops) == 1 else None
    return PairExplanation(
        network.name, method, tuple(faces), cosines[0].score, float(tau), error, counts, line, second, shown
    )


def _cosines(
    networks: list[ExplainableNetwork], maps: list[Floats], other: Any, mapping: LinearMap | None
) -> list[CosineDecomposition]:
    """Of each face whose map is open, as the first of its pair."""
    features = [pool(a[None], n.pooling)[0] for n, a in zip(networks, maps, strict=False)]
    if mapping is None:
        head = networks[0].head
        return [decompose(features[0], features[1], head, head), decompose(features[1], features[0], head, head)]
    probe = probe_head(mapping, networks[0], features[0])
    if len(maps) == 1:
        reference = mapping.reference(np.asarray(other, dtype=np.float32)[None])[0]
        return [decompose(features[0], reference, probe)]
    back: Affine = reference_head(mapping, networks[1], features[1])
    return [decompose(features[0], features[1], probe, back), decompose(features[1], features[0], back, probe)]


def _importance(
    network: ExplainableNetwork, method: str, crop: Crops, a: Floats, cosine: CosineDecomposition, tau: float, number: int
) -> Floats:
    found = Importance(network, tau)([method], crop[None], a[None], [cosine], [0], [number])
    return np.asarray(found[method][0])


def parts(explanation: PairExplanation, face: ExplainedFace) -> dict[str, Floats]:
    """The maps to show of a face by their names: S⁺, S⁻ and S, or the one importance of a method without sign.

    Of black-box methods S⁺ and S⁻: hiding a place moves the score one way, so |H| says nothing that they don't.
    """
    if explanation.method not in SIGNED:
        return {TITLES[explanation.method]: face.importance}
    h = face.importance
    shown = {"S⁺": np.maximum(h, 0), "S⁻": np.maximum(-h, 0)}
    return shown if explanation.passes else {**shown, "S": np.abs(h)}
