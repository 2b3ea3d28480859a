"""What an audit of attributes found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ...results import fields
from ...shown import Result


@dataclass(frozen=True)
class AttributePoint:
    """What the probe reads of one attribute from one kind of template.

    Attributes:
        attribute: its name. classes: its labels. protection: of the templates; "plain" is none.
        keys: "common", one secret of all templates, or "person".
        accuracy: share of the images whose label is read, with a 95 % interval over people; base_rate: that of always
            saying what most of the training images are.
        balanced: mean over classes of the share of their images that is read, when all classes are held equally likely;
            chance is 1 / classes.
        images, people: judged.
    """

    attribute: str
    classes: tuple[str, ...]
    protection: str
    keys: str
    accuracy: float
    low: float
    high: float
    base_rate: float
    balanced: float
    balanced_low: float
    balanced_high: float
    images: int
    people: int


@dataclass(frozen=True, repr=False)
class AttributeResult(Result):
    """What the audit found of the templates of `model`."""

    reported_by: ClassVar[str] = "privacy.attribute_report"

    model: str
    points: tuple[AttributePoint, ...]
    folds: int
    warnings: tuple[str, ...]
    signature: str

    def brief(self) -> str:
        """The headline in a line."""
        return f"{self.model}: {len(self.points)} probes, {self.folds} folds of people"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit attributes`; rates between 0 and 1, intervals at 95 %."""
        return {
            **fields(self, "signature", "model", "folds"),
            "points": [{**asdict(p), "classes": list(p.classes)} for p in self.points],
            **fields(self, "warnings"),
        }
