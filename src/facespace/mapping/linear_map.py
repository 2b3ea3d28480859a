"""LinearMap: a fitted map between two embedding spaces, ready to apply, save, check and export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, StoredSet, check_width, normalize
from ..errors import InputError
from ..given import FACES, SetLike, as_set, takes
from ..io import AnyKey, Artefact, read_artefact, write_artefact
from ..people import people_of
from ..shown import Fitted
from .domain import DomainCheck, check_domain
from .onnx_export import Ratio, export
from .provenance import FittedOn
from .statistics import STORAGES, Doubles, PairStatistics, storage_noise

if TYPE_CHECKING:
    from .families import LinearEstimator

AnyFaces = EmbeddingSet | StoredSet[EmbeddingSet]


@dataclass(frozen=True, eq=False)
class LinearMap(Fitted):
    """y ≈ x W + b for L2-normalised x, and the origin about which mapped and target vectors are compared.

    The score of a source vector x against a target vector y is the cosine of `probe(x)` and `reference(y)`:

        probe(x) = x W + b − o,    reference(y) = y − o

    with the origin o = 0 (the papers) or the target's mean. It matters: some networks' embeddings have a mean of
    up to 0.9 of the unit length, and cosines about zero then see little else. A moved gallery in a store is compared about
    zero all the same (`about_zero`), since the target's own vectors are.

    Attributes:
        weight: (p, q) float32 W.
        bias: (q,) float32 b.
        origin: (q,) float32 o.
        source_mean: (p,) float32 mean of the source vectors it was fitted on.
        source_values, source_vectors: (p,), (p, p) float32 spectrum of their covariance, for `check`.
        source_model, target_model: names of the networks, "" when unknown.
        facts: method, hyper-parameters, number of pairs and subjects, metrics; plain JSON types.
        fitted: the images and people it was fitted on, as hashes; None where it doesn't say.
    """

    weight: Floats
    bias: Floats
    origin: Floats
    source_mean: Floats
    source_values: Floats
    source_vectors: Floats
    source_model: str = ""
    target_model: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    fitted: FittedOn | None = None

    @property
    def method(self) -> str:
        """Name of the family it was fitted by."""
        return str(self.facts.get("method", ""))

    def __repr__(self) -> str:
        p, q = self.weight.shape
        names = f"{self.source_model or '?'} → {self.target_model or '?'}"
        return f"LinearMap({names}, {p} → {q}, {self.method}, {self.facts.get('pairs', 0):,} pairs)"

    @classmethod
    def from_estimator(
        cls,
        estimator: LinearEstimator,
        statistics: PairStatistics,
        *,
        origin: Doubles | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> LinearMap:
        """The map of a fitted `estimator`; `statistics` are those it was fitted on.

        `origin` defaults to the target's mean where the estimator centred, else to zero.
        """
        if origin is None:
            origin = estimator.target_mean_ if estimator.center else np.zeros(statistics.target.dim)
        known = {"pairs": statistics.n, **estimator.facts_, **(facts or {})}
        names = statistics.source_model, statistics.target_model
        mean, domain = statistics.source.mean, statistics.source.variances()
        return cls.of(estimator.weight_, estimator.bias_, origin, mean, domain, names, known)

    @classmethod
    def of(
        cls,
        weight: Doubles,
        bias: Doubles,
        origin: Doubles,
        mean: NDArray[Any],
        domain: tuple[Doubles, Doubles],
        names: tuple[str, str],
        facts: Mapping[str, Any],
    ) -> LinearMap:
        """The map of these arrays of any precision; `domain` is the source's spectrum, `names` are both networks'."""
        given = zip(_SHAPES, (weight, bias, origin, mean, *domain), strict=True)
        arrays = {name: array.astype(np.float32) for name, array in given}
        return cls(**arrays, source_model=names[0], target_model=names[1], facts=facts, fitted=None)

    @classmethod
    def into_common(
        cls,
        weight: Doubles,
        mean: Doubles,
        domain: tuple[Doubles, Doubles],
        names: tuple[str, str],
        facts: Mapping[str, Any],
    ) -> LinearMap:
        """x → (x − `mean`) W into a space where vectors are compared about zero."""
        return cls.of(weight, -mean @ weight, np.zeros(weight.shape[1]), mean, domain, names, facts)

    @property
    def gain(self) -> float:
        """‖W‖₂: how much longer the map can make a difference of two source vectors."""
        return float(np.linalg.norm(self.weight.astype(np.float64), 2))

    def storage(self) -> dict[str, float]:
        """What storing the source adds to mapped vectors, as a share of their variance: "float16", "int8".

        Noise of variance ε in every number (`storage_noise`) becomes ε ‖W‖²_F; the source's own spread gives Σ λ_j ‖v_jᵀW‖².
        A map with a share of some percent lives on digits that this storage takes away.
        """
        along = self.source_vectors.T.astype(np.float64) @ self.weight
        spread = float(np.maximum(self.source_values, 0) @ np.einsum("ij,ij->i", along, along))
        return {
            name: storage_noise(len(self.weight), name) * float(np.sum(self.weight.astype(np.float64) ** 2)) / spread
            if spread > 0
            else 0.0
            for name in STORAGES
        }

    def transform(self, vectors: NDArray[Any]) -> Floats:
        """(n, p) source vectors of any length → (n, q) predicted target vectors (not normalised)."""
        vectors = np.asarray(vectors)
        check_width(vectors, self.weight.shape[0], f"the map from {self.source_model or 'its source'}")
        return normalize(vectors) @ self.weight + self.bias

    def probe(self, vectors: NDArray[Any]) -> Floats:
        """(n, p) source vectors → (n, q) vectors whose cosines with `reference` are the scores."""
        return self.transform(vectors) - self.origin

    def reference(self, vectors: NDArray[Any]) -> Floats:
        """(n, q) target vectors → (n, q) vectors whose cosines with `probe` are the scores."""
        vectors = np.asarray(vectors)
        check_width(vectors, self.weight.shape[1], f"the map to {self.target_model or 'its target'}")
        return normalize(vectors) - self.origin

    def about_zero(self) -> LinearMap:
        """This map with scores about zero: those of a gallery that it has moved, in a store that compares by cosines."""
        return replace(self, origin=np.zeros_like(self.origin))

    @takes(faces=FACES)
    def apply(self, faces: SetLike) -> EmbeddingSet:
        """`faces` of the source model, moved into the target's space. InputError if another network made them."""
        faces = as_set(faces)
        _, name = self.route(faces)
        return faces.with_vectors(self.transform(faces.vectors), name, mapped_by(self, self, faces, self.fitted))

    def route(self, faces: AnyFaces, side: str | None = None) -> tuple[LinearMap, str]:
        """The way that moves `faces`, and the model name of what it makes. InputError if another network made them."""
        self.check_model(faces, "source")
        return self, f"{self.target_model}<-{self.source_model}"

    def shifted(self, source_mean: Floats, target_mean: Floats) -> LinearMap:
        """This map, fitted on x − `source_mean` and y − `target_mean`, as a map of x and y."""
        return replace(
            self,
            bias=self.bias + target_mean - source_mean @ self.weight,
            origin=self.origin + target_mean,
            source_mean=self.source_mean + source_mean,
        )

    def check_model(self, faces: AnyFaces, side: str) -> None:
        """Raise InputError if `faces` names another network than this map's `side` ("source" or "target")."""
        check_network(faces, side, {"source": self.source_model, "target": self.target_model})

    def check(self, vectors: NDArray[Any]) -> DomainCheck:
        """Are these source vectors in the domain that the map was fitted on? See `facespace.mapping.domain`."""
        what = f"the map from {self.source_model or 'its source'}"
        return check_domain(np.asarray(vectors), self.source_mean, self.source_values, self.source_vectors, what)

    def save(self, path: str | Path, *, key: AnyKey | None = None) -> Path:
        """Write to a .safetensors file, whole or not at all; encrypted by a `key` (of `EmbeddingSet.load`)."""
        facts = {"source_model": self.source_model, "target_model": self.target_model, "facts": dict(self.facts)}
        return write_artefact(path, "map", self.arrays() | (self.fitted.arrays() if self.fitted else {}), facts, key=key)

    @classmethod
    def load(cls, path: str | Path, *, key: AnyKey | None = None) -> LinearMap:
        """Read what `save` wrote; with a `key` nothing else. Raises FileFormatError, EncryptionError."""
        needed = "Needed is a map into the target's own space: facespace map fit, every --method but joint."
        return cls.of_file(read_artefact(path, "map", hint=needed, key=key))

    @classmethod
    def of_file(cls, file: Artefact) -> LinearMap:
        """The map that a file of kind "map" holds. Raises FileFormatError."""
        return cls(
            **cls.arrays_of(file),
            source_model=file.fact("source_model", str, ""),
            target_model=file.fact("target_model", str, ""),
            facts=fit_facts(file),
            fitted=FittedOn.of_file(file),
        )

    def arrays(self) -> dict[str, Floats]:
        """The arrays by name, as files hold them."""
        return {name: getattr(self, name) for name in _SHAPES}

    @staticmethod
    def arrays_of(file: Artefact, prefix: str = "", sizes: tuple[str, str] = ("p", "q")) -> dict[str, Floats]:
        """The arrays of one map in `file`, whose names begin with `prefix`; `sizes` are the letters of its widths."""
        letters = dict(zip("pq", sizes, strict=True))
        return {name: file.array(prefix + name, tuple(letters[n] for n in shape)) for name, shape in _SHAPES.items()}

    def to_onnx(self, path: str | Path, network: str | Path | None = None, *, ratio: Ratio | None = None) -> Path:
        """Write the map as ONNX: alone (vectors in, vectors out), or behind the ONNX file `network` (images in).

        `ratio`: what makes its vectors one side of a likelihood ratio, see `TwoSidedMap.to_onnx`.
        """
        labels = {"source": self.source_model, "target": self.target_model, "method": self.method}
        return export(self.weight, self.bias, labels, Path(path), None if network is None else Path(network), ratio)


