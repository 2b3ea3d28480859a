"""The sensitivity study: how many pairs does a map need? [2020, sections 3.4 and 4.1; 2021, section 4.1]

Each fold's map is fitted on a sample of the pairs of the other folds; the threshold is chosen on the other folds' pairs, by
default under maps that have not seen them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from ...errors import InputError, unknown_name
from ...given import FACES, PAIRS, TEXTS, ProtocolLike, SetLike, as_pairs, as_set, takes
from ...mapping import CUTS
from ...results import signature
from ..training_images import check_cut, own_results
from ._curve import CurveResult, Doubles, check_loss, check_names, check_values, half_width
from ._pair_work import PairWork, Progress, default_methods, known_methods

LADDER = (10, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200)
EVEN = 100  # sizes spread evenly from the smallest to all, as the paper of 2020 does


class SensitivityResult(CurveResult):
    """Accuracy against the number of pairs that the map is fitted on.

    The last of `values` stands for all pairs of the training folds, and is how many the smallest of them has. `low` and
    `high` are the 95 % Student interval of the mean over all draws (repeats × folds), each fold about its own mean: how far
    other draws of pairs would move the point. `sd` is the spread of a single draw on a fold's pairs.
    """

    axis: ClassVar[str] = "pairs"

    def _spread(self, cell: Doubles, full: Doubles) -> tuple[float | None, float | None]:
        repeats, folds = cell.shape
        if repeats < 2:
            return None, None
        freedom = folds * (repeats - 1)
        moved = cell - cell[0]  # exactly zero where nothing was drawn
        variance = float(((moved - moved.mean(axis=0)) ** 2).sum() / freedom)
        return half_width(variance, cell.size, freedom), float(np.sqrt(variance))


@takes(paired=("source", "target"), source=FACES, target=FACES, protocol=PAIRS, methods=TEXTS)
def sensitivity_study(
    source: SetLike,
    target: SetLike,
    protocol: ProtocolLike,
    *,
    sizes: Sequence[int] | Literal["even"] | None = None,
    repeats: int = 3,
    methods: Sequence[str] | None = None,
    pairing: str = "same",
    keys: str = "protocol",
    alpha: float = 1.0,
    center: bool = True,
    cut: str = CUTS[0],
    loss: float = 0.01,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = None,
) -> SensitivityResult:
    """Accuracy of maps from `source` to `target` against the number of pairs they are fitted on.

    Args:
        source, target: sets of two networks, with embeddings of all images of the protocol.
        protocol: with at least three folds; an image is in one fold only.
        sizes: numbers of pairs; by default 10, 25, 50, 100, 200, 400, … The full fit is always added. "even": 100 sizes
            from the smallest to all [2020, with pairing "matched" and one repeat].
        repeats: draws of each size in each fold [2021: 3].
        methods: families of `facespace.mapping`; by default ridge and rotation (and anchored).
        pairing, keys, alpha, center: as in `cross_model_study`.
        cut: "out-of-fold": a fold's threshold is the best on the other folds' pairs, each scored by its own fold's map,
            fitted on as many pairs; or "in-sample", as in the papers: on all pairs of the other folds under the fold's own
            map.
        loss: accuracy that may be lost, for `needed`; 0.01 is one point.
        seed: of the draws, and of the intervals of the networks' own accuracies.
        workers: threads; by default one per processor.
        progress: called with (steps done, steps in all).

    Raises:
        InputError: a protocol without folds, missing images, sizes too small.
        UnknownNameError: an unknown method or pairing.
    """
    source, target, protocol = as_set(source), as_set(target), as_pairs(protocol)
    check_names(source, target)
    check_loss(loss)
    check_cut(cut)
    methods = known_methods(default_methods() if methods is None else methods)
    if repeats < 1:
        raise InputError(f"repeats must be a positive whole number; got {repeats}")
    smallest = 2 if center else 1  # one pair less its mean is nothing
    if isinstance(sizes, str):
        if sizes != "even":
            raise unknown_name("choice of sizes", sizes, ("even",))
        wanted: tuple[int, ...] | None = None
    else:
        wanted = check_values(LADDER if sizes is None else sizes, smallest, "sizes")
    work = PairWork.of_protocol(source, target, protocol, pairing, keys)
    whole = work.available
    if wanted is None:
        wanted = tuple(np.unique(np.linspace(smallest, whole, EVEN).round().astype(int)).tolist())
    values = (*(size for size in wanted if size < whole), whole)
    native = own_results((source, target), protocol, seed)
    accuracy = work.by_size(
        methods, values, repeats=repeats, seed=seed, alpha=alpha, center=center, cut=cut, workers=workers, progress=progress
    )
    line = signature(
        "sensitivity",
        protocol=protocol.name,
        source=source.model,
        target=target.model,
        keys=f"{keys}-{len(work.x)}" if pairing == "same" else None,
        pairing=pairing,
        sizes="+".join(map(str, values)) if len(values) <= 20 else f"{len(values)}even" if sizes == "even" else len(values),
        repeats=repeats,
        methods="+".join(methods),
        alpha=alpha,
        center=center,
        cut=cut,
        seed=seed,
    )
    warnings = tuple(dict.fromkeys(w for result in native for w in result.warnings))
    dims = source.dim, target.dim
    return SensitivityResult(
        line, source.model, target.model, dims, pairing, native, methods, values, accuracy, loss, warnings, cut
    )
