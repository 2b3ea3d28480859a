"""What an audit of protections found."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ...results import fields
from ...shown import Result
from ..rates import Rate, fnir_facts

KNOWLEDGE = {
    "same": "has the same network",
    "other": "has another network",
    "shipped": "has another network and its shipped map",
}


@dataclass(frozen=True)
class AttackPoint:
    """The strongest attack of one attacker on one protection.

    Attributes:
        protection: its name.
        network: the attacker's own. knowledge: a key of `KNOWLEDGE`.
        keys: "common", one secret of all templates, or "person", one a person. secret: "kept" or "stolen".
        leaked: pairs he learnt from. refine: the map was sharpened on the stolen templates and his gallery.
        attack: which of his attacks names most in the first repeat, "" where he can try none and guesses.
        rank1, low, high: share of mated probes that are named, mean over repeats, and its 95 % interval.
        fnir_at_fpir: by FPIR. rank1_by_repeat: each with other pairs and another secret. refused: repeats in which refine
            refused.
    """

    protection: str
    network: str
    knowledge: str
    keys: str
    secret: str
    leaked: int
    refine: bool
    attack: str
    rank1: float
    low: float
    high: float
    fnir_at_fpir: dict[float, Rate]
    rank1_by_repeat: tuple[float, ...]
    refused: int = 0

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "points"."""
        return {
            **fields(self, "protection", "network", "knowledge", "keys", "secret", "leaked", "refine", "attack"),
            **fields(self, "rank1", "low", "high"),
            **fnir_facts(self.fnir_at_fpir),
            **fields(self, "rank1_by_repeat", "refused"),
        }


@dataclass(frozen=True)
class OwnAccuracy:
    """Accuracy and EER of templates, and what is lost beside plain ones on the same pairs, with 95 % intervals.

    `keys`: "common" or "person". `accuracy_lost` is plain less protected, `eer_lost` protected less plain, `tar_lost` of TAR
    at FAR 1 %: positive is worse.
    """

    protection: str
    keys: str
    accuracy: float
    low: float
    high: float
    accuracy_lost: float
    lost_low: float
    lost_high: float
    eer: float
    eer_low: float
    eer_high: float
    eer_lost: float
    eer_lost_low: float
    eer_lost_high: float
    tar: float
    tar_low: float
    tar_high: float
    tar_lost: float
    tar_lost_low: float
    tar_lost_high: float


@dataclass(frozen=True)
class Unlinkability:
    """D_sys between two secrets, its 95 % interval, what chance gives, and D↔ in the bins between `edges`."""

    protection: str
    d_sys: float
    low: float
    high: float
    floor: float
    mated: int
    nonmated: int
    edges: tuple[float, ...]
    local: tuple[float, ...]


@dataclass(frozen=True)
class Renewal:
    """A revoked template against the new one of the same image, beside impostors under one secret.

    `accepted`: share of images whose revoked template passes the threshold that 1 % of impostors pass.
    """

    protection: str
    mean: float
    sd: float
    impostor_mean: float
    impostor_sd: float
    threshold: float
    accepted: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class HalfPoint:
    """Leaked pairs at which an attacker without refining names half of what plain templates of the network give.

    ∞ where no tested leak reaches it (null in the document).
    """

    protection: str
    network: str
    knowledge: str
    leaked: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "half"."""
        numbers = {name: None if math.isinf(n := getattr(self, name)) else n for name in ("leaked", "low", "high")}
        return {**fields(self, "protection", "network", "knowledge"), **numbers}


@dataclass(frozen=True, repr=False)
class ProtectionResult(Result):
    """What the audit found of the templates of `model`; `counts` as in LinkageResult, the pairs of the accuracy, and
    `seen_by_shipped`: attacked images that the shipped maps were fitted on, or others of their people.

    `own`: rank-1 of the network's plain templates in its own plain gallery. `parameters` by protection.
    """

    reported_by: ClassVar[str] = "privacy.protection_report"

    model: str
    own: Rate
    chance: float
    points: tuple[AttackPoint, ...]
    half: tuple[HalfPoint, ...]
    accuracy: tuple[OwnAccuracy, ...]
    unlinkability: tuple[Unlinkability, ...]
    renewal: tuple[Renewal, ...]
    parameters: dict[str, dict[str, Any]]
    counts: dict[str, int]
    fpirs: tuple[float, ...]
    warnings: tuple[str, ...]
    signature: str

    @property
    def names(self) -> list[str]:
        """The protections, in their order."""
        return list(self.parameters)

    def line(
        self, protection: str, knowledge: str, *, refine: bool = False, network: str | None = None
    ) -> list[AttackPoint]:
        """The points of a kept common secret, ascending in leaked pairs."""
        return [
            p
            for p in self.points
            if (p.protection, p.knowledge, p.keys, p.secret) == (protection, knowledge, "common", "kept")
            and p.refine == refine
            and network in (None, p.network)
        ]

    def brief(self) -> str:
        """The headline in a line."""
        people = self.counts["attacked_people"]
        return f"{self.model}: {len(self.names)} protections, {len(self.points)} attacks, {people:,} people attacked"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit protections`; rates between 0 and 1, intervals at 95 %."""
        return {
            **fields(self, "signature", "model", "chance"),
            "own": asdict(self.own),
            "points": [point.to_dict() for point in self.points],
            "half": [point.to_dict() for point in self.half],
            "accuracy": [asdict(row) for row in self.accuracy],
            "unlinkability": [
                {**asdict(row), "edges": list(row.edges), "local": list(row.local)} for row in self.unlinkability
            ],
            "renewal": [asdict(row) for row in self.renewal],
            **fields(self, "parameters", "counts", "warnings"),
        }