_SHAPES = {
    "weight": "pq",
    "bias": "q",
    "origin": "q",
    "source_mean": "p",
    "source_values": "p",
    "source_vectors": "pp",
}


def mapped_by(way: LinearMap, whole: Any, faces: EmbeddingSet, fitted: FittedOn | None) -> dict[str, Any]:
    """The metadata of `faces` after `way` (of the map `whole`): `EmbeddingSet.mapped` and what reads it."""
    seen = 0 if fitted is None else int(np.count_nonzero(fitted.has(faces.ids, people_of(faces).names)))
    return {"mapped": {**map_facts(way, whole), "fitted": seen}}


def map_facts(way: LinearMap, whole: Any) -> dict[str, Any]:
    """What a set that `way` (of the map `whole`) moved says of it."""
    known = {"map": digest_of(way), "method": whole.method, "source": way.source_model, "target": way.target_model}
    return {**known, "pairs": whole.facts.get("pairs", 0)}


def digest_of(way: LinearMap) -> str:
    """A few letters that tell maps apart."""
    return blake2b(b"".join(array.tobytes() for array in (way.weight, way.bias)), digest_size=6).hexdigest()


def check_network(faces: AnyFaces, side: str, networks: Mapping[str, str]) -> None:
    """Raise InputError if `faces` names another network than that of `side` in a map between `networks`."""
    wanted = networks[side]
    if wanted and faces.model and faces.model != wanted:
        swapped = faces.model in networks.values()
        hint = "The two sets seem to be exchanged." if swapped else "Fit a map for that network, or embed with this one."
        raise InputError(f"this map's {side} is {wanted!r}, but the set was made by {faces.model!r}", hint)


