"""The cross-model study: what it costs to compare any of several networks with any other.

For every ordered pair of sets and every method the map is fitted on the training folds and judged on the one left out;
the threshold too is chosen without it. [2020, section 3.3 and table 3; 2021, section 4]
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...datasets import PairProtocol, person_pairs
from ...embeddings import EmbeddingSet, normalize
from ...errors import InputError, shorten, unknown_name
from ...given import PAIRS, SEVERAL, TEXTS, ProtocolLike, SetLike, as_pairs, as_sets, takes
from ...mapping import COHORT, CUTS, INNER, METHODS, FoldScores, FoldStatistics
from ...metrics import FoldAccuracy, check_folds, kfold_accuracy, majority_rate
from ...results import fields, signature
from ...shown import Result
from ...verification import VerificationResult, subjects_of
from ..training_images import check_cut, network_facts, own_results, training_images
from ._limits import Judged

DEFAULT_METHODS = ("auto", "ridge", "rotation", "identity")
PAIRINGS = ("same", "matched")
CHOOSING = ("auto", "joint", "auto-both")  # methods that are themselves chosen by an inner cross-validation
STUDY_METHODS = METHODS  # each also with COHORT behind it


@dataclass(frozen=True, eq=False)
class Cell:
    """One ordered pair of networks under one method. Accuracies are shares, losses differences of shares."""

    source: str
    target: str
    pairing: str
    method: str
    chosen: tuple[str, ...]  # per fold, what `auto` took; () for the other methods
    accuracy: FoldAccuracy
    loss_target: float  # the target's own accuracy − this
    loss_poorer: float  # the poorer of both networks' own accuracies − this
    scores: NDArray[np.float32]  # (n,) score of every pair under the map of its own fold
    low: float  # 95 % intervals over people: of the accuracy, and of both losses
    high: float
    loss_target_low: float
    loss_target_high: float
    loss_poorer_low: float
    loss_poorer_high: float

    def to_dict(self) -> dict[str, Any]:
        """The cell of the `study cross-model` document."""
        counts = {label: self.chosen.count(label) for label in dict.fromkeys(self.chosen)}
        return {
            **fields(self, "source", "target", "pairing", "method"),
            "chosen": counts or self.method,
            "accuracy": self.accuracy.mean,
            "sd": self.accuracy.sd,
            **fields(self, "low", "high", "loss_target", "loss_target_low", "loss_target_high"),
            **fields(self, "loss_poorer", "loss_poorer_low", "loss_poorer_high"),
            "folds": self.accuracy.folds,
        }


@dataclass(frozen=True, eq=False, repr=False)
class CrossModelResult(Result):
    """All cells, the networks' own results, and what was left out."""

    reported_by: ClassVar[str] = "studies.cross_model.cross_model_report"

    signature: str
    models: tuple[str, ...]
    dims: tuple[int, ...]
    native: tuple[VerificationResult, ...]
    cells: tuple[Cell, ...]
    same: NDArray[np.bool_]
    warnings: tuple[str, ...]
    cut: str = CUTS[0]
    limits: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)  # of the means, by pairing and method

    def cell(self, source: str, target: str, method: str, pairing: str) -> Cell:
        """The cell of these names. Raises UnknownNameError."""
        for cell in self.cells:
            if (cell.source, cell.target, cell.method, cell.pairing) == (source, target, method, pairing):
                return cell
        known = sorted({f"{c.source} → {c.target}, {c.method}, {c.pairing}" for c in self.cells})
        raise unknown_name("cell", f"{source} → {target}, {method}, {pairing}", known)

    @property
    def chance(self) -> float:
        """Accuracy of accepting all pairs, or none."""
        return majority_rate(self.same)

    def summary(self) -> list[dict[str, Any]]:
        """Per pairing and method: mean and largest loss against the target and the poorer network.

        `…_low` and `…_high` are 95 % intervals over people; a largest loss has that of its own pair of networks.
        """
        rows = []
        for pairing, method in dict.fromkeys((c.pairing, c.method) for c in self.cells):
            group = [c for c in self.cells if (c.pairing, c.method) == (pairing, method)]
            target = np.array([c.loss_target for c in group])
            poorer = np.array([c.loss_poorer for c in group])
            worst, least = group[int(target.argmax())], group[int(poorer.argmax())]
            rows.append(
                {
                    "pairing": pairing,
                    "method": method,
                    "cells": len(group),
                    "accuracy": float(np.mean([c.accuracy.mean for c in group])),
                    "mean_loss_target": float(target.mean()),
                    "max_loss_target": float(target.max()),
                    "mean_loss_poorer": float(poorer.mean()),
                    "max_loss_poorer": float(poorer.max()),
                    "worst": f"{worst.source} → {worst.target}",
                    **fields_as(worst, "max_loss_target", "loss_target"),
                    **fields_as(least, "max_loss_poorer", "loss_poorer"),
                    **self.limits.get((pairing, method), {}),
                }
            )
        return rows

    def brief(self) -> str:
        """The headline and its counts in a line."""
        told = ", ".join(
            f"{row['method']} loses {100 * row['mean_loss_target']:.2f} points ({100 * row['max_loss_target']:.2f} at most)"
            for row in self.summary()[:4]
        )
        return f"{told}; {len(self.models)} networks, {len(self.cells)} cells of {len(self.same):,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The `study cross-model` document: accuracies and losses are fractions."""
        return {
            "signature": self.signature,
            **fields(self, "cut", "chance"),
            "models": network_facts(self.models, self.dims, self.native),
            "summary": self.summary(),
            "cells": [cell.to_dict() for cell in self.cells],
            "warnings": list(self.warnings),
        }


