"""What `plan_capacity` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...io import jsonable
from ...results import fields
from ...shown import Result
from ..sizing import Estimated, Target


@dataclass(frozen=True)
class PlanRow:
    """One way to run the system.

    Attributes:
        way: "one" image a person enrolled, "pooled" or "higher" for two; "plain" cosines, or corrected by a "cohort".
        people: N*.
        threshold: τ_β.
        ratio: N* over that of one image without a cohort on the same people, on the same draws; None for that itself.
        support: the share of the draws in which it is the larger; None for that itself.
    """

    way: str
    people: Estimated
    threshold: float
    ratio: Estimated | None
    support: float | None


@dataclass(frozen=True, eq=False, repr=False)
class CapacityPlan(Result):
    """What would make the gallery larger.

    Attributes:
        model: network of the set.
        fpir, fnir: what was asked for.
        targets: N* at other FPIR and FNIR, of all people.
        templates: of the people with three images or more: one image enrolled, two pooled, two of which the higher score
            counts; empty where they are too few.
        cohort: of all people: cosines, and those corrected by a cohort; empty without one.
        counts: images, people, genuine_people; template_people, template_searches; cohort, its images.
    """

    reported_by: ClassVar[str] = "capacity.plan_report"

    model: str
    fpir: float
    fnir: float
    targets: tuple[Target, ...]
    templates: tuple[PlanRow, ...]
    cohort: tuple[PlanRow, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...]
    signature: str

    def brief(self) -> str:
        """What was compared, in a line."""
        ways = ", ".join(f"{row.way} {row.people.value:,.0f}" for row in (*self.templates, *self.cohort))
        return f"{self.model}: {len(self.targets)} targets; {ways or 'no other ways'}; {self.counts['people']:,} people"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace capacity plan`; sizes are numbers of people, intervals at 95 %."""
        whole = "signature", "model", "fpir", "fnir", "targets", "templates", "cohort", "counts", "warnings"
        return dict(jsonable(fields(self, *whole)))
