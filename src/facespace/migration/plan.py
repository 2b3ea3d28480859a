"""MigrationPlan: what a move will do, measured beforehand; a JSON file that a person can read, sign and keep."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..errors import FileFormatError, InputError
from ..io import existing_file, write_json
from ..mapping import FittedOn, LinearMap, TwoSidedMap, load_map
from ..shown import Result
from .evidence import Direction
from .guarantee import Decision
from .journal import check_free

VERSION = 1

AnyMap = LinearMap | TwoSidedMap


@dataclass(frozen=True, repr=False)
class MigrationPlan(Result):
    """The document of a plan, by its parts; rates and losses are fractions.

    Attributes:
        url: of the gallery, without a password. gallery: what it said of itself.
        direction: "gallery", "both" (templates are mapped) or "queries" (nothing is written).
        maps: path, digest, networks, method and pairs of the map of templates and of that of queries, where there are; and
            how many of the gallery's templates, or their people, the map of templates was fitted on.
        check: the two sets, their people and images, and how many trials they gave; `people_seen`, hashes of these people.
        far, fpir, margin: what was asked for. level: of the intervals.
        arms: TAR, threshold and what FAR that may truly give: old alone, each direction, new alone.
        losses: against old alone, each way.
        lookups: rank 1 and FNIR among the gallery's own templates.
        order: what re-enrolling brings, None where templates stay as they are.
        decision: go, stop or more; `reason` says why; `people_needed` for a decision with 80 % power, None if no number is.
        thresholds: of cosines with mapped templates and with those of the new network.
        cost: templates a second of reading and mapping, as measured, and bytes that `next` takes.
    """

    reported_by: ClassVar[str] = "migration.plan_report"

    url: str
    gallery: Mapping[str, Any]
    direction: str
    maps: Mapping[str, Any]
    check: Mapping[str, Any]
    far: float
    fpir: float
    margin: float
    level: float
    arms: Mapping[str, Any]
    losses: Mapping[str, Any]
    lookups: Mapping[str, Any]
    order: Mapping[str, Any] | None
    decision: Decision
    reason: str
    people_needed: int | None
    thresholds: Mapping[str, float]
    cost: Mapping[str, float]
    warnings: Sequence[str]
    signature: str

    def brief(self) -> str:
        """The headline and its counts in a line."""
        reason = f"{self.reason[:300]}…" if len(self.reason) > 300 else self.reason
        return f"{self.decision}: {reason} {self.url}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {"kind": "facespace migration plan", "version": VERSION, **vars(self)}

    @property
    def digest(self) -> str:
        """A few letters that tell plans apart."""
        text = json.dumps(self.to_dict(), sort_keys=True, default=list)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def writes(self) -> bool:
        """Whether anything is written; queries can be mapped without."""
        return self.direction != "queries"

    def save(self, path: str | Path) -> Path:
        """Write the document, whole or not at all. OutputError over a plan whose migration has begun."""
        check_free(Path(path), self.digest)
        write_json(self, Path(path))
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> MigrationPlan:
        """Read what `save` wrote. Raises FileFormatError."""
        path = existing_file(path, "a migration plan")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            kind, version = document.pop("kind"), document.pop("version")
            if kind != "facespace migration plan" or version != VERSION:
                raise FileFormatError(
                    f"{path} is {kind!r}, version {version!r}", "Plans are made by facespace migrate plan."
                )
            return _checked(cls(**document))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FileFormatError(f"{path} is no migration plan: {error}", "Make it by facespace migrate plan.") from None

    @property
    def seen(self) -> FittedOn:
        """The people that it was made with."""
        people = np.frombuffer(b64decode(self.check["people_seen"], validate=True), dtype="<u8").astype(np.uint64)
        return FittedOn(people[:0], people)

    def read_maps(self, folder: Path) -> dict[str, AnyMap]:
        """The maps of "templates" and, if any, "queries", from the paths in the plan; those not found, from `folder`.

        Raises InputError where a map is another now.
        """
        return {side: _same_map(facts, folder) for side, facts in self.maps.items()}

    def way(self, maps: Mapping[str, AnyMap]) -> Direction:
        """The direction with its maps."""
        if self.direction == "queries":
            return Direction.of_queries(one_sided(maps["queries"]))
        return Direction.of(maps["templates"])


def one_sided(map: AnyMap) -> LinearMap:
    """The map, if it is one into the other network's own space. Raises InputError."""
    if isinstance(map, TwoSidedMap):
        raise InputError(
            "queries are mapped into the gallery's space by a one-sided map",
            "Fit one by any method but joint and likelihood.",
        )
    return map


def file_digest(path: Path) -> str:
    """What tells files apart."""
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _same_map(facts: Mapping[str, Any], folder: Path) -> AnyMap:
    path = Path(facts["path"])
    path = path if path.exists() else folder / path.name
    if file_digest(existing_file(path, "the plan's map")) != facts["blake2b"]:
        raise InputError(f"{path} is another map than the one that was planned with", "Restore it, or plan anew.")
    return load_map(path)


def _checked(plan: MigrationPlan) -> MigrationPlan:
    """The plan, if what the steps take from it is of the right kind. Raises KeyError, TypeError or ValueError."""
    texts = [plan.url, plan.reason, *(facts[key] for facts in plan.maps.values() for key in ("path", "blake2b", "method"))]
    texts += [facts[side] for facts in plan.maps.values() for side in ("source", "target")]
    rates = [plan.far, plan.fpir, plan.margin, plan.level]
    rates += [arm[key] for arm in plan.arms.values() for key in ("tar", "low", "high", "threshold", "far_low", "far_high")]
    rates += [loss[key] for loss in plan.losses.values() for key in ("loss", "low", "high")]
    counts = [facts[key] for facts in plan.maps.values() for key in ("pairs", "fitted_in_gallery")]
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(count, int) for count in counts):
        raise TypeError("something that should be text or a count isn't")
    if any(isinstance(rate, bool) or not isinstance(rate, float | int) or not -1 <= rate <= 1.001 for rate in rates):
        raise ValueError("something that should be a rate isn't")
    side = "queries" if plan.direction == "queries" else "templates"
    if plan.direction not in ("gallery", "both", "queries") or plan.decision not in ("go", "stop", "more"):
        raise ValueError(f"direction {plan.direction!r}, decision {plan.decision!r}")
    _ = plan.seen, plan.maps[side], plan.arms["old"], plan.arms[plan.direction], plan.losses[plan.direction]
    return plan
