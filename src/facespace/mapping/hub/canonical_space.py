"""CanonicalSpace: one hub for several embedding spaces, one map in and one map out per model.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> face, ids = rng.normal(size=(60, 4)), [f"{i}" for i in range(60)]
>>> turn = lambda seed: np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]
>>> sets = {name: EmbeddingSet(face @ turn(i), ids) for i, name in enumerate("abc")}
>>> hub = CanonicalSpace.fit(sets)
>>> bool(np.allclose(hub.to_hub("a", sets["a"].vectors), hub.to_hub("c", sets["c"].vectors), atol=1e-4))
True
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...embeddings import EmbeddingSet, Floats, StoredSet, check_vectors
from ...engine import Engine, LocalEngine
from ...errors import DimensionError, InputError, unknown_name
from ...given import ANY, FACES, NAMED, SetLike, as_any, as_named, as_set, takes
from ...io import AnyKey, read_artefact, write_artefact
from ...row_index import AnySet, Progress
from ...shown import Fitted
from ..fit import pair_statistics
from ..linear_map import LinearMap
from ..moved import ROWS_PER_FILE, Move, move_to_files
from ..statistics import Doubles, PairStatistics, Spectrum
from ._fuse import Fusion
from ._fused_files import joined_sets, write_fused
from ._multiset import Covariances, pooled, solve, solve_join, solve_out, spectrum

REGULARIZATION = 0.05
_PENALTY = 1e-3  # of the maps out, relative to the largest eigenvalue


@dataclass(frozen=True, eq=False)
class CanonicalSpace(Fitted):
    """Where templates of several models are comparable: the score of two is the cosine of their hub vectors.

    Found by canonical correlation analysis of all models at once (`_multiset.py`) from the statistics of every two.

    Attributes:
        name: "hub:" with the founding models and a digest; the model name of sets in the hub. Joining keeps it.
        into: per model the LinearMap into the hub: its `transform` gives hub vectors, its `check` knows the model's domain.
        out: per model the LinearMap from the hub: its `transform` predicts the model's vectors.
        correlations: (r,) mean correlation between the founding models along each hub direction, descending.
        facts: regularization, pairs_by_models, founding and joined models; plain JSON types.
    """

    name: str
    into: Mapping[str, LinearMap]
    out: Mapping[str, LinearMap]
    correlations: Doubles
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that have maps, founders first."""
        return tuple(self.into)

    @property
    def dim(self) -> int:
        """Width r of hub vectors."""
        return len(self.correlations)

    def __repr__(self) -> str:
        widths = ", ".join(f"{name} ({fitted.weight.shape[0]})" for name, fitted in self.into.items())
        return f"CanonicalSpace({widths} → {self.dim})"

    @classmethod
    @takes(sets=NAMED)
    def fit(
        cls,
        sets: Mapping[str, SetLike],
        dim: int | None = None,
        *,
        regularization: float = REGULARIZATION,
        engine: Engine | None = None,
        progress: Progress | None = None,
    ) -> CanonicalSpace:
        """Fit on the keys (ids) that every two of `sets` share, which may be larger than memory (`EmbeddingSet.open`).

        Args:
            sets: at least two, by model name; any mix of widths.
            dim: width of the hub at most; by default that of the widest model.
            regularization: ρ, relative to the largest eigenvalue of each model's covariance.
            engine, progress: of stored sets, as for `fit_map`.

        Raises:
            InputError: fewer than two sets, two that share no id, a set that names another model.
        """
        _check_names(sets := as_named(sets))
        options = {"engine": engine, "progress": progress}
        statistics = [_statistics(sets, a, b, options) for a, b in itertools.combinations(sets, 2)]
        return cls.from_statistics(statistics, dim, regularization=regularization)

    @classmethod
    def from_statistics(
        cls, statistics: Iterable[PairStatistics], dim: int | None = None, *, regularization: float = REGULARIZATION
    ) -> CanonicalSpace:
        """Fit on the statistics of every two models (in either direction), which name their models.

        They may come from different keys. Raises InputError when a pair is missing or given twice.
        """
        if not regularization > 0:
            raise InputError(f"regularization must be a positive number; got {regularization!r}")
        if dim is not None and dim < 1:
            raise InputError(f"the width of a hub must be at least 1; got {dim}")
        covariances = Covariances.of(statistics)
        with threadpool_limits(1):
            weights, w = solve(covariances, dim, regularization)
            hub = spectrum(pooled(weights, covariances.own))
        names = covariances.models
        digest = hashlib.blake2b(b"".join(t.astype(np.float32).tobytes() for t in weights), digest_size=4).hexdigest()
        name = f"hub:{'+'.join(names)}@{digest}"
        facts = {
            "method": "maxvar",
            "regularization": regularization,
            "pairs_by_models": {f"{names[i]} + {names[j]}": n for (i, j), n in covariances.pairs.items()},
            "founders": list(names),
            "joined": {},
        }
        into = {m: _into(name, covariances, weights[i], i) for i, m in enumerate(names)}
        out = {m: _out(name, covariances, weights, hub, i) for i, m in enumerate(names)}
        return cls(name, into, out, w, facts)

    @takes(faces=ANY, sets=NAMED)
    def join(
        self,
        model: str,
        faces: SetLike,
        sets: Mapping[str, SetLike],
        *,
        engine: Engine | None = None,
        progress: Progress | None = None,
    ) -> CanonicalSpace:
        """This hub with one more model, from its embeddings of the keys of one or several `sets` of models in the hub.

        The others' maps stay as they are, so hub vectors made before stay comparable. Sets may be larger than memory.
        """
        sets = as_named(sets)
        _check_names(given := {model: as_any(faces), **sets})
        if not sets:
            raise InputError("joining a hub needs a set of at least one model that is in it", f"In it: {self._listed()}.")
        options = {"engine": engine, "progress": progress}
        return self.join_statistics(model, (_statistics(given, model, old, options) for old in sets))

    def join_statistics(self, model: str, statistics: Iterable[PairStatistics]) -> CanonicalSpace:
        """`join` from the statistics of the new model with one or several models of the hub, in either direction."""
        if not model or model in self.into:
            raise InputError(f"a model that joins needs a new name; the hub has {self._listed()}; got {model!r}")
        ordered = [s if s.source_model == model else s.swap() for s in statistics]
        for s in ordered:
            if s.source_model != model:
                raise InputError(f"statistics of {s.target_model!r} and {s.source_model!r} don't have {model!r}")
            self._map(self.into, s.target_model)
        if not ordered:
            raise InputError("joining a hub needs statistics with at least one model that is in it")
        covariances = Covariances.of(ordered)
        weights = [self.into[m].weight.astype(np.float64) for m in covariances.models[1:]]
        for m, t in zip(covariances.models[1:], weights, strict=True):
            if len(t) != len(covariances.means[covariances.models.index(m)]):
                raise DimensionError(f"{m} has width {len(t)} in the hub, but another in these statistics")
        with threadpool_limits(1):
            weights.insert(0, solve_join(covariances, weights, self.correlations, float(self.facts["regularization"])))
            hub = spectrum(pooled(weights, covariances.own))
        into = {**self.into, model: _into(self.name, covariances, weights[0], 0)}
        # Old models' crosses with each other are not known here, and not needed: only the new one gets its way out.
        out = {**self.out, model: _out(self.name, covariances, weights, hub, 0)}
        pairs = {covariances.models[j]: n for (_, j), n in covariances.pairs.items()}
        facts = {**self.facts, "joined": {**self.facts.get("joined", {}), model: pairs}}
        return CanonicalSpace(self.name, into, out, self.correlations, facts)

    def to_hub(self, model: str, vectors: NDArray[Any]) -> Floats:
        """(n, d) vectors of `model` → (n, r) hub vectors; compare them by cosine.

        Their length says how much of the vector the hub knows; averages of them weigh models by it.
        """
        fitted = self._map(self.into, model)
        check_vectors(vectors)
        return fitted.transform(vectors)

    def from_hub(self, model: str, vectors: NDArray[Any]) -> Floats:
        """(n, r) hub vectors of any length → (n, d) predicted vectors of `model`."""
        return self._map(self.out, model).transform(vectors)

    def route(self, model: str, faces: AnySet, leave: bool = False) -> tuple[LinearMap, str]:
        """The way that moves `faces` into the hub, or out of it, and what it leads to. InputError for others' sets."""
        way = self._map(self.out if leave else self.into, model)
        way.check_model(faces, "source")
        return way, f"{model}<-{self.name}" if leave else self.name

    @takes(faces=FACES)
    def apply(self, model: str, faces: SetLike) -> EmbeddingSet:
        """`faces` of `model`, moved into the hub. InputError if another network made them."""
        way, name = self.route(model, faces := as_set(faces))
        return faces.with_vectors(way.transform(faces.vectors), model=name)

    @takes(faces=FACES)
    def leave(self, model: str, faces: SetLike) -> EmbeddingSet:
        """`faces` in the hub, moved into the space of `model`. InputError if they are not in this hub."""
        way, name = self.route(model, faces := as_set(faces), leave=True)
        return faces.with_vectors(way.transform(faces.vectors), model=name)

    def apply_to_files(
        self, model: str, faces: StoredSet[EmbeddingSet], output: str | Path, *, leave: bool = False, **writing: Any
    ) -> tuple[StoredSet[EmbeddingSet], int]:
        """`apply`, or `leave`, for sets larger than memory; `writing` and what is given back as of `apply_to_files`."""
        way, name = self.route(model, faces, leave)
        return move_to_files(Move(way, name, faces), output, **writing)

    @takes(sets=NAMED)
    def fuse(self, sets: Mapping[str, SetLike], weights: Mapping[str, float] | None = None) -> EmbeddingSet:
        """One hub template per key: the mean of the hub vectors of the models that have it, optionally weighted.

        Columns come from the first set that has the key; a column is kept if every set has it.
        """
        with TemporaryDirectory(prefix="facespace-") as scratch:
            return joined_sets(self._fusion(as_named(sets), weights, Path(scratch), None, None).batches())

    def fuse_to_files(
        self,
        sets: Mapping[str, AnySet],
        output: str | Path,
        weights: Mapping[str, float] | None = None,
        *,
        rows_per_file: int = ROWS_PER_FILE,
        engine: Engine | None = None,
        progress: Progress | None = None,
        key: AnyKey | None = None,
    ) -> tuple[StoredSet[EmbeddingSet], int]:
        """`fuse` for sets larger than memory; `output`, and what is given back, as of `apply_to_files`."""
        facts = {"hub": self.name, "models": list(sets), "weights": dict(weights or {})}
        with TemporaryDirectory(prefix="facespace-") as scratch:
            fusion = self._fusion(sets, weights, Path(scratch), engine, progress)
            return write_fused(fusion, output, facts, rows_per_file, progress, key)

    def _fusion(
        self,
        sets: Mapping[str, AnySet],
        weights: Mapping[str, float] | None,
        scratch: Path,
        engine: Engine | None,
        progress: Progress | None,
    ) -> Fusion:
        ways = {model: self.route(model, faces)[0] for model, faces in sets.items()}
        return Fusion.of(sets, ways, weights or {}, self.name, scratch, engine or LocalEngine(), progress)

    def save(self, path: str | Path, *, key: AnyKey | None = None) -> Path:
        """Write to a .safetensors file, whole or not at all; encrypted by a `key` (of `EmbeddingSet.load`)."""
        arrays: dict[str, Any] = {"correlations": self.correlations}
        for direction, maps in (("in", self.into), ("out", self.out)):
            for number, fitted in enumerate(maps.values()):
                arrays |= {f"{direction}.{number}.{name}": array for name, array in fitted.arrays().items()}
        facts = {"name": self.name, "models": self.models, "facts": dict(self.facts)}
        return write_artefact(path, "hub", arrays, facts, key=key)

    @classmethod
    def load(cls, path: str | Path, *, key: AnyKey | None = None) -> CanonicalSpace:
        """Read what `save` wrote; with a `key` nothing else. Raises FileFormatError, EncryptionError."""
        file = read_artefact(path, "hub", key=key)
        correlations = file.array("correlations", ("r",), np.float64)
        name, models = file.fact("name", str), file.fact("models", list)
        if not models or not all(isinstance(model, str) for model in models) or len(set(models)) < len(models):
            raise file.error(f"lists these models: {models!r}, where different names are needed")
        into, out = {}, {}
        for number, model in enumerate(models):
            width, facts = f"the width of {model}", {"method": "canonical"}
            moved = LinearMap.arrays_of(file, f"in.{number}.", (width, "r"))
            back = LinearMap.arrays_of(file, f"out.{number}.", ("r", width))
            into[model] = LinearMap(**moved, source_model=model, target_model=name, facts=facts, fitted=None)
            out[model] = LinearMap(**back, source_model=name, target_model=model, facts=facts, fitted=None)
        told = file.inner("facts")
        told.fact("regularization", float)
        joined = told.fact("joined", dict, {})
        if not all(isinstance(keys, dict) and all(type(n) is int for n in keys.values()) for keys in joined.values()):
            raise file.error("says who joined it in another way than names with numbers of keys")
        return cls(name, into, out, correlations, dict(told.facts))

    def _map(self, maps: Mapping[str, LinearMap], model: str) -> LinearMap:
        if model not in maps:
            raise unknown_name("model of this hub", model, maps)
        return maps[model]

    def _listed(self) -> str:
        return ", ".join(self.into)


def _statistics(sets: Mapping[str, AnySet], a: str, b: str, options: Mapping[str, Any]) -> PairStatistics:
    """Of models a and b on the keys that their sets share."""
    return replace(pair_statistics(sets[a], sets[b], **options), source_model=a, target_model=b)


def _check_names(sets: Mapping[str, AnySet]) -> None:
    for name, faces in sets.items():
        if not name:
            raise InputError("every set of a hub needs a model name", "facespace embed writes it.")
        if faces.model and faces.model != name:
            raise InputError(f"the set given for {name!r} was made by {faces.model!r}")


def _into(name: str, covariances: Covariances, weight: Doubles, i: int) -> LinearMap:
    names = covariances.models[i], name
    return LinearMap.into_common(weight, covariances.means[i], covariances.spectra[i], names, {"method": "canonical"})


def _out(name: str, covariances: Covariances, into: list[Doubles], hub: Spectrum, i: int) -> LinearMap:
    weight = solve_out(covariances, into, hub, i, _PENALTY)
    mean, names = covariances.means[i], (name, covariances.models[i])
    return LinearMap.of(weight, mean, mean, np.zeros(len(weight)), hub, names, {"method": "canonical"})
