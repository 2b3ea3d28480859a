"""TwoSidedMap: both networks' vectors go into a common space."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, normalize
from ..errors import InputError, unknown_name
from ..given import FACES, SetLike, as_set, takes
from ..io import AnyKey, Artefact, read_artefact, write_artefact
from ..shown import Fitted
from .domain import DomainCheck
from .families import COHORT_STRENGTH, JointMap, LikelihoodMap, LikelihoodScore
from .linear_map import AnyFaces, LinearMap, check_network, fit_facts, mapped_by
from .onnx_export import Ratio
from .provenance import FittedOn
from .statistics import PairStatistics

Side = Literal["source", "target"]
KIND = "two-sided-map"


@dataclass(frozen=True, eq=False)
class TwoSidedMap(Fitted):
    """Two networks' ways into a common space: x → (x − μ_x) A and y → (y − μ_y) B of L2-normalised x and y.

    The score of a source vector against a target vector is the cosine of `probe(x)` and `reference(y)`. Where the target's
    gallery may be mapped too, this loses less than any map into the target's own space (`families/joint.py`).

    By the method "likelihood" the score is the logarithm of a likelihood ratio, but for a constant and a factor
    (`families/likelihood.py`): `probe` and `reference` give vectors whose cosine it is. They are of two kinds, so sets can't
    be moved for comparison among themselves; `query` and `gallery` serve vector stores.

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
        cls, estimator: JointMap | LikelihoodMap, statistics: PairStatistics, *, facts: Mapping[str, Any] | None = None
    ) -> TwoSidedMap:
        """The map of a fitted `estimator`; `statistics` are those it was fitted on."""
        method = "likelihood" if isinstance(estimator, LikelihoodMap) else "joint"
        models = statistics.source_model, statistics.target_model
        weights = estimator.weight_, estimator.target_weight_
        digest = hashlib.blake2b(b"".join(w.astype(np.float32).tobytes() for w in weights), digest_size=4).hexdigest()
        name = f"{method}:{models[0] or 'source'}+{models[1] or 'target'}@{digest}"
        known = {"pairs": statistics.n, **estimator.facts_, **(facts or {}), "method": method}
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

    @property
    def likelihood(self) -> LikelihoodScore | None:
        """The score, where it is a likelihood ratio; None where it is the cosine."""
        return LikelihoodScore(self.correlations) if self.method == "likelihood" else None

    @property
    def cohort_strength(self) -> float:
        """How much of a cohort's correction the scores take."""
        return 1.0 if self.likelihood is None else COHORT_STRENGTH

    def probe(self, vectors: NDArray[Any]) -> Floats:
        """(n, p) source vectors → (n, r), of a likelihood ratio (n, r + 4); cosines with `reference` are the scores."""
        moved = self.transform_source(vectors)
        return moved if self.likelihood is None else self.likelihood.lift(moved, source=True)

    def reference(self, vectors: NDArray[Any]) -> Floats:
        """(n, q) target vectors → (n, r), of a likelihood ratio (n, r + 4); cosines with `probe` are the scores."""
        moved = self.transform_target(vectors)
        return moved if self.likelihood is None else self.likelihood.lift(moved, source=False)

    def query(self, vectors: NDArray[Any]) -> Floats:
        """(n, p) source vectors → (n, q + 2), whose inner products with rows of `gallery` are s, in nats but for a constant.

        The one-sided form of the likelihood ratio, s = p(x)·y − β(y) + α(x): p(x), −1 and α(x). The target's vectors stay as
        they are, with β(y) and 1 behind; ranks need the first only. InputError for a map that scores by cosines.
        """
        score, t = self._ratio(), self.transform_source(vectors)
        own = t @ self.target.bias - score.length(t)
        return np.column_stack([t @ self.target.weight.T, np.full(len(t), -1, np.float32), own])

    def gallery(self, vectors: NDArray[Any]) -> Floats:
        """(n, q) target vectors → (n, q + 2): L2-normalised y, β(y) and 1. InputError as for `query`."""
        score, moved = self._ratio(), self.transform_target(vectors)
        return np.column_stack([normalize(vectors), score.length(moved), np.ones(len(moved), np.float32)])

    @takes(faces=FACES)
    def one_sided(self, faces: SetLike, side: Side | None = None) -> EmbeddingSet:
        """`faces` of `side`, by default that of their network, as `query` or `gallery`, for stores that take inner products.

        InputError for a map that scores by cosines, or another network's faces.
        """
        faces = as_set(faces)
        side = side or self.side_of(faces)
        self.check_model(faces, side)
        vectors = self.query(faces.vectors) if side == "source" else self.gallery(faces.vectors)
        way, kind = self.way(side), {"source": "query", "target": "gallery"}[side]
        return faces.with_vectors(vectors, f"{self.name}/{kind}", mapped_by(way, self, faces, self.fitted))

    def _ratio(self) -> LikelihoodScore:
        if self.likelihood is None:
            told = f"a map by {self.method} scores by cosines in a common space, and has no one-sided form"
            raise InputError(told, "Fit one by --method likelihood, or move both sides with map apply.")
        return self.likelihood

    @takes(faces=FACES)
    def apply(self, faces: SetLike, side: Side | None = None) -> EmbeddingSet:
        """`faces` of the network on `side`, by default the one they name, moved into the common space.

        Moved sets of both sides are compared without a map. InputError if another network made `faces`.
        """
        faces = as_set(faces)
        way, _ = self.route(faces, side)
        return faces.with_vectors(way.transform(faces.vectors), self.name, mapped_by(way, self, faces, self.fitted))

    def route(self, faces: AnyFaces, side: str | None = None) -> tuple[LinearMap, str]:
        """The way that moves `faces`, by default that of their network, and the model name of what it makes.

        InputError for a likelihood ratio: its two sides don't lie in one space.
        """
        if self.likelihood is not None:
            raise InputError(
                "a likelihood ratio compares two networks' vectors, and moves none of them into another space",
                "verify, identify and templates take it as --map; for a vector store: map apply --one-sided. "
                "To move a gallery fit a map by --method auto, to have one space for both by --method joint.",
            )
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

    def save(self, path: str | Path, *, key: AnyKey | None = None) -> Path:
        """Write to a .safetensors file, whole or not at all; encrypted by a `key` (of `EmbeddingSet.load`)."""
        arrays: dict[str, NDArray[Any]] = {"correlations": self.correlations} | (self.fitted.arrays() if self.fitted else {})
        for side in ("source", "target"):
            arrays |= {f"{side}.{name}": array for name, array in self.way(side).arrays().items()}
        models = {"source_model": self.source_model, "target_model": self.target_model}
        return write_artefact(path, KIND, arrays, {"name": self.name, **models, "facts": dict(self.facts)}, key=key)

    @classmethod
    def load(cls, path: str | Path, *, key: AnyKey | None = None) -> TwoSidedMap:
        """Read what `save` wrote; with a `key` nothing else. Raises FileFormatError, EncryptionError."""
        return cls.of_file(
            read_artefact(path, KIND, hint="facespace map fit --method joint or likelihood makes one.", key=key)
        )

    @classmethod
    def of_file(cls, file: Artefact) -> TwoSidedMap:
        """The map that a file of kind "two-sided-map" holds. Raises FileFormatError."""
        correlations, name, facts = file.array("correlations", ("r",)), file.fact("name", str), fit_facts(file)
        if facts.get("method") == "likelihood" and not np.all((correlations > 0) & (correlations < 1)):
            raise file.error("has correlations outside 0 … 1, of which no likelihood ratio can be made")
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
        """Write one side's way as ONNX: alone (vectors in, common space out), or behind the ONNX file `network`.

        Of a likelihood ratio what comes out is `query` of the source, or `gallery` of the target.
        """
        way = self.way(side)
        if self.likelihood is None:
            return way.to_onnx(path, network)
        target = (self.target.weight, self.target.bias) if side == "source" else None
        return way.to_onnx(path, network, ratio=Ratio(self.correlations, target))
