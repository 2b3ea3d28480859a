"""`verify`: how well one embedding space, or two with a map between them, tell people apart on a list of pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol, contiguous_folds, person_pairs
from ..embeddings import EmbeddingSet
from ..errors import InputError, shorten
from ..given import (
    COHORT,
    FACES,
    MAP,
    PAIRS,
    RATES,
    CohortLike,
    MapFile,
    ProtocolLike,
    RatesLike,
    SetLike,
    as_cohort,
    as_map,
    as_pairs,
    as_rates,
    as_set,
    takes,
)
from ..metrics import CurveLimits, Roc, chance_warning, check_folds, kfold_accuracy, subject_intervals
from ..people import people_of
from ..results import signature
from ..row_index import text_hashes
from .cohort import cohort_label, cohort_warnings, mapped_scores
from .pair_people import subjects_of
from .provenance import compared_about, fitted_pairs, fitted_warning, model_warnings
from .result import ScoredPairs, VerificationResult
from .scores import PairMap, PairRows, check_target, pair_rows
from .suspected import label_warnings

NOBODY_KNOWN = "the people in the pairs are not known, so the intervals take pairs as independent and are too narrow"
FARS = (1e-1, 1e-2, 1e-3, 1e-4)


@takes(a=FACES, b=FACES, protocol=PAIRS, map=MAP, cohort=COHORT, fars=RATES)
def verify(
    a: SetLike,
    b: SetLike | None = None,
    *,
    protocol: ProtocolLike | None = None,
    map: PairMap | MapFile | None = None,
    fars: RatesLike = FARS,
    cohort: CohortLike | None = None,
    allow_missing: bool = False,
    intervals: bool = True,
    strict: bool = False,
    seed: int = 0,
) -> VerificationResult:
    """Score the pairs of `protocol` and measure accuracy, ROC, TAR@FAR, AUC and EER.

    The left image of a pair is taken from `a`, the right one from `b` (from `a` too when `b` is None). The score is
    their cosine, with `map` cos(map.probe(x), map.reference(y)). Without `protocol` pairs and folds are made of the people
    (`datasets.person_pairs`, by `seed`), which a warning tells.

    Accuracy is that of `kfold_accuracy`, exact search. A protocol without folds is cut into ten (fewer when a class has
    fewer pairs) by `seed`, each with its share of genuine and impostor pairs; the signature says so. A person may then be
    in several folds, which touches nothing but the choice of one threshold.

    `cohort` are other people's embeddings, by the network of `a` and by that of the right side: scores are then corrected by
    how close each side is to them (`facespace.metrics.cohort`), which takes back part of a map's loss.

    Intervals are at 95 %, of people where they are known (`subjects_of`), else of pairs, with a warning;
    `intervals=False` leaves them out.

    Where the map says that it was fitted on images of the pairs, or on their people, a warning counts these pairs, and
    `unseen` is the result on the others; `strict` refuses instead.

    Raises:
        InputError: ids without embedding (unless `allow_missing`: they are counted then), a map without `b`, an embedding
            that the map sends to zero, a FAR outside 0 … 1, an image of the pairs in the cohort, with `strict` pairs that
            the map was fitted on.
        DimensionError: the widths don't match.
    """
    a, b, map, cohort, fars = as_set(a), as_set(b), as_map(map), as_cohort(cohort), as_rates(fars)
    check_target(map, b)
    other = a if b is None else b
    protocol = person_pairs(a, *([] if b is None else [b]), seed=seed) if protocol is None else as_pairs(protocol)
    rows = pair_rows(protocol, a, other, allow_missing=allow_missing)
    kept = protocol if rows.kept.all() else protocol.take(rows.kept)
    people = subjects_of(kept, a, other) if intervals else None
    warnings = [*protocol.notes, *_missing_warnings(protocol, rows, a)]
    warnings += model_warnings([a, other], map)
    seen = fitted_pairs(map, a, other, rows)
    if strict and (seen.any() or (map is not None and getattr(map, "fitted", None) is None)):
        what = "; ".join(fitted_warning(seen, "pairs")) or "the map doesn't say what it was fitted on"
        raise InputError(what, "Judge it on other people (facespace.datasets.exclude_people), or leave out --strict.")
    unseen = None
    if seen.any():
        warnings += fitted_warning(seen, "pairs")
        try:
            options: dict[str, Any] = {"fars": fars, "cohort": cohort, "intervals": intervals, "seed": seed}
            unseen = verify(a, b, protocol=kept.take(~seen), map=map, **options)
            warnings[-1] += f"; without them: {unseen.headline()}"
        except InputError:  # a whole class of pairs is gone
            warnings[-1] += "; without them nothing is left to judge by"
    scores = mapped_scores(a, other, rows, map, cohort)
    if cohort is not None:
        shown = [people_of(faces).names[used] for faces, used in ((a, rows.left), (other, rows.right))]
        warnings += cohort_warnings(cohort, text_hashes(np.concatenate(shown)), "the pairs")
    genuine, impostor = scores[kept.same], scores[~kept.same]
    warnings += label_warnings(kept, scores)
    roc = Roc(genuine, impostor)
    tar = tuple(roc.tar_at_far(far) for far in fars)

    fold, notes = judged_folds(kept, seed)
    warnings += notes
    accuracy = None if fold is None else kfold_accuracy(scores, kept.same, fold)
    interval, people_by = "none", None
    low = high = balanced_low = balanced_high = None
    curve = CurveLimits()
    from_intervals: tuple[str, ...] = ()
    if intervals:
        people_by = people[0].source if people else "nobody"
        interval = "subjects-dyadic" if people else "pairs-independent"
        if people is None:
            warnings.append(NOBODY_KNOWN)
        correct = np.zeros(len(kept), dtype=np.bool_)
        if accuracy is not None and fold is not None:
            correct = (scores >= accuracy.thresholds[np.unique(fold, return_inverse=True)[1]]) == kept.same
        names = (people[0].names, people[1].names) if people else None
        found = subject_intervals(scores, kept.same, correct, names, fars, fold=fold, eer=roc.eer)
        curve = found.curve
        from_intervals = found.warnings
        tar = tuple(replace(row, low=lo, high=hi) for row, (lo, hi) in zip(tar, found.tar, strict=True))
        if accuracy is not None:
            (low, high), (balanced_low, balanced_high) = found.accuracy, found.balanced
    if accuracy is not None:
        warnings += chance_warning(accuracy.mean, low, kept.same)
    line = signature(
        protocol.name,
        model=a.model or None,
        target=None if b is None else b.model or None,
        map=None if map is None else getattr(map, "method", type(map).__name__),
        pairs=len(kept),
        skipped=len(protocol) - len(kept) or None,
        excluded=protocol.excluded or None,
        cohort=cohort_label(cohort),
        about=compared_about(map, a, b),
        folds=None if accuracy is None else f"{len(accuracy.folds)}-{'protocol' if kept.n_folds > 1 else 'random'}",
        threshold="exact",
        interval=interval,
        people_by=people_by,
        seed=seed,
    )
    return VerificationResult(
        signature=line,
        pairs=len(kept),
        genuine=len(genuine),
        impostor=len(impostor),
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        balanced_low=balanced_low,
        balanced_high=balanced_high,
        tar=tar,
        auc=roc.auc,
        eer=roc.eer,
        warnings=(*warnings, *(row.warning for row in tar if row.warning), *from_intervals),
        interval=interval,
        missing_left=len(rows.missing_left),
        missing_right=len(rows.missing_right),
        skipped=len(protocol) - len(kept),
        roc=roc,
        genuine_scores=genuine,
        impostor_scores=impostor,
        fitted_pairs=int(np.count_nonzero(seen)),
        excluded=protocol.excluded,
        unseen=unseen,
        scored=ScoredPairs(kept.left, kept.right, kept.same, scores, fold),
        curve=curve,
    )


def _missing_warnings(protocol: PairProtocol, rows: PairRows, faces: EmbeddingSet) -> list[str]:
    if rows.kept.all():
        return []
    missing = np.union1d(rows.missing_left, rows.missing_right)
    return [
        f"{int((~rows.kept).sum()):,} of {len(protocol):,} pairs were left out, because {len(missing):,} ids have no "
        f"embedding: {shorten(missing.tolist())}. {faces.unseen(missing)}"
    ]


def judged_folds(protocol: PairProtocol, seed: int) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Folds (n,) to measure accuracy in, the protocol's or random ones, None where there can be none; and warnings."""
    fold = protocol.fold if protocol.n_folds > 1 else random_folds(protocol.same, seed)
    if fold is None:
        return None, ["too few pairs for two folds: no accuracy"]
    try:
        one_class = check_folds(protocol.same, fold)
    except InputError as error:
        return None, [f"no accuracy: {error.message}"]
    if not one_class:
        return fold, []
    return fold, [
        f"fold {shorten(one_class)} has pairs of one class only: the mean and the deviation over folds mix accuracies "
        "on genuine and on impostor pairs"
    ]


def random_folds(same: NDArray[np.bool_], seed: int, k: int = 10) -> NDArray[np.int64] | None:
    """(n,) fold of each pair, every fold with its share of both classes; None when a class has fewer than two pairs."""
    k = min(k, int(same.sum()), int((~same).sum()))
    if k < 2:
        return None
    rng = np.random.default_rng(seed)
    fold = np.empty(len(same), dtype=np.int64)
    for kind in (same, ~same):
        runs = contiguous_folds(int(kind.sum()), k)
        if runs is None:
            raise InputError(f"{int(kind.sum())} pairs can't be cut into {k} folds")
        fold[kind] = rng.permutation(runs)
    return fold
