"""`verify_templates`: 1:1 verification of templates, native or across two networks, at the size of IJB-C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..datasets import TemplateProtocol
from ..embeddings import EmbeddingSet, check_vectors, normalize
from ..errors import DimensionError, InputError, shorten
from ..given import ANY, COHORT, MAP, TEMPLATES, CohortLike, MapFile, SetLike, as_any, as_cohort, as_map, takes
from ..metrics import ScoreHistogram
from ..row_index import AnySet, text_hashes
from ..verification import (
    Cohort,
    PairMap,
    check_cohort,
    check_target,
    cohort_label,
    cohort_warnings,
    compared_about,
    corrections,
    fitted_images,
    fitted_warning,
    model_warnings,
)
from ._scores import TemplateScores
from .pooling import pool_templates
from .result import TEMPLATE_FARS, TemplateVerificationResult, merge_shards
from .shards import TemplateShard

_ROOM = 1 << 20  # scores that are always kept one by one: 20 MB
_EXACT_FAR = 0.1  # the histogram keeps the scores down to this FAR one by one, whatever rates are asked for


@takes(a=ANY, b=ANY, protocol=TEMPLATES, map=MAP, cohort=COHORT)
def verify_templates(
    a: SetLike,
    b: SetLike | None = None,
    *,
    protocol: TemplateProtocol,
    map: PairMap | MapFile | None = None,
    map_faces: bool = False,
    fars: Sequence[float] = TEMPLATE_FARS,
    normalize_faces: bool = False,
    weights: ArrayLike | None = None,
    in_list_order: bool = False,
    cohort: CohortLike | None = None,
    allow_missing: bool = False,
    nearest: bool = False,
    intervals: bool = True,
    workers: int = 2,
) -> TemplateVerificationResult:
    """Pool the faces of `protocol` into templates, score its pairs, and measure ROC, TAR@FAR, AUC and EER.

    The left template of a pair is made from the embeddings in `a`, the right one from `b` (from `a` too when `b` is None).
    The score is their cosine; with `map` cos(map.probe(x), map.reference(y)) of the pooled templates x and y.

    `map_faces` maps every face and pools then, the order of McNeely-White et al. 2021, section 3.3. For their maps, linear
    on vectors as the network gave them, both orders are one and the same; ours bring a vector to unit length first, so
    the orders differ a little. Pooling first needs twenty times fewer products and no face, only templates.

    Args:
        a, b, protocol, map, map_faces: see above. Sets in files (`EmbeddingSet.open`) are read once; templates are in
            memory.
        fars: false accept rates of the table.
        cohort: embeddings of other people, by the network of `a` and by that of the right side; scores are corrected by them
            as in `verify`. They are compared with the templates as they are: faces, or templates (`pool_templates`).
        normalize_faces, weights, in_list_order: see `pool_templates`; `in_list_order` concerns both sets.
        allow_missing: pool templates from the faces that have an embedding, leave out pairs of those that have none, and
            count both; otherwise a missing embedding is an error.
        nearest: also read TAR at the nearest FAR (`Roc.tar_at_nearest_far`).
        intervals: 95 % intervals that take people as the sample; without them only counts of scores are kept.
        workers: threads. The result does not depend on them.

    Raises InputError and DimensionError as `verify` does, for templates that sum to zero, and for images of the templates
    in the cohort.
    """
    a, b, map, cohort = as_any(a), as_any(b), as_map(map), as_cohort(cohort)
    check_target(map, b)
    shard = score_shard(
        a,
        b,
        protocol=protocol,
        map=map,
        map_faces=map_faces,
        fars=fars,
        normalize_faces=normalize_faces,
        weights=weights,
        in_list_order=in_list_order,
        cohort=cohort,
        allow_missing=allow_missing,
        keep_scores=intervals,
        workers=workers,
    )
    return merge_shards([shard], fars=fars, nearest=nearest, intervals=intervals)


def score_shard(
    a: AnySet,
    b: AnySet | None = None,
    *,
    protocol: TemplateProtocol,
    map: PairMap | None = None,
    map_faces: bool = False,
    shard: tuple[int, int] = (1, 1),
    fars: Sequence[float] = TEMPLATE_FARS,
    normalize_faces: bool = False,
    weights: ArrayLike | None = None,
    in_list_order: bool = False,
    cohort: Cohort | None = None,
    allow_missing: bool = False,
    keep_scores: bool = True,
    workers: int = 2,
) -> TemplateShard:
    """Part `shard` = (i, n) of what `verify_templates` scores; all n parts go into `merge_shards`.

    A part has the pairs of a run of left templates. Without `keep_scores` it holds counts only, and the merged result has
    no intervals.
    """
    pooling: dict[str, Any] = {"normalize_faces": normalize_faces, "weights": weights, "in_list_order": in_list_order}
    how: dict[str, Any] = {"allow_missing": allow_missing, "workers": workers}
    sides = []
    for faces, side in ((a, "probe"), (b, "reference")):
        if faces is not None:
            moved = getattr(map, side) if map_faces and map is not None else None
            sides.append(pool_templates(faces, protocol, transform=moved, **pooling, **how))
    scoring = how | {"shard": shard, "fars": fars, "cohort": cohort, "keep_scores": keep_scores}
    return score_templates(*sides, protocol=protocol, map=map, mapped=map_faces, **scoring)


def score_templates(
    a: EmbeddingSet,
    b: EmbeddingSet | None = None,
    *,
    protocol: TemplateProtocol,
    map: PairMap | None = None,
    mapped: bool = False,
    shard: tuple[int, int] = (1, 1),
    fars: Sequence[float] = TEMPLATE_FARS,
    cohort: Cohort | None = None,
    allow_missing: bool = False,
    keep_scores: bool = True,
    workers: int = 2,
) -> TemplateShard:
    """As `score_shard`, of templates already pooled: the ids of `a` and `b` are the names of the templates.

    So a study of many networks pools each of them once. `mapped` says that the templates were pooled from faces that
    `map` had mapped.
    """
    index, count = shard
    if not 1 <= index <= count:
        raise InputError(f"there is no shard {index} of {count}", "Shards are numbered from 1: 1/4, 2/4, 3/4, 4/4.")
    other = a if b is None else b
    x, has_left = _aligned(a, protocol, None if map is None or mapped else map.probe)
    y, has_right = (x, has_left) if b is None and map is None else _aligned(other, protocol, _reference(map, mapped))
    if x.shape[1] != y.shape[1]:
        raise DimensionError(
            f"templates of width {x.shape[1]} can't be compared with templates of width {y.shape[1]}",
            "The sets are of different networks: fit a map between them first (facespace map fit).",
        )
    pooled = cohort is not None and "pooling" in cohort[0].metadata
    check_cohort(cohort, protocol.templates if pooled else protocol.images, "the templates")
    kept = has_left[protocol.left] & has_right[protocol.right]
    absent = max(int(faces.metadata.get("missing_faces", 0)) for faces in (a, other))
    skipped = len(protocol) - int(np.count_nonzero(kept))
    if skipped and not allow_missing:
        gone = protocol.templates[~(has_left & has_right)].tolist()
        raise InputError(
            f"{skipped:,} pairs of {protocol.name!r} name templates without an embedding: {shorten(gone)}",
            "To leave these pairs out: --allow-missing.",
        )
    genuine = int(np.count_nonzero(protocol.same & kept))
    plan = TemplateScores(protocol.left, protocol.right)
    chosen = None
    if skipped or count > 1:
        chosen = np.flatnonzero(kept & plan.shard(index, count) if count > 1 else kept)
    scores = plan.scores(x, y, chosen, workers, None if cohort is None else corrections(x, y, map, cohort))
    same = protocol.same if chosen is None else protocol.same[chosen]
    # All parts keep the same number of scores, enough for every rate asked for.
    tail = max([_EXACT_FAR, *(far for far in fars if far <= 0.5)])
    room = max(genuine + int(1.02 * tail * (len(protocol) - skipped - genuine)), _ROOM)
    people = protocol.people if keep_scores else None
    sides = (protocol.left, protocol.right)
    left, right = (None if people is None else people[c if chosen is None else c[chosen]] for c in sides)
    facts = {
        "protocol": protocol.name,
        "model": a.model or None,
        "target": None if b is None else b.model or None,
        "map": None if map is None else getattr(map, "method", "") or type(map).__name__,
        "mapped": None if map is None else "faces" if mapped else "templates",
        "pooling": a.metadata.get("pooling"),
        "faces": len(protocol.images),
        "templates": len(protocol.templates),
        "pairs": len(protocol) - skipped,
        "genuine": genuine,
        "skipped": skipped,
        "missing_faces": absent,
    }
    if (about := compared_about(map, a, b)) is not None:
        facts["about"] = about
    if cohort is not None:
        facts["cohort"] = cohort_label(cohort)
    histogram = ScoreHistogram(room).update(scores, same)
    kept_scores: tuple[Any, Any] = (scores, same) if keep_scores else (None, None)
    notes = _warnings(a, b, map, facts) + fitted_warning(_fitted_pairs(map, protocol), "pairs of templates")
    if protocol.subject is not None:
        notes += cohort_warnings(cohort, text_hashes(protocol.subject), "the templates")
    return TemplateShard(index, count, facts, histogram, *kept_scores, left, right, tuple(notes))


def _fitted_pairs(map: PairMap | None, protocol: TemplateProtocol) -> NDArray[np.bool_]:
    seen = np.zeros(len(protocol.templates), np.bool_)
    seen[protocol.template[fitted_images(map, protocol.images)]] = True
    if protocol.subject is not None:
        seen |= fitted_images(map, protocol.templates, protocol.subject)
    return seen[protocol.left] | seen[protocol.right] if seen.any() else np.zeros(0, np.bool_)


def _reference(map: PairMap | None, mapped: bool) -> Any:
    return None if map is None or mapped else map.reference


def _aligned(
    templates: EmbeddingSet, protocol: TemplateProtocol, move: Any
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(t, d) unit vectors in the order of the protocol's templates, and which of them there are."""
    rows = templates.find(protocol.templates)
    found = rows >= 0
    if not found.any():
        raise InputError(
            f"none of the templates of {protocol.name!r} is in the set: {shorten(protocol.templates.tolist(), 2)} against "
            f"{shorten(templates.ids.tolist(), 2)}",
            "Pool the faces into templates first (pool_templates).",
        )
    vectors = templates.vectors[rows[found]]
    if move is not None:
        vectors = np.asarray(move(vectors))
        check_vectors(vectors, protocol.templates[found])
    aligned = np.zeros((len(rows), vectors.shape[1]), dtype=np.float32)
    aligned[found] = normalize(vectors)
    return aligned, found


def _warnings(a: EmbeddingSet, b: EmbeddingSet | None, map: PairMap | None, facts: dict[str, Any]) -> list[str]:
    warnings = []
    warnings += model_warnings([a] if b is None else [a, b], map)
    if facts["missing_faces"]:
        warnings.append(
            f"{facts['missing_faces']:,} of the {facts['faces']:,} faces have no embedding; templates were pooled without "
            f"them, and {facts['skipped']:,} pairs left out"
        )
    return warnings
