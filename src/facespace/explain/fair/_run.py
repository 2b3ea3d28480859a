"""One run of the fair tests: maps made once, values pair by pair."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...images import Crops
from ..black_box import planted_ranks
from ..methods import centre_map, random_map
from .margin import Embedder, MarginGame
from .method import Against, Doubles, Floats, Method, correlation, correlations
from .planted import region_ranks

Values = dict[tuple[str, str, str], Doubles]


class Run:
    """The tests' common things: pairs, maps made so far, and values."""

    def __init__(
        self,
        pairs: Crops,
        strangers: Crops,
        kinds: NDArray[np.bool_],
        embed: Embedder,
        methods: Mapping[str, Method],
        limits: dict[str, int],
        few: int,
        levels: tuple[float, ...],
        seed: int,
        part: tuple[int, int],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.part = part
        self.pairs, self.strangers, self.kinds, self.embed, self.levels = pairs, strangers, kinds, embed, levels
        self.methods, self.limits, self.seed, self.progress = methods, limits, seed, progress
        self.genuine = np.flatnonzero(kinds)[:few]
        self.values: Values = {}
        self._made: dict[tuple[str, bytes, bytes], Floats] = {}
        self.spent: dict[str, list[float]] = {}

    def against(self, name: str, face: Crops) -> Against:
        """The method's maps of a face; each is made once, and the first of a face is timed."""
        method, key, ready = self.methods[name], _digest(face), list[Against]()

        def explain(partner: Crops) -> Floats:
            place = (name, key, _digest(partner))
            if place not in self._made:
                start = time.process_time()
                if not ready:
                    ready.append(method.prepare(face))
                    self._made[place] = ready[0](partner)
                    self.spent.setdefault(name, []).append(time.process_time() - start)
                else:
                    self._made[place] = ready[0](partner)
            return self._made[place]

        return explain

    def remembered(self, name: str) -> Method:
        return Method(lambda face: self.against(name, face))

    def groups(self) -> dict[int, list[str]]:
        """Methods by how many of the few genuine pairs they take."""
        found: dict[int, list[str]] = {}
        for name in self.methods:
            found.setdefault(min(self.limits.get(name, len(self.genuine)), len(self.genuine)), []).append(name)
        return found

    def play(self, margin: bool, partner: bool) -> None:
        """The margin game; row k of every array is the k-th pair by turns, NaN under the other kind's fills."""
        if not (margin or partner):
            return
        same, other = np.flatnonzero(self.kinds), np.flatnonzero(~self.kinds)
        order = np.argsort(np.concatenate([np.arange(len(same)), np.arange(len(other))]), kind="stable")
        turn = np.concatenate([same, other])[order] if margin else self.genuine
        following = dict(zip(same.tolist(), np.roll(same, -1).tolist(), strict=True))
        for row, i in list(enumerate(turn.tolist()))[self.part[0] :: self.part[1]]:
            game = MarginGame(self.pairs[i], self.strangers[i], bool(self.kinds[i]), self.embed, self.levels, (self.seed, i))
            for name, maps in self._controls(i).items():
                if margin and row < self.limits.get(name, len(turn)):
                    self._put(len(turn), row, name, game.play(maps))
            for name in self.methods:
                if row >= self.limits.get(name, len(turn)):
                    continue
                sides = [self.against(name, self.pairs[i, k]) for k in (0, 1)]
                found = game.play([sides[k](self.pairs[i, 1 - k]) for k in (0, 1)])
                if margin:
                    self._put(len(turn), row, name, found)
                if margin and name == next(iter(self.methods)):
                    self._put(len(turn), row, "inverted", {key: _turned(key, found) for key in found})
                if partner and i in self.genuine:
                    wrong = game.play([sides[k](self.pairs[following[i], 1 - k]) for k in (0, 1)])
                    for test, fill in found:
                        if test == "gain":
                            key = ("wrong partner", fill, name)
                            gone = self.values.setdefault(key, np.full(len(turn), np.nan))
                            gone[row] = found[test, fill] - wrong[test, fill]
            if self.progress:
                self.progress(row + 1, len(turn))

    def _controls(self, i: int) -> dict[str, list[Floats]]:
        shape, rng = self.pairs.shape[2:4], np.random.default_rng([self.seed, 2, i])
        bell = centre_map(shape) * (1 if self.kinds[i] else -1)  # speaks for what is decided, as other maps do
        return {"random": [random_map(shape, rng) for _ in range(2)], "centre": [bell, bell]}

    def _put(self, n: int, row: int, name: str, found: Mapping[tuple[str, str], float]) -> None:
        for (test, fill), area in found.items():
            self.values.setdefault((test, fill, name), np.full(n, np.nan))[row] = area

    def windows(self) -> None:
        for count, names in self.groups().items():
            left, right, other = self._few(count)
            explain = {name: (lambda a, b, name=name: self.against(name, a)(b)) for name in names}
            ranks, *_ = planted_ranks(
                left, right, other, explain, rng=np.random.default_rng(self.seed), progress=self.progress
            )
            self.values |= {("planted", "window", name): np.array(ranks[name]) for name in names}
            less = {name: np.array(ranks[f"{name} − mean of others"]) for name in names}
            self.values |= {("planted", "window, less others' mean", name): found for name, found in less.items()}
            if count == len(self.genuine):
                self.values |= {("planted", "window", name): np.array(ranks[name]) for name in ("centre", "random")}

    def regions(self, masks: Mapping[str, Floats]) -> None:
        rng = np.random.default_rng([self.seed, 7])
        shape = self.pairs.shape[2:4]
        blind = {
            "random": Method(lambda _: lambda __: random_map(shape, rng)),
            "centre": Method(lambda _: lambda __: centre_map(shape)),
        }
        for count, names in self.groups().items():
            methods = {name: self.remembered(name) for name in names}
            found = region_ranks(
                *self._few(count), {**methods, **(blind if count == len(self.genuine) else {})}, masks, self.progress
            )
            self.values |= {("planted", mask, name): ranks for (mask, name), ranks in found.items()}

    def sanity(self, randomised: Mapping[str, Method]) -> None:
        steps = np.random.default_rng([self.seed, 3]).choice([(0, 1), (0, -1), (1, 0), (-1, 0)], len(self.genuine))
        for count, names in self.groups().items():
            left, right, _ = self._few(count)
            for name in names:
                maps = [self.against(name, a)(b) for a, b in zip(left, right, strict=True)]
                moved = [self.against(name, _moved(a, s))(b) for a, b, s in zip(left, right, steps, strict=False)]
                back = [_moved(m, -s) for m, s in zip(moved, steps, strict=False)]
                self.values["shifted", "one pixel", name] = np.array(list(map(correlation, back, maps)))
                table = correlations(np.stack(maps))
                np.fill_diagonal(table, 0)
                self.values["agreement", "other people", name] = np.nansum(table, axis=1) / (count - 1)
                if name in randomised:
                    others = [randomised[name].prepare(a)(b) for a, b in zip(left, right, strict=True)]
                    self.values["randomised", "all weights", name] = np.array(list(map(correlation, others, maps)))
                if self.progress:
                    self.progress(names.index(name) + 1, len(names))

    def _few(self, count: int) -> tuple[Crops, Crops, Crops]:
        rows = self.genuine[:count]
        return self.pairs[rows, 0], self.pairs[rows, 1], self.strangers[rows, 0]


def _turned(key: tuple[str, str], found: Mapping[tuple[str, str], float]) -> float:
    """What the map turned round gets: in the insertion game the pictures of the deletion game, and the other way."""
    test, fill = key
    other = {"insertion": "deletion", "deletion": "insertion"}.get(test)
    return -found[key] if other is None else found[other, fill]


def _digest(crop: Crops) -> bytes:
    return hashlib.blake2b(crop.tobytes(), digest_size=16).digest()


def _moved(image: NDArray[Any], by: NDArray[Any]) -> NDArray[Any]:
    """The picture moved by (rows, columns) of one pixel, its border repeated."""
    wide = np.pad(image, [(1, 1), (1, 1)] + [(0, 0)] * (image.ndim - 2), mode="edge")
    y, x = (1 - int(b) for b in by)
    return np.asarray(wide[y : y + image.shape[0], x : x + image.shape[1]])
