"""The hiding game: does recognition live on what a map calls important?

Paper: Castanon and Byrne, Visualizing and quantifying discriminative features for face recognition, FG 2018; with blurring
in place of masking Xu, Lu, Ebrahimi 2023, section IV-B. The least important pixels of both images are blurred, each by its
own map, at levels from 0 to 100 %; the better the map, the longer the pairs are decided rightly.

    AUC = trapezium(accuracy) / (Pmax − Pmin)

Deletion hides the most important pixels first: there the better map gives the lower curve. Insertion (the blurred face gets
its most important pixels back first) shows the very pictures of the hiding game, read from the other end: the same AUC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...datasets import PairProtocol
from ...errors import InputError, shorten, unknown_name
from ...given import PAIRS, TEXTS, ProtocolLike, as_pairs, takes
from ...images import Crops
from ...metrics import check_folds, kfold_accuracy, open_end
from ...results import fields, signature
from ...shown import Result
from ..methods import COMPARED, CONTROLS, check_methods
from ..network import ExplainableNetwork
from ._scores import GameScores

LEVELS = tuple(i / 10 for i in range(11))
GAMES = ("hiding", "deletion")
_DRAWS = 2000


@dataclass(frozen=True)
class GameCurve:
    """One method in one game under one kind of threshold.

    Attributes:
        method, game: their names. threshold: "fixed" (the clean images') or "refit" (chosen anew at each level).
        levels: shares of hidden pixels. accuracy: at each, in [0, 1].
        auc: the area under it, in [0, 1]. low, high: 95 % interval, from drawing pairs.
        tie_fraction: share of the pixels whose importance another pixel of the image has too.
    """

    method: str
    game: str
    threshold: str
    levels: tuple[float, ...]
    accuracy: tuple[float, ...]
    auc: float
    low: float
    high: float
    tie_fraction: float

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "methods"."""
        keys = ("game", "threshold", "levels", "accuracy", "auc", "low", "high", "tie_fraction")
        return {"name": self.method, **fields(self, *keys)}


@dataclass(frozen=True)
class GameDifference:
    """AUC of the best method less that of another, on the same pairs, with its paired 95 % interval."""

    best: str
    other: str
    game: str
    threshold: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class HidingGameResult(Result):
    """What the game found.

    Attributes:
        network: its name. pairs: how many. accuracy, sd: of the clean pairs, ten folds.
        curves: every method, game and kind of threshold. differences: the best of each against the others.
    """

    reported_by: ClassVar[str] = "explain.game.game_report"

    network: str
    pairs: int
    accuracy: float
    sd: float
    curves: tuple[GameCurve, ...]
    differences: tuple[GameDifference, ...]
    signature: str

    def ranked(self, threshold: str, game: str = "hiding") -> list[GameCurve]:
        """The curves of one game and threshold, best first."""
        chosen = [c for c in self.curves if (c.threshold, c.game) == (threshold, game)]
        return sorted(chosen, key=lambda c: -c.auc if game == "hiding" else c.auc)

    def brief(self) -> str:
        """The headline and its counts in a line."""
        best = self.ranked(self.curves[0].threshold, self.curves[0].game)[0]
        told = f"{best.method} has the best area, {best.auc:.3f} [{best.low:.3f}, {best.high:.3f}], in {best.game}"
        return f"{self.network}: {told}; {len(self.curves)} curves, {self.pairs:,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace explain evaluate`; accuracies and areas between 0 and 1."""
        return {
            **fields(self, "signature", "network", "pairs"),
            "accuracy": {"mean": self.accuracy, "sd": self.sd},
            "methods": [c.to_dict() for c in self.curves],
            "differences": [vars(d) for d in self.differences],
        }


@takes(protocol=PAIRS, ids=TEXTS, methods=TEXTS, games=TEXTS)
def hiding_game(
    network: ExplainableNetwork,
    crops: Crops,
    ids: Sequence[str],
    protocol: ProtocolLike,
    *,
    methods: Sequence[str] = (*COMPARED, *CONTROLS),
    levels: Sequence[float] = LEVELS,
    games: Sequence[str] = ("hiding",),
    threshold: float | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> HidingGameResult:
    """Play the game on the pairs of `protocol`.

    Args:
        network: with a decoder when the paper's method is among `methods`.
        crops, ids: (m, height, width, 3) uint8 aligned faces and their ids, all that the protocol names.
        protocol: pairs with folds.
        levels: shares of hidden pixels, ascending, with 0 first.
        games: "hiding", "deletion".
        threshold: τ of Algorithm 1; by default the network's.
        folder: scores of finished pairs are kept there, and an interrupted game goes on from them.

    Raises InputError for pairs without folds, images that are missing, levels that do not ascend from 0, and when no τ is
    known; UnknownNameError for other methods and games.
    """
    protocol = as_pairs(protocol)
    names, wanted = check_methods(methods, network), np.asarray(levels, dtype=np.float64)
    tau = _threshold(network, threshold)
    _check(protocol, wanted, games)
    row = {name: i for i, name in enumerate(ids)}
    if missing := [i for i in protocol.ids.tolist() if i not in row]:
        raise InputError(f"{len(missing):,} images of the pairs are missing: {shorten(missing)}", "Give all of them.")
    left, right = (np.array([row[i] for i in side.tolist()]) for side in (protocol.left, protocol.right))
    line = signature(
        "hiding-game",
        network=network.name,
        protocol=protocol.name,
        pairs=len(protocol),
        threshold=f"{tau:.4f}",
        levels=len(wanted),
        blur="0.04",
        seed=seed,
    )
    played = GameScores(
        network.compiled(),  # here, not in the command: every game looks at crops by the hundred a pair
        crops,
        left,
        right,
        names,
        levels=wanted,
        games=games,
        threshold=tau,
        seed=seed,
        folder=None if folder is None else Path(folder),
        plan=line,
        progress=progress,
    )
    return judge(network.name, played.scores, played.ties, protocol, wanted, line, seed)


def judge(
    network: str,
    scores: dict[tuple[str, str], NDArray[np.float64]],
    ties: dict[str, float],
    protocol: PairProtocol,
    levels: ArrayLike,
    line: str,
    seed: int = 0,
) -> HidingGameResult:
    """The result from (n, k) scores by (game, method): accuracies, areas, intervals, paired differences."""
    at = np.asarray(levels, dtype=np.float64)
    first = next(iter(scores.values()))[:, 0]
    fold = protocol.fold
    assert fold is not None  # hiding_game saw to it
    clean = kfold_accuracy(first, protocol.same, fold)
    fixed = clean.thresholds[np.unique(fold, return_inverse=True)[1]]
    draws = np.random.default_rng(seed).integers(0, len(first), (_DRAWS, len(first)))
    curves, areas = [], {}
    for (game, method), table in scores.items():
        for kind in ("fixed", "refit"):
            right = np.empty(table.shape)
            for i in range(len(at)):
                cut = fixed
                if kind == "refit":
                    again = kfold_accuracy(table[:, i], protocol.same, fold)
                    cut = again.thresholds[np.unique(fold, return_inverse=True)[1]]
                right[:, i] = (table[:, i] >= cut) == protocol.same
            area = np.trapezoid(right, at, axis=1) / (at[-1] - at[0])  # a pair's own: the AUC is their mean
            areas[game, kind, method] = area
            low, high = open_end(float(area.mean()), np.percentile(area[draws].mean(1), [2.5, 97.5]), len(area))
            accuracy = tuple(right.mean(0).tolist())
            auc = float(area.mean()), low, high
            curves.append(GameCurve(method, game, kind, tuple(at.tolist()), accuracy, *auc, ties[method]))
    return HidingGameResult(
        network, len(first), clean.mean, clean.sd, tuple(curves), tuple(_differences(areas, draws)), line
    )


def _differences(areas: dict[tuple[str, str, str], NDArray[np.float64]], draws: NDArray[np.int64]) -> list[GameDifference]:
    found = []
    for game, kind in dict.fromkeys(key[:2] for key in areas):
        own = {key[2]: area for key, area in areas.items() if key[:2] == (game, kind)}
        sign = 1 if game == "hiding" else -1
        best = max(own, key=lambda m: sign * own[m].mean())
        for other, area in own.items():
            if other != best:
                gap = own[best] - area
                low, high = np.percentile(gap[draws].mean(1), [2.5, 97.5])
                found.append(GameDifference(best, other, game, kind, float(gap.mean()), float(low), float(high)))
    return found


def _threshold(network: ExplainableNetwork, given: float | None) -> float:
    tau = network.threshold if given is None else given
    if tau is None:
        raise InputError(f"{network.name} has no operating threshold", "Give one, such as verify's on other pairs.")
    return tau


def _check(protocol: PairProtocol, levels: NDArray[np.float64], games: Sequence[str]) -> None:
    if protocol.fold is None:
        raise InputError("the hiding game needs pairs with folds", "Use LFW's pairs.txt or a list with a fold column.")
    check_folds(protocol.same, protocol.fold)
    if levels.ndim != 1 or len(levels) < 2 or levels[0] != 0 or levels[-1] > 1 or (np.diff(levels) <= 0).any():
        raise InputError(
            f"levels must ascend from 0 to at most 1, not {shorten(levels.tolist(), 12)}", "Such as 0, 0.1, … 1."
        )
    for game in games:
        if game not in GAMES:
            raise unknown_name("game", game, GAMES)
