"""What `compare_capacity` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...io import jsonable
from ...results import fields
from ...shown import Result
from ..sizing import Doubles, Estimated
from .bounds import DimBound


@dataclass(frozen=True, eq=False)
class NetworkSize:
    """How many people the gallery may hold by one network.

    Attributes:
        model: the network; where two sets are of one, with the place of the set.
        people: N*; measured: counted with the set's own people, None where these are too few.
        threshold, far: τ_β and FMR there.
        fpir, fpir_low, fpir_high: (k,) FPIR at the threshold, for the comparison's `sizes`.
        bound: the paper's, at the m of all networks; None where it was not asked for.
    """

    model: str
    people: Estimated
    measured: Estimated | None
    threshold: Estimated
    far: Estimated
    fpir: Doubles
    fpir_low: Doubles
    fpir_high: Doubles
    bound: DimBound | None

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "networks"."""
        return fields(self, "model", "people", "measured", "threshold", "far", "fpir", "fpir_low", "fpir_high", "bound")


@dataclass(frozen=True)
class NetworkPair:
    """Two networks.

    Attributes:
        model: the one with the larger N*; other: the other.
        ratio: N* of the one over N* of the other, with the interval of the ratio over draws of people.
        support: the share of these draws in which N* of the one is the larger.
    """

    model: str
    other: str
    ratio: Estimated
    support: float


@dataclass(frozen=True, eq=False, repr=False)
class CapacityComparison(Result):
    """Networks on the same images of the same people.

    Attributes:
        fpir, fnir: what was asked for.
        networks: by falling N*.
        pairs: every network with every one behind it.
        order_support: the share of draws in which all networks stand in this order.
        sizes: (k,) people in the gallery, for the curves of FPIR.
        dim: m, of the paper's bound; None where it was not asked for.
        counts: images, people, impostor_pairs, genuine_pairs, genuine_people; set_images, of each set as given.
    """

    reported_by: ClassVar[str] = "capacity.compare_report"

    fpir: float
    fnir: float
    networks: tuple[NetworkSize, ...]
    pairs: tuple[NetworkPair, ...]
    order_support: float
    sizes: Doubles
    dim: int | None
    counts: dict[str, Any]
    warnings: tuple[str, ...]
    signature: str

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Networks whose own galleries hold more people than the paper's bound allows at the same FNMR."""
        return tuple(one.model for one in self.networks if one.bound is not None and one.bound.contradicted)

    def brief(self) -> str:
        """The order of networks in a line."""
        sizes = ", ".join(f"{one.model} {one.people.value:,.0f}" for one in self.networks)
        return f"{sizes} people at FPIR {self.fpir:g}, FNIR {self.fnir:g}, from {self.counts['people']:,} people"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace capacity --compare`; sizes are numbers of people, intervals at 95 %."""
        document = {
            **fields(self, "signature", "fpir", "fnir", "networks", "pairs", "order_support", "sizes", "dim"),
            "bound_contradicted": list(self.contradicted),
            **fields(self, "counts", "warnings"),
        }
        return dict(jsonable(document))
