"""facespace: map, verify and measure the embedding spaces of face-recognition networks.

The public names load on first use, so `import facespace` is fast and imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .capacity import estimate_capacity, gallery_size
    from .datasets import PairProtocol, TemplateProtocol, person_pairs, read_ijb, read_lfw_pairs, read_pairs
    from .embeddings import EmbeddingSet
    from .errors import FacespaceError
    from .explain import explain_black_box, explain_pair, hiding_game
    from .identification import identify, match_probes, verify_blufr
    from .mapping import (
        CanonicalSpace,
        IdentityMap,
        LeastSquaresMap,
        LinearMap,
        OrthogonalMap,
        PairStatistics,
        ReducedRankMap,
        RidgeMap,
        RotationMap,
        TwoSidedMap,
        fit_map,
        load_map,
        refine_map,
    )
    from .models import ModelCard, detect, embed, load_card
    from .privacy import audit_linkage
    from .studies import (
        check_model,
        cross_model_study,
        hub_study,
        pairs_needed,
        rank_study,
        sensitivity_study,
        study_agreement,
        template_study,
    )
    from .templates import pool_templates, verify_templates
    from .verification import compare_systems, transfer_threshold, verify

_HOMES = {
    "capacity": "estimate_capacity gallery_size",
    "datasets": "PairProtocol TemplateProtocol person_pairs read_ijb read_lfw_pairs read_pairs",
    "embeddings": "EmbeddingSet",
    "errors": "FacespaceError",
    "explain": "explain_black_box explain_pair hiding_game",
    "identification": "identify match_probes verify_blufr",
    "mapping": (
        "CanonicalSpace IdentityMap LeastSquaresMap LinearMap OrthogonalMap PairStatistics ReducedRankMap RidgeMap "
        "RotationMap TwoSidedMap fit_map load_map refine_map"
    ),
    "models": "ModelCard detect embed load_card",
    "privacy": "audit_linkage",
    "studies": (
        "check_model cross_model_study hub_study pairs_needed rank_study sensitivity_study study_agreement template_study"
    ),
    "templates": "pool_templates verify_templates",
    "verification": "compare_systems transfer_threshold verify",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "CanonicalSpace", "EmbeddingSet", "FacespaceError", "IdentityMap", "LeastSquaresMap", "LinearMap", "ModelCard",
    "OrthogonalMap", "PairProtocol", "PairStatistics", "ReducedRankMap", "RidgeMap", "RotationMap",
    "TemplateProtocol", "TwoSidedMap", "__version__", "audit_linkage", "check_model", "compare_systems",
    "cross_model_study", "detect", "embed", "estimate_capacity", "explain_black_box", "explain_pair", "fit_map",
    "gallery_size", "hiding_game", "hub_study", "identify", "load_card", "load_map", "match_probes", "pairs_needed",
    "person_pairs", "pool_templates", "rank_study", "read_ijb", "read_lfw_pairs", "read_pairs", "refine_map",
    "sensitivity_study", "study_agreement", "template_study", "transfer_threshold", "verify", "verify_blufr",
    "verify_templates",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
