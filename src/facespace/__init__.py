"""facespace: map, verify and measure the embedding spaces of face-recognition networks.

The public names load on first use, so `import facespace` is fast and imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .capacity import compare_capacity, estimate_capacity, gallery_size, plan_capacity
    from .datasets import PairProtocol, TemplateProtocol, person_pairs, read_ijb, read_lfw_pairs, read_pairs
    from .embeddings import EmbeddingSet
    from .errors import FacespaceError
    from .explain import explain_black_box, explain_pair, fair_tests, hiding_game, white_box_map
    from .identification import identify, match_probes, verify_blufr
    from .io import AesKey, KeyRing, KmsKey, new_key_file, read_keys, rotate_keys, use_keys
    from .labels import audit_labels
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
        check_pairs,
        fit_map,
        load_map,
        refine_map,
    )
    from .models import ModelCard, detect, embed, load_card
    from .photos import compare, find
    from .privacy import audit_attributes, audit_linkage, audit_mixture, audit_privacy, audit_protections
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
    from .verification import System, compare_systems, transfer_threshold, verify

_HOMES = {
    "capacity": "compare_capacity estimate_capacity gallery_size plan_capacity",
    "datasets": "PairProtocol TemplateProtocol person_pairs read_ijb read_lfw_pairs read_pairs",
    "embeddings": "EmbeddingSet",
    "errors": "FacespaceError",
    "explain": "explain_black_box explain_pair fair_tests hiding_game white_box_map",
    "identification": "identify match_probes verify_blufr",
    "io": "AesKey KeyRing KmsKey new_key_file read_keys rotate_keys use_keys",
    "labels": "audit_labels",
    "mapping": (
        "CanonicalSpace IdentityMap LeastSquaresMap LinearMap OrthogonalMap PairStatistics ReducedRankMap RidgeMap "
        "RotationMap TwoSidedMap check_pairs fit_map load_map refine_map"
    ),
    "models": "ModelCard detect embed load_card",
    "photos": "compare find",
    "privacy": "audit_attributes audit_linkage audit_mixture audit_privacy audit_protections",
    "studies": (
        "check_model cross_model_study hub_study pairs_needed rank_study sensitivity_study study_agreement template_study"
    ),
    "templates": "pool_templates verify_templates",
    "verification": "System compare_systems transfer_threshold verify",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AesKey", "CanonicalSpace", "EmbeddingSet", "FacespaceError", "IdentityMap", "KeyRing", "KmsKey", "LeastSquaresMap",
    "LinearMap", "ModelCard", "OrthogonalMap", "PairProtocol", "PairStatistics", "ReducedRankMap", "RidgeMap",
    "RotationMap", "System", "TemplateProtocol", "TwoSidedMap", "__version__", "audit_attributes", "audit_labels",
    "audit_linkage", "audit_mixture", "audit_privacy", "audit_protections", "check_model", "check_pairs", "compare",
    "compare_capacity", "compare_systems", "cross_model_study", "detect", "embed", "estimate_capacity",
    "explain_black_box", "explain_pair", "fair_tests", "find", "fit_map", "gallery_size", "hiding_game", "hub_study",
    "identify", "load_card", "load_map", "match_probes", "new_key_file", "pairs_needed", "person_pairs",
    "plan_capacity", "pool_templates", "rank_study", "read_ijb", "read_keys", "read_lfw_pairs", "read_pairs",
    "refine_map", "rotate_keys", "sensitivity_study", "study_agreement", "template_study", "transfer_threshold",
    "use_keys", "verify", "verify_blufr", "verify_templates", "white_box_map",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
