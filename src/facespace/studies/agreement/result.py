"""The result of the agreement study: what two networks share, and what of it a map can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ...results import fields
from ...shown import Result
from .estimate import Estimate

Measure = Literal["accuracy", "tar"]


@dataclass(frozen=True)
class DirectionBin:
    """Directions `first` to `last` (from 1) of the joint map's space.

    Attributes:
        a, b, cross: mean reliabilities ρ_A, ρ_B, ρ_AB of the directions.
        kappa: κ of these directions; `through` of directions 1 to `last`. None where a reliability is not distinguishable
            from zero, so that κ is not defined.
    """

    first: int
    last: int
    a: Estimate
    b: Estimate
    cross: Estimate
    kappa: Estimate | None
    through: Estimate | None

    @property
    def label(self) -> str:
        """As "9–16"."""
        return f"{self.first}–{self.last}" if self.last > self.first else str(self.first)

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "bins"."""
        return {
            **fields(self, "first", "last"),
            "reliability_a": self.a.to_dict(),
            "reliability_b": self.b.to_dict(),
            "reliability_ab": self.cross.to_dict(),
            "kappa": self.kappa and self.kappa.to_dict(),
            "kappa_through": self.through and self.through.to_dict(),
        }


@dataclass(frozen=True)
class NetworkAlone:
    """One network by itself: accuracy and TAR on the study's pairs, its usable directions and their effective number."""

    name: str
    dim: int
    accuracy: Estimate
    tar: Estimate
    usable: Estimate
    effective: Estimate

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "networks"."""
        rates = {name: getattr(self, name).to_dict() for name in ("accuracy", "tar", "usable", "effective")}
        return {**fields(self, "name", "dim"), **rates}


@dataclass(frozen=True)
class Forecast:
    """The loss of comparisons across the networks against `target` alone.

    Attributes:
        measured: on people held out, by maps of the study's `training` people and keys.
        now: foretold with all people and keys at hand. more_images, more_people: with `more` keys more, images of the same
            people, or one image each of new ones. floor: with endless people.
        foretold: what the curve of half of the people, and less, says of `measured`; None with too few people for that.
    """

    target: str
    measure: Measure
    measured: Estimate
    now: Estimate
    more_images: Estimate
    more_people: Estimate
    floor: Estimate
    foretold: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "losses"."""
        names = ("measured", "now", "more_images", "more_people", "floor")
        found = {name: getattr(self, name).to_dict() for name in names}
        return {**fields(self, "target", "measure"), **found, "foretold": self.foretold and self.foretold.to_dict()}


@dataclass(frozen=True)
class LearningPoint:
    """Losses against `target` of maps fitted on so many people and keys, on average over folds and draws."""

    target: str
    people: int
    keys: int
    accuracy: Estimate
    tar: Estimate

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "points"."""
        losses = {"loss_accuracy": self.accuracy.to_dict(), "loss_tar": self.tar.to_dict()}
        return {**fields(self, "target", "people", "keys"), **losses}


@dataclass(frozen=True, repr=False)
class AgreementResult(Result):
    """How far networks A and B can be mapped onto one another, from paired embeddings of labelled people.

    Attributes:
        networks: A and B by themselves.
        images, people, several: at hand; `several` people have two images or more, and are what is measured on.
        training: people and keys that a fold's map was fitted on, on average.
        genuine, impostor: pairs that were judged, each both ways round. far: of TAR. more: keys that the forecast adds.
        kappa: κ over all directions, None where it is not defined.
        bins: by direction. forecasts: for either target and measure. points: the learning curve.
    """

    reported_by: ClassVar[str] = "studies.agreement.agreement_report"

    signature: str
    networks: tuple[NetworkAlone, NetworkAlone]
    images: int
    people: int
    several: int
    training: tuple[int, int]
    genuine: int
    impostor: int
    far: float
    more: int
    regularization: float
    kappa: Estimate | None
    bins: tuple[DirectionBin, ...]
    forecasts: tuple[Forecast, ...]
    points: tuple[LearningPoint, ...]
    warnings: tuple[str, ...]

    def forecast(self, target: str, measure: Measure = "accuracy") -> Forecast:
        """The forecast against one network."""
        return next(f for f in self.forecasts if (f.target, f.measure) == (target, measure))

    def brief(self) -> str:
        """The headline and its counts in a line."""
        kappa = "" if self.kappa is None else f"κ {self.kappa.value:.3f} [{self.kappa.low:.3f}, {self.kappa.high:.3f}]; "
        names = " and ".join(network.name for network in self.networks)
        return f"{names}: {kappa}{self.images:,} images of {self.people:,} people"

    def to_dict(self) -> dict[str, Any]:
        """The `study agreement` document."""
        return {
            **fields(self, "signature", "images", "people"),
            "people_with_pairs": self.several,
            "training": {"people": self.training[0], "keys": self.training[1]},
            **fields(self, "genuine", "impostor", "far", "more", "regularization"),
            "networks": [network.to_dict() for network in self.networks],
            "kappa": self.kappa and self.kappa.to_dict(),
            "bins": [found.to_dict() for found in self.bins],
            "losses": [found.to_dict() for found in self.forecasts],
            "points": [found.to_dict() for found in self.points],
            "warnings": list(self.warnings),
        }
