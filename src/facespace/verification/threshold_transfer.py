"""Threshold transfer: the threshold for mapped A against B at A's false accept rate, from unlabelled embeddings alone.

Random pairs of different images show nearly always two people, so their scores are impostor scores, and their quantile is
the threshold. What is not an impostor pair is corrected for: with a share g of pairs of one person, all of them accepted,

    threshold(FAR) = quantile of the scores at   FAR (1 − g) + g   from above

In a set of n images, c_k of person k, g = Σ c_k (c_k − 1) / (n (n − 1)): 0.03 % in the images of LFW's pairs.txt, 0.3 % in
all of LFW, which is no trifle at FAR 1e-3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..embeddings import check_vectors
from ..engine import Engine
from ..errors import InputError
from ..given import ANY, MAP, RATES, MapFile, RatesLike, SetLike, as_any, as_map, as_rates, takes
from ..metrics import FEW_FALSE_ACCEPTS, allowed_accepts
from ..results import signature
from ..row_index import Progress
from ..shown import Result
from ._cross_pairs import CrossScores, CrossUnits, Share, cross_scores, excess
from .provenance import compared_about, fitted_rows, fitted_warning, model_warnings
from .scores import PairMap
from .suspected import tail_notes

_Z = 1.959963984540054  # of a two-sided 95 % interval


@dataclass(frozen=True, repr=False)
class ThresholdTransfer(Result):
    """The threshold at one false accept rate.

    Attributes:
        far: the FAR asked for.
        threshold: accepted is cos(probe, reference) ≥ threshold.
        low, high: 95 % interval of the threshold that other images (people) of the same kind would have given.
        pairs: random pairs scored.
        false_accepts: impostor scores at or above the threshold, estimated where the people are not known.
        genuine_share: share of the pairs taken to be of one person; 0 where the people are known, since they are left out.
        warning: "" or why the threshold is not to be leant on.
        signature: networks, map, counts and seed in one line.
        notes: what else a reader must know, of all rates alike.
    """

    far: float
    threshold: float
    low: float
    high: float
    pairs: int
    false_accepts: int
    genuine_share: float
    warning: str
    signature: str
    notes: tuple[str, ...] = ()

    def brief(self) -> str:
        """The headline and its counts in a line."""
        return (
            f"threshold {self.threshold:.4f} [{self.low:.4f}, {self.high:.4f}] at FAR {self.far:g}, "
            f"{self.false_accepts:,} false accepts of {self.pairs:,} pairs"
        )


@overload
def transfer_threshold(
    map: PairMap | MapFile, source: SetLike, target: SetLike, far: Sequence[float], **options: Any
) -> tuple[ThresholdTransfer, ...]: ...


@overload
def transfer_threshold(
    map: PairMap | MapFile, source: SetLike, target: SetLike, far: float, **options: Any
) -> ThresholdTransfer: ...


def transfer_threshold(
    map: PairMap | MapFile, source: SetLike, target: SetLike, far: float | Sequence[float], **options: Any
) -> ThresholdTransfer | tuple[ThresholdTransfer, ...]:
    """`transfer_thresholds` for one FAR, or for several at once, which then come as a tuple."""
    if isinstance(far, int | float | np.number):
        return transfer_thresholds(map, source, target, [far], **options)[0]
    return transfer_thresholds(map, source, target, far, **options)


@takes(apart=True, map=MAP, source=ANY, target=ANY, fars=RATES)
def transfer_thresholds(
    map: PairMap | MapFile,
    source: SetLike,
    target: SetLike,
    fars: RatesLike,
    *,
    pairs: int = 2_000_000,
    labels: bool = True,
    genuine_share: float | Literal["estimate"] = "estimate",
    exclude: Sequence[str] = (),
    seed: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> tuple[ThresholdTransfer, ...]:
    """The thresholds at which mapped `source` images against `target` images have the false accept rates `fars`.

    The threshold is the smallest score whose FAR is not above the one asked for, as in TAR@FAR. The interval is
    Woodruff's: the scores at FAR ± 1.96 standard errors, where the standard error knows that pairs share images (dyadic
    cluster-robust variance; Aronow, Samii and Assenova 2015), or people where these are known.

    The sets may be larger than memory (`EmbeddingSet.open`). Of more than 50,000 images pairs are drawn from 50,000, chosen
    by the hashes of their ids: their vectors alone are read, and the interval is that of so many images.

    Args:
        map: a LinearMap, a TwoSidedMap or another pair of `probe` and `reference`. Its scores are about its origin; for a
            gallery that it has moved, whose cosines are about zero, give `map.about_zero()`.
        source, target: embeddings that need no labels and no common images.
        fars: rates above 0, at most 1.
        pairs: how many random pairs; all, if there are not more.
        labels: leave out pairs of one person, and images of unknown people, where both sets know people
            (`facespace.people`); False asks nobody.
        genuine_share: of the remaining pairs, how many are of one person (`expected_genuine_share`), or "estimate": what
            lies above the extrapolated tail of the impostor scores. Not used where people are known.
        exclude: ids to leave out on either side, such as wrongly labelled ones; ids that no set has are passed over.
        seed: of the random pairs, and of the images that they are drawn from.
        engine, progress: where the ids of large sets are read, and who hears of it (what, rows done, rows in all).

    Raises:
        InputError: a FAR outside (0, 1], no pairs, an embedding that the map sends to zero.
        DimensionError: widths that don't fit the map.
    """
    map, source, target, fars = as_map(map), as_any(source), as_any(target), as_rates(fars)
    for far in fars:
        if not 0 < far <= 1:
            raise InputError(f"a threshold needs a false accept rate above 0 and at most 1, not {far:g}")
    if not fars:
        raise InputError("name at least one false accept rate", "For example 1e-2,1e-3.")
    _check_share(genuine_share)
    notes = fitted_warning(fitted_rows(map, source, engine), "source images")
    notes += fitted_warning(fitted_rows(map, target, engine), "target images")
    notes += model_warnings([source, target], map)
    a, b, units = CrossUnits.of(source, target, labels=labels, seed=seed, exclude=exclude, engine=engine, progress=progress)
    probes, references = np.asarray(map.probe(a.vectors)), np.asarray(map.reference(b.vectors))
    check_vectors(probes, a.ids)
    check_vectors(references, b.ids)
    tail_share = 4 * max(fars) + 0.01
    while True:
        scores = cross_scores(probes, references, units, pairs=pairs, tail_share=tail_share, seed=seed)
        genuine = Share(0.0, 0.0, 0.0) if units.labelled else _genuine_share(scores, genuine_share)
        reach = max(_reach(scores, far, genuine) for far in fars)
        if reach < len(scores.tail) or len(scores.tail) == scores.n:
            break
        tail_share = 1.5 * reach / pairs  # pairs of one person, or few units, ask for more of the scores
    notes += [genuine.note] * bool(genuine.note)
    notes += tail_notes(scores) if units.labelled else []
    line = signature(
        "threshold-transfer",
        source=source.model or None,
        target=target.model or None,
        map=getattr(map, "method", "") or type(map).__name__,
        about=compared_about(map),
        images=f"{len(a)}x{len(b)}" if units.drawn else None,
        excluded=len(exclude) or None,
        pairs=scores.n,
        people="known" if units.labelled else "unknown",
        genuine=None if units.labelled else f"{genuine.value:.3g}",
        interval="woodruff-dyadic",
        seed=seed,
    )
    return tuple(replace(_threshold(scores, far, genuine, line), notes=tuple(notes)) for far in fars)


@takes(faces=ANY)
def operating_far(
    faces: SetLike,
    threshold: float,
    *,
    pairs: int = 2_000_000,
    labels: bool = True,
    genuine_share: float | Literal["estimate"] = "estimate",
    exclude: Sequence[str] = (),
    seed: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> float:
    """The false accept rate of a network's own `threshold` on cosines, from its (unlabelled) embeddings.

    Raises InputError when no more pairs pass than the expected genuine ones: there is no rate to transfer then.
    All `pairs` scores are kept, 20 bytes each, because the threshold may lie anywhere among them. Arguments are those of
    `transfer_thresholds`.
    """
    _check_share(genuine_share)
    faces = as_any(faces)
    a, b, units = CrossUnits.of(faces, faces, labels=labels, seed=seed, exclude=exclude, engine=engine, progress=progress)
    scores = cross_scores(a.vectors, b.vectors, units, pairs=pairs, tail_share=1.0, seed=seed)
    genuine = 0.0 if units.labelled else _genuine_share(scores, genuine_share).value
    accepted = int(np.count_nonzero(scores.tail >= threshold))
    far = (accepted / scores.n - genuine) / (1 - genuine)
    if far <= 0:
        raise InputError(
            f"of {scores.n:,} random pairs {accepted} pass the threshold {threshold:g}, no more than pairs of one person do",
            "Its false accept rate is too low to be measured on these images: give more of them, or name the rate.",
        )
    return far


def expected_genuine_share(images_per_person: ArrayLike) -> float:
    """The chance that two different images show one person: Σ c_k (c_k − 1) / (n (n − 1)).

    >>> expected_genuine_share([2, 1, 1])
    0.16666666666666666
    """
    counts = np.asarray(images_per_person, dtype=np.float64)
    n = float(counts.sum())
    if n < 2:
        raise InputError("a share of genuine pairs needs at least two images")
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def _reach(scores: CrossScores, far: float, share: Share) -> int:
    """How many of the largest scores the threshold and its interval are read from."""
    same, most = (round(g * scores.n) for g in (share.value, share.high))
    impostors = scores.n - same
    error = _standard_error(scores, _at(scores.tail, allowed_accepts(far, impostors) + same, scores.n))
    return min(int((far + _Z * error) * impostors) + most, scores.n)


def _threshold(scores: CrossScores, far: float, share: Share, line: str) -> ThresholdTransfer:
    genuine, (same, fewest) = share.value, (round(g * scores.n) for g in (share.value, share.low))
    impostors = scores.n - same
    allowed = allowed_accepts(far, impostors)
    threshold = _at(scores.tail, allowed + same, scores.n)
    error = _standard_error(scores, threshold)
    low = _at(scores.tail, _reach(scores, far, share), scores.n)
    # An interval of a small rate is made on its logarithm, so that its lower end stays above zero.
    high = _at(scores.tail, int(far * np.exp(-_Z * error / far) * impostors) + fewest, scores.n)
    warnings = []
    if far * impostors < FEW_FALSE_ACCEPTS:
        warnings.append(
            f"the threshold at FAR {far:g} rests on {allowed} false accepts among {impostors:,} impostor scores; fewer "
            f"than {FEW_FALSE_ACCEPTS} are too few to place it"
        )
    elif error > 0.25 * far:
        warnings.append(
            f"the images are too few for FAR {far:g}: others of their kind would move its rate by ± {_Z * error / far:.0%}"
        )
    if genuine > 0.5 * far:
        warnings.append(
            f"pairs of one person are taken to be {genuine:.2g} of the random pairs, not little against FAR {far:g}: the "
            "threshold hangs on that share; sets with a subject column need none"
        )
    accepts = max(int(np.count_nonzero(scores.tail >= threshold)) - same, 0)
    return ThresholdTransfer(
        far, threshold, min(low, threshold), max(high, threshold), scores.n, accepts, genuine, "; ".join(warnings), line
    )


def _at(tail: NDArray[np.float32], count: int, n: int) -> float:
    """The smallest score that at most `count` scores reach; just above the largest where none may."""
    if count >= n or count >= len(tail):
        return float(tail[-1])
    ties = int(np.searchsorted(-tail, -tail[count], side="left"))  # scores above the first one that may not pass
    if ties == 0:
        return float(np.nextafter(tail[0], np.float32(np.inf)))  # in float32, as scores are compared
    return float(tail[ties - 1])


def _standard_error(scores: CrossScores, threshold: float) -> float:
    """Of the share of scores at or above `threshold`, each unit's pairs taken together."""
    accepted = int(np.count_nonzero(scores.tail >= threshold))
    share = accepted / scores.n
    units = len(scores.degree)
    of_unit = sum(np.bincount(side[:accepted], minlength=units) for side in (scores.left, scores.right))
    residual = of_unit - share * scores.degree
    # What two units have together is in both their sums, and counts once: Σ (accepted − share × pairs)² over pairs of units.
    one, two = scores.left[:accepted], scores.right[:accepted]
    together = np.unique(np.minimum(one, two) * units + np.maximum(one, two), return_counts=True)[1]
    each = max(1.0, scores.n / (units * (units - 1) / 2))
    twice = float(together @ together) - share**2 * scores.n * each
    variance = max(float(residual @ residual) - twice, scores.n * share * (1 - share), 1.0)
    return float(np.sqrt(variance)) / scores.n


def _check_share(given: float | Literal["estimate"]) -> None:
    if given != "estimate" and not 0 <= given < 1:
        raise InputError(f"a share of genuine pairs is at least 0 and below 1, not {given:g}", "Or let it be estimated.")


def _genuine_share(scores: CrossScores, given: float | Literal["estimate"]) -> Share:
    if given == "estimate":
        return excess(scores)
    return Share(float(given), float(given), float(given))
