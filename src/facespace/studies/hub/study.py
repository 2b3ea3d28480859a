"""The hub study: do k maps through one hub serve as well as k(k − 1) direct ones, and what else does a hub give?

In every fold hub and direct maps are fitted on the training folds and judged on the one left out, as is the threshold:
every ordered pair of networks through the hub and directly, each network joining a hub fitted without it, the fusion of
several networks' hub vectors, and the way A → hub → B → hub → A.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from ...embeddings import normalize
from ...given import PAIRS, SEVERAL, TEXTS, ProtocolLike, SetLike, as_pairs, as_sets, takes
from ...mapping import FoldStatistics
from ...mapping.hub import REGULARIZATION
from ...metrics import FoldAccuracy, kfold_accuracy
from ...results import fields, signature
from ...shown import Result
from ...verification import VerificationResult
from ..cross_model import check_study, cross_model_study
from ..training_images import own_results, training_images
from ._work import AVERAGED, DECODED, DIRECT, FUSED, HUB, JOINED, HubWork

PAIRWISE = "pairwise"  # the direct two-sided map with the hub's regularization


@dataclass(frozen=True, eq=False)
class HubCell:
    """One ordered pair of networks. Accuracies are of k folds; losses elsewhere are against the target's own."""

    source: str
    target: str
    own: float  # the target's own accuracy
    hub: FoldAccuracy
    direct: dict[str, FoldAccuracy]  # by method
    joined: tuple[FoldAccuracy, ...]  # the source joined later; the target joined later; () with two networks
    decoded: FoldAccuracy  # compared in the target's own space, after the hub
    cycle: float  # mean cosine of source vectors and their way source → hub → target → hub → source

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "cells"."""
        return {
            **fields(self, "source", "target", "own"),
            "hub": self.hub.mean,
            "sd": self.hub.sd,
            "loss_hub": self.own - self.hub.mean,
            "direct": {m: a.mean for m, a in self.direct.items()},
            "joined": [a.mean for a in self.joined],
            "decoded": self.decoded.mean,
            "cycle": self.cycle,
        }


@dataclass(frozen=True, eq=False)
class Fusion:
    """Several networks' hub vectors of one image averaged into one template, on both sides of the pairs."""

    models: tuple[str, ...]
    fused: FoldAccuracy
    averaged: FoldAccuracy  # the mean of the networks' own scores instead
    best: float  # the best of these networks alone
    best_model: str

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "fusion"."""
        return {
            "models": self.models,
            "accuracy": self.fused.mean,
            "sd": self.fused.sd,
            "score_average": self.averaged.mean,
            "best_single": self.best,
            "best_model": self.best_model,
            "gain": self.fused.mean - self.best,
        }


@dataclass(frozen=True, eq=False, repr=False)
class HubResult(Result):
    """All cells and fusions; `own_in_hub` is each network against itself in the hub, `own_cycle` A → hub → A."""

    reported_by: ClassVar[str] = "studies.hub.hub_report"

    signature: str
    models: tuple[str, ...]
    dims: tuple[int, ...]
    native: tuple[VerificationResult, ...]
    own_in_hub: tuple[FoldAccuracy, ...]
    own_cycle: tuple[float, ...]
    cells: tuple[HubCell, ...]
    fusions: tuple[Fusion, ...]

    def summary(self) -> dict[str, Any]:
        """Mean and largest losses over all ordered pairs, and the fusions' gain over the best single network."""

        def losses(values: list[float]) -> dict[str, float]:
            return {"mean": float(np.mean(values)), "max": float(np.max(values))}

        document: dict[str, Any] = {
            "hub": losses([c.own - c.hub.mean for c in self.cells]),
            "direct": {m: losses([c.own - c.direct[m].mean for c in self.cells]) for m in self.cells[0].direct},
            "decoded": losses([c.own - c.decoded.mean for c in self.cells]),
            "cycle": float(np.mean([c.cycle for c in self.cells])),
        }
        if self.cells[0].joined:
            document["joined"] = losses([c.own - a.mean for c in self.cells for a in c.joined])
        for size in sorted({len(f.models) for f in self.fusions}):
            gains = [f.fused.mean - f.best for f in self.fusions if len(f.models) == size]
            average = [f.averaged.mean - f.best for f in self.fusions if len(f.models) == size]
            document.setdefault("fusion", {})[str(size)] = {
                "mean_gain": float(np.mean(gains)),
                "better": sum(g > 1e-11 for g in gains),  # more than rounding
                "of": len(gains),
                "mean_gain_of_score_average": float(np.mean(average)),
            }
        return document

    def brief(self) -> str:
        """The headline and its counts in a line."""
        loss = self.summary()["hub"]
        told = f"a hub loses {100 * loss['mean']:.2f} points on average, {100 * loss['max']:.2f} at most"
        return f"{told}; {len(self.models)} networks, {len(self.cells)} ordered pairs"

    def to_dict(self) -> dict[str, Any]:
        """The `canonical report` document: accuracies, losses and gains are fractions."""
        return {
            "signature": self.signature,
            "models": [
                {"name": name, "dim": dim, "accuracy": own.accuracy.mean, "in_hub": hub.mean, "cycle": cycle}
                for name, dim, own, hub, cycle in zip(
                    self.models, self.dims, self.native, self.own_in_hub, self.own_cycle, strict=True
                )
                if own.accuracy is not None
            ],
            "summary": self.summary(),
            "cells": [cell.to_dict() for cell in self.cells],
            "fusion": [fusion.to_dict() for fusion in self.fusions],
        }