def fit_facts(file: Artefact) -> dict[str, Any]:
    """The facts of a fit that a map's file tells, those that are shown to people being of the type that is shown."""
    facts = file.inner("facts")
    for name in ("method", "family", "chosen", "pairing", "note", "provenance", "licence"):
        facts.fact(name, str, "")
    facts.fact("pairs", int, 0)
    facts.fact("subjects", (int, type(None)), None)
    for name in ("source_unmatched", "target_unmatched", "pairs_without_embedding", "undetermined_directions"):
        facts.fact(name, int, 0)
    if not all(isinstance(one, str) for one in facts.fact("warnings", list, [])):
        raise file.error("has warnings that are no text")
    if "losses" in facts.facts:
        losses = facts.inner("losses")
        for name in ("pairs", "people"):
            losses.fact(name, int)
        for name in ("accuracy", *(f"{way}_{end}" for way in ("one_sided", "two_sided") for end in ("loss", "low", "high"))):
            losses.fact(name, float)
    if "auc" in (agreement := facts.inner("agreement") if "agreement" in facts.facts else facts).facts:
        agreement.fact("auc", float)
        agreement.fact("pairs", int)
    if "cross_validation" in facts.facts:
        judged = facts.inner("cross_validation")
        judged.fact("parts", int)
        errors = judged.inner("error")
        for label in errors.facts:
            errors.fact(label, float)
    return dict(facts.facts)
