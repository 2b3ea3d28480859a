"""Each attacker against each protection: templates are made, stolen and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats
from ...gallery import Search, search
from ...mapping import ShippedMaps
from ..design import Design, Rows
from ..protections import Protection, Templates, protect_each
from ..rates import Answers, rates
from .attackers import Compared, Loot, attacks, by_map, compared_by, refined
from .own_accuracy import SECRETS
from .result import AttackPoint

_SECRET = 1000  # of the first repeat; those of the accuracy are others


@dataclass(frozen=True, eq=False)
class Attacker:
    """His network, what he knows (a key of KNOWLEDGE), and his embeddings of the shared images (n, q), where he compares."""

    network: str
    knowledge: str
    vectors: Floats

    @property
    def in_space(self) -> bool:
        """His embeddings are in the space of the network that made the templates, if roughly."""
        return self.knowledge != "other"


def attackers(own: tuple[str, Floats], others: Sequence[tuple[str, Floats]], known: ShippedMaps) -> list[Attacker]:
    """One with the same network; of each other one with it alone, and one who moves his by `known` if it has both."""
    found = [Attacker(own[0], "same", own[1])]
    for name, vectors in others:
        found.append(Attacker(name, "other", vectors))
        if name in known.networks and own[0] in known.networks:
            found.append(Attacker(name, "shipped", known.map(name, own[0]).transform(vectors)))
    return found


@dataclass(frozen=True, eq=False)
class Trials:
    """What all attacks share.

    Attributes:
        vectors: (n, d) embeddings of the network that is audited.
        fpirs, resamples, seed: of the rates. repeats: draws of leaked pairs, each with a new secret.
        names: which mated probes were named, by protection, attacker and number of pairs; filled as points are made.
    """

    vectors: Floats
    design: Design
    leaked: tuple[int, ...]
    repeats: int
    fpirs: tuple[float, ...]
    resamples: int
    seed: int
    names: dict[tuple[str, str, str, int], NDArray[np.bool_]] = field(default_factory=dict)

    def own(self) -> Search:
        """Plain templates in the plain gallery."""
        return self._search((self.vectors[self.design.probes], self.vectors[self.design.gallery]))

    def points(self, protection: Protection, who: Attacker, refine: bool) -> Iterator[AttackPoint]:
        """Of a kept common secret for all numbers of pairs, refined too; then of a secret a person, and a stolen one."""
        d = self.design
        stolen = [protection.protect(self.vectors[d.probes], _SECRET + r) for r in range(self.repeats)]
        for size in self.leaked:
            repeats = self.repeats if size else 1
            best, found, refused = "", [], 0
            sharp: list[Search] = []
            for repeat in range(repeats):
                rows = d.leak(repeat, self.seed)[:size]
                leaked = protection.protect(self.vectors[rows], _SECRET + repeat)
                loot = self._loot(protection, who, stolen[repeat], leaked, rows)
                ways = self._ways(protection, who, loot, stolen[repeat], _SECRET + repeat)
                if not ways:
                    break
                if repeat == 0:
                    best, first = self._strongest({name: attack() for name, attack in ways.items()})
                    found.append(first)
                else:
                    found.append(self._search(ways[best]()))
                if refine and size and repeat == 0:
                    fitted = by_map(loot, "anchored")
                    better = refined(loot, fitted)
                    refused = int(isinstance(better, str))
                    sharp.append(self._search(compared_by(fitted if isinstance(better, str) else better, loot)))
            yield self._point(protection, who, size, found, best)
            if sharp:
                yield self._point(protection, who, size, sharp, "refined", refine=True, refused=refused)
        if protection.keyed and who.knowledge == "same":
            yield self._with_own_secrets(protection, who)
        if protection.keyed and who.in_space:
            found = [self._search(self._own_templates(protection, who, stolen[r], _SECRET + r)) for r in range(self.repeats)]
            yield self._point(protection, who, 0, found, "own templates", secret="stolen")

    def _ways(
        self, protection: Protection, who: Attacker, loot: Loot, stolen: Templates, secret: int
    ) -> dict[str, Callable[[], Compared]]:
        found = attacks(loot, protection.keyed)
        if who.in_space and not protection.keyed:
            found["own templates"] = lambda: self._own_templates(protection, who, stolen, secret)
        return found

    def _own_templates(self, protection: Protection, who: Attacker, stolen: Templates, secret: int) -> Compared:
        made = protection.protect(who.vectors[self.design.gallery], secret)
        return protection.compared(stolen, secret), protection.compared(made, secret)

    def _with_own_secrets(self, protection: Protection, who: Attacker) -> AttackPoint:
        """The largest leak; the attacked people's secrets are none of those of the leaked ones."""
        d, size = self.design, self.leaked[-1]
        rows = d.leak(0, self.seed)[:size]
        secrets = _SECRET + d.person % SECRETS
        stolen = protect_each(protection, self.vectors[d.probes], secrets[d.probes])
        leaked = protect_each(protection, self.vectors[rows], SECRETS + secrets[rows])
        loot = self._loot(protection, who, stolen, leaked, rows)
        best, found = self._strongest({name: attack() for name, attack in attacks(loot, True).items()})
        return self._point(protection, who, size, [found], best, keys="person")

    def _loot(self, protection: Protection, who: Attacker, stolen: Templates, leaked: Templates, rows: Rows) -> Loot:
        pairs = protection.seen(leaked), who.vectors[rows]
        aligned = who.in_space and not protection.keyed
        return Loot(protection.seen(stolen), who.vectors[self.design.gallery], pairs, aligned)

    def _search(self, compared: Compared) -> Search:
        d = self.design
        return search(compared[0], d.person[d.probes], compared[1], d.person[d.gallery])

    def _strongest(self, tried: dict[str, Compared]) -> tuple[str, Search]:
        """The attack that names most, and what it names."""
        found = {name: self._search(compared) for name, compared in tried.items()}
        best = max(found, key=lambda name: int((found[name].rank == 1).sum()))
        return best, found[best]

    def _point(
        self,
        protection: Protection,
        who: Attacker,
        size: int,
        found: list[Search],
        attack: str,
        *,
        keys: str = "common",
        secret: str = "kept",
        refine: bool = False,
        refused: int = 0,
    ) -> AttackPoint:
        d = self.design
        if not found:  # guessing: random scores
            rng = np.random.default_rng([self.seed, 11])
            mate = rng.choice(d.gallery, (self.repeats, len(d.probes)))
            named = (d.person[mate] == d.person[d.probes]) & d.mated
            score = rng.random(named.shape).astype(np.float32)
        else:
            named = np.array([one.rank == 1 for one in found])
            score = np.array([np.maximum(one.mate, one.other) for one in found])
        given = rates(
            Answers(named, score), d.person[d.probes], d.mated, self.fpirs, resamples=self.resamples, seed=self.seed
        )
        if (keys, secret, refine) == ("common", "kept", False):
            self.names[protection.name, who.network, who.knowledge, size] = named[:, d.mated]
        rank1 = given.rank1
        return AttackPoint(
            protection.name, who.network, who.knowledge, keys, secret, size, refine, attack,
            rank1.value, rank1.low, rank1.high, given.fnir, given.each, refused,
        )  # fmt: skip
