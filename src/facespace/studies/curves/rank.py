"""The rank study: how few directions carry a map? [2020 v4, abstract: from 512 to 64 with negligible loss]"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ...errors import InputError, shorten
from ...given import FACES, PAIRS, TEXTS, ProtocolLike, SetLike, as_pairs, as_set, takes
from ...mapping import CUTS
from ...results import signature
from ..training_images import check_cut, own_results
from ._curve import CurveResult, Doubles, check_loss, check_names, check_values, half_width
from ._pair_work import PairWork, Progress, default_methods, known_methods


class RankResult(CurveResult):
    """Accuracy against the rank of the map; `repeats` is 1, because nothing is drawn.

    `low` and `high` are the 95 % Student interval, over the folds, of the difference to the map of full rank, about the
    accuracy: how far other people would move the point against the full map. `sd` is that of the difference.
    """

    axis: ClassVar[str] = "rank"

    def _spread(self, cell: Doubles, full: Doubles) -> tuple[float | None, float | None]:
        difference = (full - cell).ravel()
        variance = float(difference.var(ddof=1))
        return half_width(variance, len(difference), len(difference) - 1), float(np.sqrt(variance))


@takes(paired=("source", "target"), source=FACES, target=FACES, protocol=PAIRS, methods=TEXTS)
def rank_study(
    source: SetLike,
    target: SetLike,
    protocol: ProtocolLike,
    *,
    ranks: Sequence[int] | None = None,
    methods: Sequence[str] | None = None,
    pairing: str = "same",
    keys: str = "protocol",
    alpha: float = 1.0,
    center: bool = True,
    cut: str = CUTS[0],
    loss: float = 0.005,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = None,
) -> RankResult:
    """Accuracy of maps from `source` to `target` against their rank, from the narrower width down to 1.

    W_r = W V_r V_rᵀ, V_r the r leading right singular vectors of the fitted values X W: of a ridge map that is
    reduced-rank regression. Each fold's map is fitted once; all its ranks follow from one decomposition.

    Args:
        source, target, protocol, pairing, keys, alpha, center, methods, cut, workers, progress: as in `sensitivity_study`.
        ranks: by default all; full rank is always added.
        loss: accuracy that may be lost, for `needed`; 0.01 is one point.
        seed: of the intervals of the networks' own accuracies; nothing else is random.

    Raises:
        InputError: a protocol without folds, missing images, ranks beyond the narrower width.
        UnknownNameError: an unknown method or pairing.
    """
    source, target, protocol = as_set(source), as_set(target), as_pairs(protocol)
    check_names(source, target)
    check_loss(loss)
    check_cut(cut)
    methods = known_methods(default_methods() if methods is None else methods)
    full = min(source.dim, target.dim)
    wanted = check_values(range(1, full + 1) if ranks is None else ranks, 1, "ranks")
    if wanted[-1] > full:
        over = [rank for rank in wanted if rank > full]
        raise InputError(
            f"ranks {shorten(over)} exceed {full}, the rank that a map between widths {source.dim} and {target.dim} can have"
        )
    values = tuple(dict.fromkeys((*wanted, full)))
    work = PairWork.of_protocol(source, target, protocol, pairing, keys)
    native = own_results((source, target), protocol, seed)
    accuracy = work.by_rank(methods, values, alpha=alpha, center=center, cut=cut, workers=workers, progress=progress)
    line = signature(
        "rank",
        protocol=protocol.name,
        source=source.model,
        target=target.model,
        keys=f"{keys}-{len(work.x)}" if pairing == "same" else None,
        pairing=pairing,
        ranks="all" if len(values) == full else "+".join(map(str, values)),
        methods="+".join(methods),
        alpha=alpha,
        center=center,
        cut=cut,
        seed=seed,
    )
    warnings = tuple(dict.fromkeys(w for result in native for w in result.warnings))
    dims = source.dim, target.dim
    return RankResult(
        line, source.model, target.model, dims, pairing, native, methods, values, accuracy, loss, warnings, cut
    )
