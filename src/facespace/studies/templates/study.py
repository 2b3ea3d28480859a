"""The template study: 1:1 verification of templates over all ordered pairs of several networks, native and through maps.

The experiment of McNeely-White et al., Canonical Face Embeddings, 2021 (sections 3, 4, table 3, figures 2, 3, 7, 8) on any
labelled set of images or list of templates: TAR at each FAR of every network by itself, and of every network's templates,
mapped, against those of every other one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...datasets import TemplateProtocol
from ...embeddings import EmbeddingSet
from ...errors import InputError, shorten, unknown_name
from ...given import SEVERAL, TEMPLATES, TEXTS, SetLike, as_sets, takes
from ...mapping import METHODS
from ...metrics import CurveLimits, TarAtFar
from ...results import fields, signature
from ...shown import Result
from ...templates import TemplateVerificationResult, pool_templates
from ..cross_model import check_sets
from ._work import Centred, Maps, design, every_pair, measure, study_warnings

STUDY_FARS = (1e-1, 1e-2, 1e-3, 1e-4)
TEMPLATE_METHODS = METHODS


@dataclass(frozen=True, eq=False)
class TemplateCell:
    """One ordered pair of networks under one method. All rates are shares; `loss` is the target's own TAR − this one's.

    `curve_far`, `curve_tar`: some hundred points of the ROC, for figures.
    """

    source: str
    target: str
    method: str
    tar: tuple[TarAtFar, ...]
    loss: tuple[float, ...]
    auc: float
    eer: float
    curve: CurveLimits
    curve_far: NDArray[np.float64]
    curve_tar: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """The cell of the `study templates` document."""
        return {
            **fields(self, "source", "target", "method"),
            "tar": [row.to_dict() | {"loss": loss} for row, loss in zip(self.tar, self.loss, strict=True)],
            **fields(self, "auc", "eer"),
            **self.curve.to_dict(),
        }


@dataclass(frozen=True, eq=False, repr=False)
class TemplateStudyResult(Result):
    """What was measured.

    Attributes:
        signature: protocol, counts, networks, fitted images, methods and centring in one line.
        models, dims: the networks.
        methods, fars: what was compared, where it was read.
        native: each network by itself (without the scores of the pairs).
        centred: (networks, fars) TAR of each network by itself about its mean over the fitted images; None where maps are
            about the origin.
        cells: every ordered pair under every method.
        fit: counts of the images maps were fitted on: `images`, their `people`, `people_in_pairs`, `images_in_templates`.
        warnings: what a reader must know before quoting the figures.
    """

    reported_by: ClassVar[str] = "studies.templates.template_study_report"

    signature: str
    models: tuple[str, ...]
    dims: tuple[int, ...]
    methods: tuple[str, ...]
    fars: tuple[float, ...]
    native: tuple[TemplateVerificationResult, ...]
    centred: NDArray[np.float64] | None
    cells: tuple[TemplateCell, ...]
    fit: dict[str, int | None]
    warnings: tuple[str, ...]

    def cell(self, source: str, target: str, method: str) -> TemplateCell:
        """The cell of these names. Raises UnknownNameError."""
        for cell in self.cells:
            if (cell.source, cell.target, cell.method) == (source, target, method):
                return cell
        known = sorted({f"{c.source} → {c.target}, {c.method}" for c in self.cells})
        raise unknown_name("cell", f"{source} → {target}, {method}", known)

    def tar(self, method: str) -> NDArray[np.float64]:
        """(sources, targets, fars) TAR; the diagonal is each network's own."""
        place = {name: i for i, name in enumerate(self.models)}
        found = np.full((len(place), len(place), len(self.fars)), np.nan)
        for i, own in enumerate(self.native):
            found[i, i] = [row.tar for row in own.tar]
        for cell in self.cells:
            if cell.method == method:
                found[place[cell.source], place[cell.target]] = [row.tar for row in cell.tar]
        return found

    def summary(self) -> list[dict[str, Any]]:
        """Per FAR and method: mean TAR, mean, median and largest loss, asymmetry, and how many pairs beat a rotation.

        `asymmetry` is the mean of |TAR(A → B) − TAR(B → A)|.
        """
        off = ~np.eye(len(self.models), dtype=np.bool_)
        above = np.triu(off)
        tars = {method: self.tar(method) for method in self.methods}
        rows = []
        for f, far in enumerate(self.fars):
            own = np.array([result.tar[f].tar for result in self.native])
            for method in self.methods:
                tar = tars[method][:, :, f]
                loss = np.where(off, own[None, :] - tar, -np.inf)
                s, t = np.unravel_index(int(loss.argmax()), loss.shape)
                rival = tars["rotation"][:, :, f] if "rotation" in tars and method != "rotation" else None
                rows.append(
                    {
                        "far": far,
                        "method": method,
                        "own": float(own.mean()),
                        "tar": float(tar[off].mean()),
                        "mean_loss": float(loss[off].mean()),
                        "median_loss": float(np.median(loss[off])),
                        "max_loss": float(loss[s, t]),
                        "worst": f"{self.models[s]} → {self.models[t]}",
                        "asymmetry": float(np.abs(tar - tar.T)[above].mean()),
                        "network_pairs": int(off.sum()),
                        "above_rotation": None if rival is None else int((tar > rival)[off].sum()),
                        "below_rotation": None if rival is None else int((tar < rival)[off].sum()),
                    }
                )
        return rows

    def brief(self) -> str:
        """The headline and its counts in a line."""
        rows = [row for row in self.summary() if row["far"] == self.fars[-1]]
        told = ", ".join(f"{row['method']} loses {100 * row['mean_loss']:.2f} points" for row in rows[:3])
        return f"{told} of TAR at FAR {self.fars[-1]:g}; {len(self.models)} networks, {self.native[0].pairs:,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The `study templates` document: rates and losses between 0 and 1, intervals at 95 %."""
        first = self.native[0]
        models = []
        for i, (name, dim, own) in enumerate(zip(self.models, self.dims, self.native, strict=True)):
            facts = {"name": name, "dim": dim, "tar": [row.to_dict() for row in own.tar]} | fields(own, "auc", "eer")
            facts |= own.curve.to_dict()
            models.append(facts | ({} if self.centred is None else {"tar_about_mean": self.centred[i]}))
        return {
            "signature": self.signature,
            **fields(first, "pairs", "genuine", "impostor", "templates", "people"),
            **fields(self, "fit", "fars"),
            "models": models,
            "summary": self.summary(),
            "cells": [cell.to_dict() for cell in self.cells],
            "warnings": list(self.warnings),
        }


