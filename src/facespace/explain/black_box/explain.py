"""`explain_black_box`: one comparison, explained on both faces through the networks as they are deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...given import MAP, MapFile, as_map, takes
from ...images import Crops
from ...models import Network
from ...results import signature
from ..deciding import card_table, decided_by
from ..pair import ExplainedFace, PairExplanation
from .budget import Budget, budgeted_maps
from .maps import BLACK_BOX, PASSES, BlackBoxMap, Embedder, black_box_map, unit_rows


class PairMap(Protocol):
    """A map across networks: the score is the cosine of `probe` and `reference`. Both kinds of maps are such."""

    source_model: Any
    target_model: Any

    def probe(self, vectors: NDArray[Any], /) -> NDArray[Any]:
        """(n, p) vectors of the source network, to where they are compared."""

    def reference(self, vectors: NDArray[Any], /) -> NDArray[Any]:
        """(n, q) vectors of the target network, to where they are compared."""


@takes(mapping=MAP)
def explain_black_box(
    crop: Crops,
    other: Crops,
    network: Network,
    *,
    method: str = "occlusion",
    threshold: float | None = None,
    mapping: PairMap | MapFile | None = None,
    other_network: Network | None = None,
    passes: int | None = None,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PairExplanation:
    """Explain the comparison of two aligned faces by any network, by forward passes alone.

    The score is that of `verify`: the cosine of the networks' own embeddings, or with a map of its probe and reference.
    Each face's map says what hiding a place does to it: see `black_box_map`.

    Args:
        crop, other: (height, width, 3) uint8, each as its network takes it.
        method: one of BLACK_BOX. passes: for each face; by default 49 of occlusion, 256 of rise, 99 of minplus, 255 of shap.
        budget: of rise, instead of `passes`: masks are drawn until its time is over or the maps are as sure as it says; the
            same again with `passes` as many as the result says.
        threshold: to decide by; by default that of FAR 0.1 % in the table of scores that ships for the network, where one
            does and no map is given, else there is a score and no decision. The maps don't depend on it.
        mapping, other_network: where `other` is compared by another network, both.
        seed: of random masks. progress: called with (passes done, passes in all), both faces together.

    Raises InputError where a map or a network is missing, UnknownNameError for another method, DimensionError for crops or
    embeddings of another size than a network or the map takes, ModelError for an embedding without direction.

        network = load_network(load_card("edgeface-xxs"))
        found = explain_black_box(a, b, network, threshold=0.3)
        found.score, found.decision, found.faces[0].importance
    """
    mapping = as_map(mapping)
    if (mapping is None) != (other_network is None):
        raise InputError(
            "two networks are compared through a map", "Give the map and the second image's network, or neither."
        )
    second = other_network or network

    def probe(crops: Crops) -> NDArray[Any]:
        return network(crops) if mapping is None else np.asarray(mapping.probe(network(crops)))

    def reference(crops: Crops) -> NDArray[Any]:
        return second(crops) if mapping is None else np.asarray(mapping.reference(second(crops)))

    sides: list[tuple[Crops, Embedder]] = [(crop, probe), (other, reference)]
    vectors = [embed(picture[None])[0] for picture, embed in sides]
    score = float(unit_rows(vectors[0][None])[0] @ unit_rows(vectors[1][None])[0])
    if budget is not None and (method != "rise" or passes is not None):
        raise InputError(
            f"a budget is spent on random masks: not by {method} with {passes or 'all its'} passes",
            "Give it to rise, without a number of passes: the other methods have the passes that they need.",
        )
    maps: list[BlackBoxMap] = []
    if budget is not None:
        maps = budgeted_maps(sides, vectors[::-1], budget, seed=seed, progress=progress)
    for i, (picture, embed) in enumerate(sides if budget is None else []):

        def tell(done: int, before: int = i) -> None:
            if progress:
                whole = (maps[0].passes if maps else passes or PASSES.get(method, 0)) * 2
                progress(done + (maps[0].passes if before else 0), whole)

        maps.append(
            black_box_map(
                picture,
                vectors[1 - i],
                embed,
                method=method,
                passes=passes,
                seed=seed + i,
                landmarks=(network, second)[i].card.template,
                progress=tell,
            )
        )
    names = (network.card.name, second.card.name)
    tau, source = decided_by(threshold, card_table(network.card) if mapping is None else None)
    line = signature(
        "explain",
        network=names[0],
        map=mapping and f"{names[0]}>{names[1]}",
        method=method,
        passes="+".join(str(m.passes) for m in maps),
        seed=seed if method in ("rise", "shap") else None,
        threshold=None if tau is None else f"{tau:.4f}",
    )
    return PairExplanation(
        names[0],
        method,
        tuple(ExplainedFace(picture, m.signed) for (picture, _), m in zip(sides, maps, strict=True)),
        score,
        tau,
        None,
        {},
        line,
        "" if mapping is None else names[1],
        passes=tuple(m.passes for m in maps),
        convergence=tuple(m.convergence for m in maps),
        standard_error=tuple(m.error for m in maps if m.error is not None),
        threshold_source=source,
    )


__all__ = ["BLACK_BOX", "PairMap", "explain_black_box"]