@takes(sets=SEVERAL, protocol=PAIRS, direct=TEXTS)
def hub_study(
    sets: Sequence[SetLike],
    protocol: ProtocolLike,
    *,
    dim: int | None = None,
    regularization: float = REGULARIZATION,
    direct: Sequence[str] = (),
    keys: str = "protocol",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> HubResult:
    """A hub of `sets` against direct maps, on a protocol with folds.

    Args:
        sets, protocol, keys, seed: as for `cross_model_study`.
        dim, regularization: of `CanonicalSpace.fit`.
        direct: methods of `cross_model_study` to compare with, such as "auto" and "joint", besides "pairwise", the
            two-sided map of every two networks with the hub's regularization.
        progress: called with (folds done, folds in all).

    Raises:
        InputError: fewer than two sets, two of one name, a protocol without folds, missing images.
        UnknownNameError: an unknown method.
    """
    sets, protocol = as_sets(sets), as_pairs(protocol)
    check_study(sets, protocol, ["same"], list(direct) or ["joint"])
    ids, image_fold = training_images(sets, protocol, keys)
    vectors = [normalize(faces.vectors[faces.rows(ids)]) for faces in sets]
    models = tuple(faces.model for faces in sets)
    left, right = np.searchsorted(ids, protocol.left), np.searchsorted(ids, protocol.right)
    statistics = FoldStatistics(vectors, image_fold, models=models)
    work = HubWork(models, vectors, left, right, protocol.same, image_fold, statistics, dim, regularization)
    with threadpool_limits(1):
        for fold in range(statistics.n_folds):
            work.run(fold)
            statistics.forget()
            if progress is not None:
                progress(fold + 1, statistics.n_folds)
    others = cross_model_study(sets, protocol, methods=direct, keys=keys, seed=seed) if direct else None
    native = own_results(sets, protocol, seed)
    own = [result.accuracy.mean if result.accuracy is not None else float("nan") for result in native]

    def accuracy(*key: Any) -> FoldAccuracy:
        return kfold_accuracy(work.scores[key], protocol.same, image_fold[left])

    cells = [
        HubCell(
            models[i],
            models[j],
            own[j],
            accuracy(HUB, i, j),
            {PAIRWISE: accuracy(DIRECT, i, j)}
            | {m: others.cell(models[i], models[j], m, "same").accuracy for m in direct if others is not None},
            tuple(accuracy(JOINED, i, j, new) for new in (i, j)) if len(sets) > 2 else (),
            accuracy(DECODED, i, j),
            float(work.cycles[i, j].mean()),
        )
        for i, j in itertools.permutations(range(len(sets)), 2)
    ]
    fusions = []
    for group in work.combinations():
        best = max(group, key=lambda i: own[i])
        names = tuple(models[i] for i in group)
        fusions.append(Fusion(names, accuracy(FUSED, group), accuracy(AVERAGED, group), own[best], models[best]))
    line = signature(
        "hub",
        protocol=protocol.name,
        pairs=len(protocol),
        models=len(sets),
        keys=f"{keys}-{len(ids)}",
        dim=dim or "auto",
        regularization=regularization,
        direct="+".join((PAIRWISE, *direct)),
        seed=seed,
    )
    dims = tuple(faces.dim for faces in sets)
    in_hub = tuple(accuracy(HUB, i, i) for i in range(len(sets)))
    cycles = tuple(float(work.cycles[i, i].mean()) for i in range(len(sets)))
    return HubResult(line, models, dims, native, in_hub, cycles, tuple(cells), tuple(fusions))