def fields_as(cell: Cell, name: str, of: str) -> dict[str, float]:
    """The interval of the cell's figure `of` under another name."""
    return {f"{name}_{end}": getattr(cell, f"{of}_{end}") for end in ("low", "high")}


@takes(sets=SEVERAL, protocol=PAIRS, methods=TEXTS)
def cross_model_study(
    sets: Sequence[SetLike],
    protocol: ProtocolLike | None = None,
    *,
    pairing: str | Sequence[str] = "same",
    methods: Sequence[str] = DEFAULT_METHODS,
    keys: str = "protocol",
    alpha: float = 1.0,
    center: bool = True,
    cut: str = CUTS[0],
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CrossModelResult:
    """Every ordered pair of `sets` × `methods` on a protocol with folds.

    Args:
        sets: at least two, of different networks, with embeddings of all images of the protocol.
        protocol: with folds; an image is in one fold only. Without it pairs and folds are made of the people by `seed`
            (`datasets.person_pairs`).
        pairing: what maps are fitted on, or both: "same", the training folds' images as both networks saw them [2021];
            "matched", their genuine pairs, left image by the source, right image by the target network [2020].
        methods: families of `facespace.mapping`; "auto", one of them chosen anew in each fold, by an inner
            cross-validation on that fold's training part; "joint", the two-sided map, its regularization chosen likewise;
            "likelihood", the likelihood ratio in joint's coordinates; "auto-both", chosen among all of these (where folds
            choose differently, a fold's cut is chosen on scores of its own family, as their sizes differ).
            Any of them with "+cohort": its scores corrected by 2,000 images of the training folds (`metrics.cohort`).
        alpha: ridge penalty.
        keys: the images of the pairing "same": "protocol", those of the pairs list; "all", every image that all sets have
            and whose person is not in the fold left out, by the sets' `subject` column.
        center: False for the papers' maps and cosines about the origin.
        cut: a fold's threshold is chosen on the other folds' scores, "out-of-fold": each by its own fold's map, which was
            fitted without it; or "in-sample", as in the papers: all by the fold's map, which was fitted on them, so that the
            threshold is too high, the more so the fewer the people.
        seed: of the resampling behind the intervals of the networks' own accuracies, and of pairs that are made; nothing
            else is random.
        workers: threads; by default one per processor.
        progress: called with (folds done, folds in all).

    Raises:
        InputError: fewer than two sets, two of one name, a protocol without folds, missing images.
        UnknownNameError: an unknown method or pairing.
    """
    sets, protocol = as_sets(sets), as_pairs(protocol)
    pairings = (pairing,) if isinstance(pairing, str) else tuple(dict.fromkeys(pairing))
    methods = tuple(dict.fromkeys(methods))
    if protocol is None:
        check_sets(sets, "cross-model")
        protocol = person_pairs(*sets, seed=seed)
    check_study(sets, protocol, pairings, methods)
    check_cut(cut)
    ids, image_fold = training_images(sets, protocol, keys)
    vectors = [normalize(faces.vectors[faces.rows(ids)]) for faces in sets]
    native = own_results(sets, protocol, seed)
    own = [result.accuracy.mean if result.accuracy is not None else float("nan") for result in native]
    left, right = np.searchsorted(ids, protocol.left), np.searchsorted(ids, protocol.right)
    pair_fold = image_fold[left]
    probes, references = [v[left] for v in vectors], [v[right] for v in vectors]
    models = tuple(faces.model for faces in sets)
    cells: list[Cell] = []
    people = _person_codes(protocol, sets[0])
    judge = Judged(protocol.same, np.unique(pair_fold, return_inverse=True)[1], people)
    own_right = [judge.right(r.scored.score, r.accuracy.thresholds) for r in native if r.scored and r.accuracy]
    ends: dict[tuple[str, str], dict[str, float]] = {}
    for number, kind in enumerate(pairings):
        if kind == "same":
            statistics = FoldStatistics(vectors, image_fold, models=models)
        else:
            g = protocol.same
            statistics = FoldStatistics([v[g] for v in probes], pair_fold[g], [v[g] for v in references], models)
        distinct, place = np.unique(left, return_inverse=True)
        judged = [v[distinct] for v in vectors], place, references, protocol.same, pair_fold
        work = FoldScores(*judged, statistics, methods, alpha, center, vectors, image_fold, seed, cut, people)
        done = partial(_report, progress, number * statistics.n_folds, len(pairings) * statistics.n_folds)
        scores, chosen = work.run(workers or os.cpu_count() or 1, done)
        decided: dict[str, list[tuple[NDArray[np.bool_], int, int]]] = {method: [] for method in methods}
        for (s, t), method in itertools.product(itertools.permutations(range(len(sets)), 2), methods):
            by_fold = scores[s, t, method]
            accuracy = kfold_accuracy(by_fold, protocol.same, pair_fold)
            picked = tuple(chosen[s, t, method]) if method.removesuffix(COHORT) in CHOOSING else ()
            losses = own[t] - accuracy.mean, min(own[s], own[t]) - accuracy.mean
            apart = by_fold if by_fold.ndim == 1 else by_fold[pair_fold, np.arange(len(protocol))]
            decisions, poorer = judge.right(apart, accuracy.thresholds), s if own[s] < own[t] else t
            limits = judge.beside(decisions, own_right[t]) + judge.beside(decisions, own_right[poorer])[2:]
            cells.append(Cell(models[s], models[t], kind, method, picked, accuracy, *losses, apart, *limits))
            decided[method].append((decisions, t, poorer))
        ends |= {(kind, method): judge.summary(found, own_right) for method, found in decided.items()}
    line = signature(
        "cross-model",
        protocol=protocol.name,
        pairs=len(protocol),
        models=len(sets),
        keys=f"{keys}-{len(ids)}" if "same" in pairings else None,
        pairing="+".join(pairings),
        methods="+".join(methods),
        alpha=alpha,
        center=center,
        cut=cut,
        inner=INNER if set(CHOOSING) & {method.removesuffix(COHORT) for method in methods} else None,
        seed=seed,
    )
    warnings = list(dict.fromkeys(w for result in native for w in result.warnings))
    if any(method.endswith(COHORT) for method in methods):
        corrected = [kfold_accuracy(work.own_with_cohort(m), protocol.same, pair_fold).mean for m in range(len(sets))]
        warnings.append(
            f"losses are against each target's own accuracy without a cohort, {100 * np.mean(own):.2f} % on average; with "
            f"the same cohort it is {100 * np.mean(corrected):.2f} %"
        )
    dims = tuple(f.dim for f in sets)
    return CrossModelResult(line, models, dims, native, tuple(cells), protocol.same, tuple(warnings), cut, ends)


def _person_codes(protocol: PairProtocol, faces: EmbeddingSet) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    known = subjects_of(protocol, faces, faces)
    if known is None:
        return None
    codes = np.unique(np.concatenate([side.names for side in known]), return_inverse=True)[1]
    return codes[: len(protocol)], codes[len(protocol) :]


def _report(progress: Callable[[int, int], None] | None, before: int, whole: int, done: int) -> None:
    if progress is not None:
        progress(before + done, whole)


def check_sets(sets: Sequence[EmbeddingSet], study: str) -> None:
    """Raise InputError unless these are two sets or more, each of another network."""
    if len(sets) < 2:
        raise InputError(f"a {study} study needs at least two sets; got {len(sets)}")
    names = [faces.model for faces in sets]
    if mapped := [faces.model for faces in sets if faces.mapped is not None]:
        raise InputError(
            f"a {study} study fits its own maps between networks; a map has moved these sets: {shorten(mapped)}",
            "Give the sets as the networks made them. Judge a map by verify A B --map MAP, on people it hasn't seen.",
        )
    if len(set(names)) < len(names) or "" in names:
        raise InputError(
            f"every set needs a model name of its own; got {shorten([n or '(none)' for n in names], 12)}",
            "facespace embed writes it; for a file without, give EmbeddingSet(…, model=NAME).",
        )


def check_study(
    sets: Sequence[EmbeddingSet], protocol: PairProtocol, pairings: Sequence[str], methods: Sequence[str]
) -> None:
    """Raise InputError or UnknownNameError where the study can't be run on this."""
    check_sets(sets, "cross-model")
    if protocol.fold is None or protocol.n_folds < 3:
        raise InputError(
            f"protocol {protocol.name!r} has {protocol.n_folds} folds; maps are fitted inside folds, which needs at least 3",
            "LFW's pairs.txt has ten; a csv gets them by a column fold.",
        )
    check_folds(protocol.same, protocol.fold)
    for what, values, known in (("method", methods, METHODS), ("pairing", pairings, PAIRINGS)):
        if not values:
            raise InputError(f"no {what} is given", f"Known: {', '.join(known)}.")
    for method in methods:
        if method.removesuffix(COHORT) not in STUDY_METHODS:
            raise unknown_name("method", method, STUDY_METHODS)
    for pairing in pairings:
        if pairing not in PAIRINGS:
            raise unknown_name("pairing", pairing, PAIRINGS)
