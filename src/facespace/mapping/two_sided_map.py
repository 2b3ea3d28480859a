"""TwoSidedMap: both networks' vectors go into a common space; `load_map` reads a map of either kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats
from ..errors import InputError, unknown_name
from ..io import Artefact, read_artefact, write_artefact
from .domain import DomainCheck
from .linear_map import AnyFaces, LinearMap, check_network, fit_facts, mapped_by
from .provenance import FittedOn
from .statistics import PairStatistics

if TYPE_CHECKING:
    from .families import JointMap

Side = Literal["source", "target"]
_KIND = "two-sided-map"


@dataclass(frozen=True, eq=False)
class TwoSidedMap:
    """Two networks' ways into a common space: x → (x − μ_x) A and y → (y − μ_y) B of L2-normalised x and y.

    The score of a source vector against a target vector is the cosine of `probe(x)` and `reference(y)`. Where the target's
    gallery may be mapped too, this loses less than any map into the target's own space (`families/joint.py`).

    Attributes:
        name: "joint:SOURCE+TARGET@digest", the model name of sets in the common space.
        source, target: each network's LinearMap into it; their `check` knows the network's domain.
        correlations: (r,) float32, descending: how well the networks agree along each direction of the common space.
        facts, fitted: as of a LinearMap.
    """

    name: str
    source: LinearMap
    target: LinearMap
    correlations: Floats
    facts: Mapping[str, Any] = field(default_factory=dict)
    fitted: FittedOn | None = None

    @property
    def source_model(self) -> str:
        """Name of the source network, "" when unknown."""
        return self.source.source_model

    @property
    def target_model(self) -> str:
        """Name of the target network, "" when unknown."""
        return self.target.source_model

    @property
    def dim(self) -> int:
        """Width r of the common space."""
        return len(self.correlations)

    @property
    def method(self) -> str:
        """Name of the family it was fitted by."""
        return self.source.method

    def __repr__(self) -> str:
        p, q = len(self.source.weight), len(self.target.weight)
        names = f"{self.source_model or '?'} ({p}) + {self.target_model or '?'} ({q})"
        return f"TwoSidedMap({names} → {self.dim}, {self.method}, {self.facts.get('pairs', 0):,} pairs)"

    @classmethod
    def from_estimator(
        cls, estimator: JointMap, statistics: PairStatistics, *, facts: Mapping[str, Any] | None = None
    ) -> TwoSidedMap:
        """The map of a fitted `estimator`; `statistics` are those it was fitted on."""
        models = statistics.source_model, statistics.target_model
        weights = estimator.weight_, estimator.target_weight_
        digest = hashlib.blake2b(b"".join(w.astype(np.float32).tobytes() for w in weights), digest_size=4).hexdigest()
        name = f"joint:{models[0] or 'source'}+{models[1] or 'target'}@{digest}"
        known = {"method": "joint", "pairs": statistics.n, **estimator.facts_, **(facts or {})}
        source, target = (
            LinearMap.into_common(weight, moments.mean, moments.variances(), (model, name), known)
            for weight, moments, model in zip(weights, (statistics.source, statistics.target), models, strict=True)
        )
        return cls(name, source, target, estimator.correlations_.astype(np.float32), known)

    def transform_source(self, vectors: NDArray[Any]) -> Floats:
        """(n, p) source vectors of any length → (n, r) in the common space (not normalised)."""
        return self.source.transform(vectors)

    def transform_target(self, vectors: NDArray[Any]) -> Floats:
        """(n, q) target vectors of any length → (n, r) in the common space (not normalised)."""
        return self.target.transform(vectors)

    probe, reference = transform_source, transform_target  # what verify, identify and the others call

    def apply(self, faces: EmbeddingSet, side: Side | None = None) -> EmbeddingSet:
        """`faces` of the network on `side`, by default the one they name, moved into the common space.

        Moved sets of both sides are compared without a map. InputError if another network made `faces`.
        """
        way, _ = self.route(faces, side)
        return faces.with_vectors(way.transform(faces.vectors), self.name, mapped_by(way, self, faces, self.fitted))

    def route(self, faces: AnyFaces, side: str | None = None) -> tuple[LinearMap, str]:
        """The way that moves `faces`, by default that of their network, and the model name of what it makes."""
        side = side or self.side_of(faces)
        way = self.way(side)
        self.check_model(faces, side)
        return way, self.name

    def way(self, side: str) -> LinearMap:
        """The LinearMap of `side`, "source" or "target", into the common space."""
        if side not in ("source", "target"):
            raise unknown_name("side", side, ("source", "target"))
        return self.source if side == "source" else self.target

    def side_of(self, faces: AnyFaces) -> Side:
        """The side whose network `faces` name. InputError where the names don't decide it."""
        sides: dict[Side, str] = {"source": self.source_model, "target": self.target_model}
        named = [side for side, model in sides.items() if model and model == faces.model]
        if len(named) != 1:
            made = f"was made by {faces.model!r}" if faces.model else "names no network"
            raise InputError(
                f"this two-sided map is of {self.source_model!r} and {self.target_model!r}, and the set {made}",
                "If it is of one of the two, say of which: --side source or --side target.",
            )
        return named[0]

    def check_model(self, faces: AnyFaces, side: str) -> None:
        """Raise InputError if `faces` names another network than this map's `side` ("source" or "target")."""
        check_network(faces, side, {"source": self.source_model, "target": self.target_model})

    def check(self, vectors: NDArray[Any], side: Side = "source") -> DomainCheck:
        """Are these vectors of `side` in the domain that the map was fitted on? See `facespace.mapping.domain`."""
        return self.way(side).check(vectors)

    def swap(self) -> TwoSidedMap:
        """The same map with source and target exchanged; the common space and its name stay."""
        other = {"source_unmatched": "target_unmatched", "target_unmatched": "source_unmatched"}
        facts = {other.get(key, key): value for key, value in self.facts.items()}
        return TwoSidedMap(self.name, self.target, self.source, self.correlations, facts, self.fitted)

    def save(self, path: str | Path) -> Path:
        """Write to a .safetensors file, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {"correlations": self.correlations} | (self.fitted.arrays() if self.fitted else {})
        for side in ("source", "target"):
            arrays |= {f"{side}.{name}": array for name, array in self.way(side).arrays().items()}
        models = {"source_model": self.source_model, "target_model": self.target_model}
        return write_artefact(path, _KIND, arrays, {"name": self.name, **models, "facts": dict(self.facts)})

    @classmethod
    def load(cls, path: str | Path) -> TwoSidedMap:
        """Read what `save` wrote. Raises FileFormatError."""
        return cls.of_file(read_artefact(path, _KIND, hint="facespace map fit --method joint makes one."))

    @classmethod
    def of_file(cls, file: Artefact) -> TwoSidedMap:
        """The map that a file of kind "two-sided-map" holds. Raises FileFormatError."""
        correlations, name, facts = file.array("correlations", ("r",)), file.fact("name", str), fit_facts(file)
        source, target = (
            LinearMap(
                **LinearMap.arrays_of(file, f"{side}.", (f"the width of the {side}", "r")),
                source_model=file.fact(f"{side}_model", str, ""),
                target_model=name,
                facts=facts,
                fitted=None,  # the whole map keeps it
            )
            for side in ("source", "target")
        )
        return cls(name, source, target, correlations, facts, FittedOn.of_file(file))

    def to_onnx(self, path: str | Path, network: str | Path | None = None, *, side: Side) -> Path:
        """Write one side's way as ONNX: alone (vectors in, common space out), or behind the ONNX file `network`."""
        return self.way(side).to_onnx(path, network)


def load_map(path: str | Path) -> LinearMap | TwoSidedMap:
    """The map in a file that `facespace map fit` wrote, of the kind that it is. Raises FileFormatError."""
    file = read_artefact(path, ("map", _KIND), hint="facespace map fit writes maps.")
    return LinearMap.of_file(file) if file.kind == "map" else TwoSidedMap.of_file(file)
