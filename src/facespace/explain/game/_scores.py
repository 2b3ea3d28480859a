"""The hiding game's costly part: scores of every pair at every level under every method's maps.

Pairs are done in blocks, each kept in a file of its own, so that an interrupted game goes on where it stopped. What all
methods share is computed once: nothing hidden and everything hidden need no map, the clean maps serve all methods.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError
from ...images import Crops
from ...io import atomic_write, read_npz_artefact
from ..methods import Importance
from ..network import ExplainableNetwork, pool
from ..saliency import decompose
from ._hide import blurred, hide, hiding_order

Doubles = NDArray[np.float64]
BLOCK = 8  # pairs; with five methods and nine levels that is 720 crops


class GameScores:
    """Scores by game ("hiding", or "deletion": most important first) and method: (pairs, levels).

    Attributes:
        scores: {(game, method): (n, k)}; clean: (n,) nothing hidden; ties: {method: share of tied pixels}.
    """

    def __init__(
        self,
        network: ExplainableNetwork,
        crops: Crops,
        left: NDArray[np.intp],
        right: NDArray[np.intp],
        methods: Sequence[str],
        *,
        levels: Doubles,
        games: Sequence[str] = ("hiding",),
        threshold: float,
        seed: int = 0,
        folder: Path | None = None,
        plan: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.network, self.crops, self.left, self.right = network, crops, left, right
        self.methods, self.levels, self.games, self.seed = list(methods), levels, list(games), seed
        self._importance = Importance(network, threshold, seed)
        self._inner = [i for i, level in enumerate(levels) if 0 < level < 1]
        if folder is not None:
            self._check_plan(folder, plan)
        parts, n = [], len(left)
        for start in range(0, n, BLOCK):
            rows = np.arange(start, min(start + BLOCK, n))
            parts.append(self._kept(folder, rows))
            if progress:
                progress(int(rows[-1]) + 1, n)
        self.scores = {
            (game, method): np.concatenate([p[f"{game}|{method}"] for p in parts]) for game in games for method in methods
        }
        self.ties = {method: float(np.concatenate([p[f"ties|{method}"] for p in parts]).mean()) for method in methods}

    def _check_plan(self, folder: Path, plan: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "plan.json"
        text = json.dumps({"plan": plan, "levels": self.levels.tolist(), "games": self.games, "methods": self.methods})
        if path.exists() and path.read_bytes() != text.encode():
            raise FileFormatError(
                f"{folder} holds an unfinished game with other settings", "Remove the folder, or choose another output."
            )
        with atomic_write(path) as temporary:
            temporary.write_bytes(text.encode())

    def _kept(self, folder: Path | None, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
        path = None if folder is None else folder / f"pairs-{rows[0]:06d}.npz"
        if path is not None and path.exists():
            with suppress(FileFormatError):  # damaged: it is played again
                return self._read(path, len(rows))
        part = self._block(rows)
        if path is not None:
            with atomic_write(path) as temporary:
                np.savez(temporary, **part)  # type: ignore[arg-type]
        return part

    def _read(self, path: Path, n: int) -> dict[str, Doubles]:
        shapes: dict[str, tuple[int, ...]] = {f"ties|{method}": (n,) for method in self.methods}
        shapes |= {f"{game}|{method}": (n, len(self.levels)) for game in self.games for method in self.methods}
        file = read_npz_artefact(path, "a part of a hiding game", list(shapes))
        return {name: file.array(name, shape, np.float64) for name, shape in shapes.items()}

    def _block(self, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
        n = len(rows)
        sides = np.concatenate([self.left[rows], self.right[rows]])  # row i and row n + i are a pair
        clean = self.crops[sides]
        soft = blurred(clean)
        maps = self.network.maps(clean)
        features = pool(maps, self.network.pooling)
        other = np.roll(np.arange(2 * n), -n)
        head = self.network.head
        cosines = [decompose(features[i], features[j], head, head) for i, j in enumerate(other)]
        numbers = np.concatenate([2 * rows, 2 * rows + 1]).tolist()
        importance = self._importance(self.methods, clean, maps, cosines, sides.tolist(), numbers)
        first, last = self._scores(features, n), self._scores(self.network.features(soft), n)
        inner = self.levels[self._inner]
        part: dict[str, NDArray[np.float64]] = {}
        played: dict[str, NDArray[np.intp]] = {}
        for method in self.methods:
            orders, ties = [], []
            for i in range(2 * n):
                # The tie-break of an image is the same in every method and game.
                rng = np.random.default_rng([self.seed, 1, int(rows[i % n]), i // n])
                order, tied = hiding_order(importance[method][i], rng)
                orders.append(order)
                ties.append(tied)
            part[f"ties|{method}"] = np.array(ties[:n]) / 2 + np.array(ties[n:]) / 2
            # Maps of one order, such as all that are the same everywhere, show the same pictures: played once.
            twin = next((m for m, other in played.items() if np.array_equal(orders, other)), None)
            if twin is not None:
                part |= {f"{game}|{method}": part[f"{game}|{twin}"] for game in self.games}
                continue
            played[method] = np.array(orders)
            for game in self.games:
                turned = orders if game == "hiding" else [order[::-1] for order in orders]
                hidden = np.concatenate([hide(clean[i], soft[i], turned[i], inner) for i in range(2 * n)])
                seen = self.network.features(hidden).reshape(2 * n, len(inner), -1)
                table = np.empty((n, len(self.levels)))
                for i, level in enumerate(self.levels):
                    table[:, i] = first if level <= 0 else last
                for column, i in enumerate(self._inner):
                    table[:, i] = self._scores(seen[:, column], n)
                part[f"{game}|{method}"] = table
        return part

    def _scores(self, features: NDArray[np.float32], n: int) -> Doubles:
        e = self.network.embeddings(features)
        e = e / np.linalg.norm(e, axis=1, keepdims=True)
        return np.asarray(np.einsum("ij,ij->i", e[:n], e[n:]))
