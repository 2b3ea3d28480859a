"""What a capacity estimate found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..io import jsonable
from ..results import fields
from ..shown import Result
from .gallery_growth import GrowthCurve
from .intrinsic_dimension import IntrinsicDimension
from .packing import PackingPoint
from .sizing import GallerySize


@dataclass(frozen=True)
class CapacityPoint:
    """Capacity at one q for one shape and class: an upper bound on the number of people.

    Attributes:
        q: the share of a person's own images outside the ellipsoid: a false reject rate (the paper's "false accept rate").
        shape: full, axis or sphere (table V).
        person_class: whose ellipsoid stands for all: max, median, mean or min volume (table IV).
        capacity: number of people, below 1 where the one ellipsoid is larger than the population's.
        low, high: 95 % interval.
    """

    q: float
    shape: str
    person_class: str
    capacity: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "points"."""
        return {**fields(self, "q", "shape"), "class": self.person_class, **fields(self, "capacity", "low", "high")}


@dataclass(frozen=True)
class DimPoint:
    """The bound at one m, of projected points as they are (no student), for the largest or the median person ("max",
    "median") as a full ellipsoid, with its 95 % interval."""

    dim: int
    q: float
    person_class: str
    capacity: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "bound_by_dim"."""
        return {**fields(self, "dim", "q"), "class": self.person_class, **fields(self, "capacity", "low", "high")}


@dataclass(frozen=True)
class Preservation:
    """What is kept: TAR (between 0 and 1) on pairs of this set, by cosine `before` and by distance `after` the projection,
    and by distance of the means that the `student` predicts."""

    far: float
    before: float
    after: float
    student: float


@dataclass(frozen=True)
class Sensitivity:
    """The capacity at the first q, of the largest and the median class, full ellipsoids, if something else is changed."""

    changed: str
    dim: int
    largest: float
    median: float


@dataclass(frozen=True, repr=False)
class CapacityResult(Result):
    """The capacity of one representation on one set.

    Attributes:
        model: network of the set.
        gallery_size: how many people the gallery may hold; None where the set is too small to say (a warning has why).
        check: FPIR in growing galleries at a FNMR that is the headline's q; None where there are too few genuine pairs.
        shape, person_class: what the headline rests on.
        points: every q, shape and class.
        dim: m, in which all was estimated.
        intrinsic_dimension: estimates from all images (as the paper) and from one image of each person.
        preservation: verification before and after the projection.
        packing: bounds from caps and spherical codes, for each q that the set has pairs for.
        validation: false positive identifications in growing galleries; empty if not asked for.
        sensitivity: the same estimate under other choices; the first row is the estimate itself.
        by_dim: the bound at other m.
        volumes: log10 volume of each person relative to the median person, ascending (full ellipsoids).
        population: log10 volume of the population relative to the median person.
        excess, tau: how alike people's covariances are (`spread.py`).
        student: which student, as in the signature.
        counts: images, people, classes (people with enough images), class_images.
    """

    reported_by: ClassVar[str] = "capacity.capacity_report"

    model: str
    shape: str
    person_class: str
    points: tuple[CapacityPoint, ...]
    dim: int
    intrinsic_dimension: dict[str, IntrinsicDimension]
    preservation: tuple[Preservation, ...]
    packing: tuple[PackingPoint, ...]
    validation: tuple[GrowthCurve, ...]
    sensitivity: tuple[Sensitivity, ...]
    by_dim: tuple[DimPoint, ...]
    volumes: tuple[float, ...]
    population: float
    excess: float
    tau: float
    counts: dict[str, int]
    warnings: tuple[str, ...]
    student: str
    signature: str
    gallery_size: GallerySize | None = None
    check: GrowthCurve | None = None

    def headline(self) -> list[CapacityPoint]:
        """The points of the shape and class asked for, by falling q."""
        return self.of(self.shape, self.person_class)

    def of(self, shape: str, person_class: str) -> list[CapacityPoint]:
        """The points of one shape and class, by falling q."""
        return [p for p in self.points if (p.shape, p.person_class) == (shape, person_class)]

    @property
    def point(self) -> CapacityPoint:
        """The one point that is quoted: the headline's at the first q of 1 % or less."""
        return next((p for p in self.headline() if p.q <= 0.01), self.headline()[-1])

    @property
    def contradicted(self) -> bool:
        """Whether galleries of this set's own people hold more than the headline's bound allows, at the same FNMR."""
        if self.check is None:
            return False
        return self.point.capacity < (self.check.limit or float(self.check.sizes[-1]))

    def measured(self, meaning: str, space: str = "embedding") -> list[GrowthCurve]:
        """The growth curves whose q means "far" or "fnmr", in the embedding or the projection, by falling q."""
        return [curve for curve in self.validation if (curve.meaning, curve.space) == (meaning, space)]

    def brief(self) -> str:
        """The headline and its counts in a line."""
        size = "" if self.gallery_size is None else f"{self.gallery_size.brief()}; "
        point, counts = self.point, self.counts
        bound = f"bound {point.capacity:.3g} [{point.low:.3g}, {point.high:.3g}] at q {point.q:g}"
        return f"{size}{bound}, {counts['images']:,} images of {counts['people']:,} people"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace capacity`; capacities are numbers of people, intervals at 95 %."""

        document = {
            **fields(self, "signature", "model", "gallery_size"),
            "bound_contradicted": self.contradicted,
            "check": self.check and _growth(self.check),
            "shape": self.shape,
            "class": self.person_class,
            **fields(self, "student", "dim", "intrinsic_dimension", "points", "preservation", "packing"),
            "validation": [_growth(curve) for curve in self.validation],
            "sensitivity": self.sensitivity,
            "bound_by_dim": self.by_dim,
            "spread": fields(self, "excess", "tau"),
            "volumes": {"people": self.volumes, "population": self.population},
            **fields(self, "counts", "warnings"),
        }
        return dict(jsonable(document))


def _growth(curve: GrowthCurve) -> dict[str, Any]:
    before, behind = ("q", "meaning", "space", "threshold", "far"), ("fpir", "low", "high", "limit")
    return {**fields(curve, *before), "gallery": curve.sizes, **fields(curve, *behind)}
