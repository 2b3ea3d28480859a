"""What a whole audit found: all its parts, and what they say by the points of the standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from ...results import fields
from ...shown import Result
from ..attributes import AttributeResult
from ..linkage_result import LinkageResult
from ..mixture import MixtureResult
from ..protection_audit import ProtectionResult

Tested = Literal["tested", "in part", "not tested"]


@dataclass(frozen=True)
class SetFacts:
    """One of the sets: how many images of how many people, and copies.

    Attributes:
        role: "audited", the first set; "other system"; or "reference" of the mixture.
        people_by: what told the people: column "subject", "folder" in the ids, or "nobody" (people is then 0).
        unknown: images of unknown people. copies: images that are copies of others; of_two_people: with another person's
            vector.
    """

    role: str
    model: str
    templates: int
    dim: int
    people: int
    people_by: str
    unknown: int
    copies: int
    of_two_people: int


@dataclass(frozen=True)
class StoredFile:
    """A file that was given, and the id of the key it is encrypted under; key None: plain."""

    file: str
    key: str | None

    @property
    def encrypted(self) -> bool:
        """Is it?"""
        return self.key is not None


@dataclass(frozen=True)
class Attacker:
    """One attack model: who he is, what he has, and what he names of `probes` templates; rates None where not tested.

    `templates`: which he attacks. `other`: he has no embeddings by the network of the templates but of the leaked pairs.
    """

    name: str
    templates: str
    has: str
    tested: bool
    rank1: float | None = None
    low: float | None = None
    high: float | None = None
    probes: int = 0
    note: str = ""
    other: bool = False


@dataclass(frozen=True)
class Point:
    """A point of a standard: whether it was tested, what was found, and what of it was not tested."""

    standard: str
    point: str
    tested: Tested
    finding: str
    left: str = ""


@dataclass(frozen=True)
class Headline:
    """A sentence of the first page, of a topic."""

    topic: str
    text: str


@dataclass(frozen=True)
class Untested:
    """What was not tested, and why."""

    what: str
    why: str


@dataclass(frozen=True, repr=False)
class PrivacyAudit(Result):
    """What `audit_privacy` found of the first set's templates.

    `linkage` has a result for each other set; `protections` and `attributes` are None where they were not tested, and
    `untested` says why. `worst`: of the attackers with another network on templates without protection the one who names
    most, None without another set; `highest`: the highest upper limit of any of them.
    """

    reported_by: ClassVar[str] = "privacy.privacy_report"

    model: str
    quick: bool
    sets: tuple[SetFacts, ...]
    storage: tuple[StoredFile, ...]
    headlines: tuple[Headline, ...]
    points: tuple[Point, ...]
    attackers: tuple[Attacker, ...]
    worst: Attacker | None
    highest: float | None
    untested: tuple[Untested, ...]
    linkage: tuple[LinkageResult, ...]
    protections: ProtectionResult | None
    attributes: AttributeResult | None
    mixture: tuple[MixtureResult, ...]
    max_linkage: float | None
    warnings: tuple[str, ...]
    signature: str

    @property
    def passed(self) -> bool | None:
        """Is `highest` at most `max_linkage`? None where no limit was given."""
        if self.max_linkage is None:
            return None
        return self.highest is not None and self.highest <= self.max_linkage

    def brief(self) -> str:
        """The headline and its counts in a line."""
        plain = sum(not one.encrypted for one in self.storage)
        files = f"{plain} of {len(self.storage)} files plain, " if self.storage else ""
        text = f"{self.model}: {files}{self.sets[0].people:,} people; "
        if self.worst is None or self.worst.rank1 is None:
            return f"{text}other networks not tested"
        rate = " ".join(f"{100 * float(n or 0):.2f}" for n in (self.worst.rank1, self.worst.low, self.worst.high))
        value, low, high = rate.split()
        return f"{text}another network names {value} % [{low}, {high}] of {self.worst.probes:,} templates"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit report`; rates between 0 and 1, intervals at 95 %."""
        return {
            **fields(self, "signature", "model", "quick"),
            "sets": [asdict(one) for one in self.sets],
            "storage": [{**asdict(one), "encrypted": one.encrypted} for one in self.storage],
            "headlines": [asdict(one) for one in self.headlines],
            "points": [asdict(one) for one in self.points],
            "attackers": [_attacker(one) for one in self.attackers],
            "worst": None if self.worst is None else _attacker(self.worst),
            **fields(self, "highest", "max_linkage", "passed"),
            "untested": [asdict(one) for one in self.untested],
            "linkage": [one.to_dict() for one in self.linkage],
            "protections": None if self.protections is None else self.protections.to_dict(),
            "attributes": None if self.attributes is None else self.attributes.to_dict(),
            "mixture": [one.to_dict() for one in self.mixture],
            **fields(self, "warnings"),
        }


def _attacker(one: Attacker) -> Mapping[str, Any]:
    return fields(one, "name", "templates", "has", "tested", "rank1", "low", "high", "probes", "note")
