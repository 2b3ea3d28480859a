"""Maps between known networks that come with facespace: nobody who moves between these needs images seen by both.

`data/maps/hub.safetensors` is a hub of all of them (`_multiset.py`), made by scripts/make_shipped_maps.py: per network T_i
(d_i, r), its mean μ_i, and the strongest directions of its spread for the domain check. For networks a and b

    two-sided   (x − μ_a) T_a against (y − μ_b) T_b
    one-sided   y ≈ μ_b + (x − μ_a) W,    W = s T_a T_bᵀ

The second has the first's inner products; s makes mapped vectors as long as b's are about their mean. T_i are stored in 8
bits a number, which changes a score by at most 7e-4 (root mean square of a pair of networks on LFW).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...embeddings import Floats
from ...errors import InputError, unknown_name
from ...io import blocks, of_blocks, read_artefact, write_artefact
from ..linear_map import LinearMap
from ..provenance import FittedOn
from ..statistics import Doubles, PairStatistics
from ..two_sided_map import TwoSidedMap
from ._multiset import Covariances, solve

FILE = Path(__file__).parents[2] / "data" / "maps" / "hub.safetensors"
_KIND = "shipped-maps"
_DIRECTIONS = 48  # of each network's spread that are kept


@dataclass(frozen=True, eq=False)
class Network:
    """What is known of one network: T `into` (d, r), `mean` (d,), and its spread: `values` (k,), `directions` (d, k)."""

    into: Floats
    mean: Floats
    values: Floats
    directions: Floats

    @property
    def spectrum(self) -> tuple[Doubles, Doubles]:
        """Eigenvalues (d,) and eigenvectors (d, d) of the covariance, zeros where nothing was kept."""
        d, k = self.directions.shape
        values, vectors = np.zeros(d), np.zeros((d, d))
        values[d - k :], vectors[:, d - k :] = self.values, self.directions
        return values, vectors


@dataclass(frozen=True, eq=False)
class ShippedMaps:
    """Maps between any two of `networks`.

    Attributes:
        networks: by name.
        correlations: (r,) mean correlation between the networks along each direction of the hub, descending.
        losses: by "OLD → NEW" what a map loses on people that it was not fitted on, as the script measured it.
        facts: what it was made of, and the licence's note; plain JSON types.
        fitted: hashes of the images and people it was fitted on.
    """

    networks: Mapping[str, Network]
    correlations: Floats
    losses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    fitted: FittedOn | None = None

    @classmethod
    def fit(cls, statistics: Iterable[PairStatistics], dim: int, *, regularization: float) -> ShippedMaps:
        """From the statistics of every two networks, which name them, with a hub of at most `dim` numbers.

        Raises InputError when two networks have no statistics, or have them twice.
        """
        covariances = Covariances.of(statistics)
        with threadpool_limits(1):
            weights, w = solve(covariances, dim, regularization)
        networks = {}
        for i, name in enumerate(covariances.models):
            values, vectors = covariances.spectra[i]
            kept = slice(max(len(values) - _DIRECTIONS, 0), None)
            mean, spread = covariances.means[i].astype(np.float32), values[kept].astype(np.float32)
            # As the file holds it, so that what is measured is what ships.
            networks[name] = Network(_kept(weights[i]), mean, spread, _kept(vectors[:, kept]))
        return cls(networks, w.astype(np.float32))

    def map(self, old: str, new: str) -> LinearMap:
        """The map that moves `old`'s vectors into `new`'s space. Raises UnknownNameError, InputError for one network."""
        a, b = self._two(old, new)
        weight = a.into.astype(np.float64) @ b.into.T
        along = weight.T @ a.directions
        spread = float(np.einsum("ij,ij->j", along, along) @ a.values)
        weight *= np.sqrt(float(b.values.sum()) / spread)
        bias = b.mean - a.mean @ weight
        made = LinearMap.of(weight, bias, b.mean.astype(float), a.mean, a.spectrum, (old, new), self._told(old, new))
        return replace(made, fitted=self.fitted)

    def two_sided(self, old: str, new: str) -> TwoSidedMap:
        """The map of both networks' vectors into the hub. Raises UnknownNameError."""
        facts = self._told(old, new)
        ways = []
        for name, network in zip((old, new), self._two(old, new), strict=True):
            names, mean = (name, "hub:shipped"), network.mean.astype(float)
            ways.append(LinearMap.into_common(network.into.astype(float), mean, network.spectrum, names, facts))
        return TwoSidedMap("hub:shipped", ways[0], ways[1], self.correlations, facts, self.fitted)

    def _two(self, old: str, new: str) -> tuple[Network, Network]:
        for name in (old, new):
            if name not in self.networks:
                raise unknown_name("network with shipped maps", name, self.networks)
        if old == new:
            raise InputError(f"{old!r} is mapped to itself", "Its vectors are in its space already: no map is needed.")
        return self.networks[old], self.networks[new]

    def _told(self, old: str, new: str) -> dict[str, Any]:
        known = {"method": "shipped", "pairs": self.facts.get("images", 0), "subjects": self.facts.get("people")}
        if "made_of" in self.facts:
            known["made_of"] = self.facts["made_of"]
        if isinstance(licences := self.facts.get("licences"), dict):
            known["licence"] = "; ".join(f"weights of {name}: {licences.get(name, 'not known')}" for name in (old, new))
        if told := self.losses.get(f"{old} → {new}"):
            known["losses"] = dict(told)
        return known

    def save(self, path: str | Path) -> Path:
        """Write to a .safetensors file, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {"correlations": self.correlations}
        for number, network in enumerate(self.networks.values()):
            arrays |= {f"{number}.{name}": getattr(network, name) for name in _SHAPES}
        coded = [f"{number}.{name}" for number in range(len(self.networks)) for name in _CODED]
        facts = {"networks": list(self.networks), "losses": dict(self.losses), "facts": dict(self.facts)}
        whole = arrays | (self.fitted.arrays() if self.fitted else {})
        return write_artefact(path, _KIND, whole, facts, eight_bits=coded)

    @classmethod
    def load(cls, path: str | Path = FILE) -> ShippedMaps:
        """Read what `save` wrote, by default what ships. Raises FileFormatError."""
        file = read_artefact(path, _KIND)
        networks = {}
        for number, name in enumerate(file.fact("networks", list)):
            letters = {"d": f"the width of {name}", "k": f"the directions of {name}", "r": "r"}
            arrays = {
                what: file.array(f"{number}.{what}", tuple(letters[n] for n in shape)) for what, shape in _SHAPES.items()
            }
            networks[str(name)] = Network(**arrays)
        correlations = file.array("correlations", ("r",))
        losses, facts = file.fact("losses", dict, {}), file.fact("facts", dict, {})
        return cls(networks, correlations, losses, facts, FittedOn.of_file(file))


_SHAPES = {"into": "dr", "mean": "d", "values": "k", "directions": "dk"}
_CODED = ("into", "directions")


@cache
def shipped_maps() -> ShippedMaps:
    """The maps that come with facespace."""
    return ShippedMaps.load()


def shipped_map(old: str, new: str) -> LinearMap:
    """The shipped map that moves `old`'s vectors into `new`'s space; `shipped_maps().networks` are the known names.

    Raises UnknownNameError.

    >>> shipped_map("mobileface-v2", "openvino-0095")
    LinearMap(mobileface-v2 → openvino-0095, 256 → 256, shipped, 23,009 pairs)
    """
    return shipped_maps().map(old, new)


def _kept(array: Doubles) -> Floats:
    return of_blocks(*blocks(array))