@takes(sets=SEVERAL, protocol=TEMPLATES, methods=TEXTS, fit_ids=TEXTS)
def template_study(
    sets: Sequence[SetLike],
    protocol: TemplateProtocol | None = None,
    *,
    methods: Sequence[str] = ("ols", "rotation"),
    fars: Sequence[float] = STUDY_FARS,
    center: bool = True,
    fit_ids: Sequence[str] | None = None,
    alpha: float = 1.0,
    intervals: bool = True,
    allow_missing: bool = False,
    name: str = "people",
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TemplateStudyResult:
    """Every ordered pair of `sets` × `methods` on templates.

    Without `protocol` every person with two images or more gets two templates (`person_templates`), of the images that all
    sets have, and maps are fitted on the people with one image only; where these are less than a quarter of the people, on
    half of the others too, drawn by `seed`, who are then not compared. Nobody is on both sides. Templates are pooled of the
    vectors as the networks gave them; a map is applied to pooled templates.

    Args:
        sets: at least two, of different networks.
        protocol: a list of templates such as IJB-C's; then `fit_ids` must say what maps are fitted on.
        methods: families of `facespace.mapping`, "auto" (chosen by cross-validation for each pair), "joint" (two-sided).
            The paper compares ols with rotation.
        fars: false accept rates.
        center: fit and compare about the means, which serves every family; False gives the paper's maps and cosines, about
            the origin (equations 2 and 3).
        fit_ids: images that maps are fitted on, as both networks saw them. Without `protocol` their people are not compared.
        alpha: ridge penalty.
        intervals: 95 % intervals for every cell, a third of the time; each network's own figures have them always.
        allow_missing: pool templates without the faces that have no embedding, and count both.
        name: of the protocol that is made of the sets' people.
        seed: of the deal of images into templates, and of the folds of "auto".
        workers: threads, by default one per processor; the result does not depend on them.
        progress: called with (cells done, cells in all).

    Raises:
        InputError: fewer than two sets, two of one name, unknown people, nothing to fit maps on, missing images.
        UnknownNameError: an unknown method.
    """
    sets = as_sets(sets)
    methods = tuple(dict.fromkeys(methods))
    rates = tuple(sorted({float(far) for far in fars}, reverse=True))
    _check(sets, methods, rates, center)
    threads = workers or os.cpu_count() or 1
    plan = design(sets, protocol, fit_ids, name, seed)
    pairs = plan.protocol
    how: dict[str, Any] = {"allow_missing": allow_missing, "workers": threads}
    with threadpool_limits(1):
        pooled = [pool_templates(faces, pairs, **how) for faces in sets]
        own = [measure(faces, None, pairs, rates, intervals=True, **how) for faces in pooled]
        maps = Maps(sets, plan.fit, alpha=alpha, center=center, seed=seed)
        centred = None
        if center:
            about = [
                measure(faces, faces, pairs, rates, map=Centred(mean), intervals=False, **how)
                for faces, mean in zip(pooled, maps.means, strict=True)
            ]
            centred = np.array([[row.tar for row in found.result.tar] for found in about])
    native = tuple(found.result for found in own)
    models = tuple(faces.model for faces in sets)
    found = every_pair(pooled, maps, pairs, methods, rates, intervals=intervals, progress=progress, **how)
    cells = []
    for (s, t, method), one in found.items():
        tar = one.result.tar
        loss = tuple(mine.tar - row.tar for mine, row in zip(native[t].tar, tar, strict=True))
        whole = one.result.auc, one.result.eer, one.result.curve
        cells.append(TemplateCell(models[s], models[t], method, tar, loss, *whole, one.far, one.rate))
    first = native[0]
    line = signature(
        "template-study",
        protocol=pairs.name,
        pairs=first.pairs,
        genuine=first.genuine,
        people=first.people,
        models=len(sets),
        fit=len(plan.fit),
        methods="+".join(methods),
        alpha=alpha if "ridge" in methods or "reduced-rank" in methods else None,
        center=center,
        interval=first.interval,
        seed=seed,
    )
    counts = {
        "images": len(plan.fit),
        "people": plan.people,
        "people_in_pairs": plan.shared,
        "images_in_templates": plan.images,
    }
    dims = tuple(faces.dim for faces in sets)
    warnings = study_warnings(plan, rates, first.impostor, [*own, *found.values()])
    return TemplateStudyResult(line, models, dims, methods, rates, native, centred, tuple(cells), counts, warnings)


def _check(sets: Sequence[EmbeddingSet], methods: Sequence[str], fars: Sequence[float], center: bool) -> None:
    check_sets(sets, "template")
    if not methods:
        raise InputError("no method is given", f"Known: {', '.join(TEMPLATE_METHODS)}.")
    for method in methods:
        if method not in TEMPLATE_METHODS:
            raise unknown_name("method", method, TEMPLATE_METHODS)
    if "joint" in methods and not center:
        raise InputError("the method joint is about the means always", "Leave it out, or let the study centre.")
    if not fars or not all(0 < far <= 1 for far in fars):
        raise InputError(f"false accept rates lie above 0 and not above 1; got {shorten([f'{far:g}' for far in fars])}")
