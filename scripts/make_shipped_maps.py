"""Make src/facespace/data/maps/hub.safetensors, the maps between known networks that ship, from embeddings of public sets.

    facespace embed LFW --model NETWORK --landmarks LANDMARKS.csv -o SETS/lfw-NETWORK.parquet
    facespace embed FACES-TRAIN --model NETWORK --aligned -o SETS/ft-NETWORK.parquet
    facespace embed CFP --model NETWORK -o SETS/cfp-NETWORK.parquet       (people 001 to 250, frontal and profile)
    python scripts/make_shipped_maps.py SETS PAIRS.txt NETWORK NETWORK …

Embedding takes one to fifteen minutes a network on two cores, this script about fifteen minutes for eleven networks. A
network may lack a set, and images of one. What is in the file tells of no image and no person: linear maps, means,
directions of spread, and hashes of ids, by which a user is warned who judges a map on the same images.

Each ordered pair's loss is measured on LFW's ten folds with maps fitted without the fold's people, on all other images of
all sets; beside it what cca (one-sided) and joint (two-sided) lose that are fitted on the pair's own images of the other
nine folds, which is what a user with 7,701 images of LFW could do. Thresholds are chosen on the other folds.
"""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from facespace.datasets import PairProtocol, read_lfw_pairs
from facespace.embeddings import EmbeddingSet, normalize
from facespace.mapping import CCAMap, FittedOn, FoldStatistics, JointMap, PairStatistics, ShippedMaps
from facespace.mapping.hub import FILE
from facespace.metrics import accuracy_error, kfold_accuracy
from facespace.models import load_card
from facespace.people import people_in
from facespace.verification import pair_scores

PARTS = ("lfw", "ft", "cfp")
DIM, REGULARIZATION = 256, 0.05
LIMIT = 2_000_000  # bytes


class Keys:
    """All images that some networks have in common, by fold of LFW's people; other images are in no fold."""

    def __init__(self, sets: Path, networks: list[str], folds: dict[str, int]) -> None:
        ids, vectors, fold = [], {name: [] for name in networks}, []
        for part in PARTS:
            given = {name: sets / f"{part}-{name}.parquet" for name in networks}
            if not all(path.exists() for path in given.values()):
                continue
            faces = {name: EmbeddingSet.load(path) for name, path in given.items()}
            common = sorted(set.intersection(*(set(one.ids.tolist()) for one in faces.values())))
            ids += common
            fold += [folds.get(name.split("/")[0], -1) if part == "lfw" else -1 for name in common]
            for name, one in faces.items():
                vectors[name].append(normalize(one.vectors[one.rows(common)]))
        self.networks, self.ids, self.fold = networks, np.array(ids), np.array(fold)
        self.vectors = {name: np.concatenate(parts) for name, parts in vectors.items()}
        self.statistics = FoldStatistics(list(self.vectors.values()), self.fold, models=networks)

    def without(self, held: set[int], pairs: list[tuple[str, str]]) -> list[PairStatistics]:
        """Statistics of these pairs of networks without the images of the folds `held`."""
        return [self.statistics.without(self.networks.index(a), self.networks.index(b), held) for a, b in pairs]


def main(sets: Path, pairs: Path, networks: list[str]) -> None:
    protocol, begun = read_lfw_pairs(pairs), time.monotonic()
    assert protocol.fold is not None
    folds: dict[str, int] = {}
    for side in (protocol.left, protocol.right):
        folds |= {name.split("/")[0]: int(fold) for name, fold in zip(side, protocol.fold, strict=True)}
    whole = [name for name in networks if all((sets / f"{part}-{name}.parquet").exists() for part in PARTS)]
    # Who lacks a set shares the images of the others with each: one group of keys a network.
    groups = [(Keys(sets, whole, folds), list(itertools.combinations(whole, 2)))]
    for name in [name for name in networks if name not in whole]:
        groups.append((Keys(sets, [*whole, name], folds), [(other, name) for other in whole]))
    parts = [name for name in networks if name not in whole]
    for a, b in itertools.combinations(parts, 2):
        groups.append((Keys(sets, [a, b], folds), [(a, b)]))

    def fitted(held: set[int]) -> ShippedMaps:
        statistics = [one for keys, wanted in groups for one in keys.without(held, wanted)]
        return ShippedMaps.fit(statistics, DIM, regularization=REGULARIZATION)

    faces = {name: EmbeddingSet.load(sets / f"lfw-{name}.parquet") for name in networks}
    with threadpool_limits(2):
        losses = measure(protocol, faces, fitted)
        maps = fitted(set())
    keys = groups[0][0]
    facts: dict[str, Any] = {
        "images": len(keys.ids),
        "people": len(np.unique(people_in(keys.ids).names)),
        "made_of": "LFW, 299 people of aligned training faces, CFP's people 001 to 250; 8 bits a number",
        "images_of": {name: len(group.ids) for group, wanted in groups[1:] for name in [wanted[0][1]]},
        "dim": DIM,
        "regularization": REGULARIZATION,
        "cards": {name: [file.sha256 for file in load_card(name).files] for name in networks},
        "licences": {name: load_card(name).licence.name for name in networks},
    }
    known = np.unique(np.concatenate([group.ids for group, _ in groups]))
    made = replace(maps, losses=losses, facts=facts, fitted=FittedOn.of(known, people_in(known).names))
    FILE.parent.mkdir(parents=True, exist_ok=True)
    made.save(FILE)
    size = FILE.stat().st_size
    print(f"{len(networks)} networks, {size / 1e6:.2f} MB, {time.monotonic() - begun:.0f} s")
    tell(losses)
    if size > LIMIT:
        sys.exit(f"more than {LIMIT / 1e6:.0f} MB: too large to ship")


def measure(protocol: PairProtocol, faces: dict[str, EmbeddingSet], fitted: Any) -> dict[str, dict[str, Any]]:
    """Losses by ordered pair, in fractions; every score is by maps that did not see the people of its fold."""
    assert protocol.fold is not None
    ids = protocol.ids
    x = {name: normalize(one.vectors[one.rows(ids)]) for name, one in faces.items()}
    left, right = np.searchsorted(ids, protocol.left), np.searchsorted(ids, protocol.right)
    ways = ("one_sided", "two_sided", "own_keys_one_sided", "own_keys_two_sided")
    scores = {(a, b): {way: np.empty(len(protocol)) for way in ways} for a, b in itertools.permutations(faces, 2)}
    image_fold = np.empty(len(ids), dtype=int)
    image_fold[left], image_fold[right] = protocol.fold, protocol.fold
    keys = FoldStatistics(list(x.values()), image_fold, models=list(x))
    order = list(x)
    for fold in np.unique(protocol.fold).tolist():
        maps, rows = fitted({fold}), np.flatnonzero(protocol.fold == fold)
        for (a, b), found in scores.items():
            own = keys.without(order.index(a), order.index(b), {fold})
            made = {
                "one_sided": maps.map(a, b),
                "two_sided": maps.two_sided(a, b),
                "own_keys_one_sided": CCAMap(0.1).fit_statistics(own),
                "own_keys_two_sided": JointMap(0.1).fit_statistics(own),
            }
            for way, one in made.items():
                found[way][rows] = pair_scores(one.probe(x[a][left[rows]]), one.reference(x[b][right[rows]]))
        print(f"fold {fold}", flush=True)
    people = people_in(protocol.left).names, people_in(protocol.right).names
    losses: dict[str, dict[str, Any]] = {}
    for (a, b), found in scores.items():
        native, reached = decided(pair_scores(x[b][left], x[b][right]), protocol)
        told: dict[str, Any] = {
            "pairs": len(protocol),
            "people": len(np.unique(np.concatenate(people))),
            "accuracy": reached,
        }
        for way, values in found.items():
            correct, accuracy = decided(values, protocol)
            half = 1.96 * accuracy_error(native, correct, protocol.same, people)
            loss = reached - accuracy
            told[f"{way}_loss"], told[f"{way}_low"], told[f"{way}_high"] = loss, loss - half, loss + half
        losses[f"{a} → {b}"] = told
    return losses


def decided(scores: np.ndarray, protocol: PairProtocol) -> tuple[np.ndarray, float]:
    """Which pairs are decided rightly by thresholds of the other folds, and the mean accuracy over folds."""
    found = kfold_accuracy(scores, protocol.same, protocol.fold)
    place = np.unique(protocol.fold, return_inverse=True)[1]
    return (scores >= np.asarray(found.thresholds)[place]) == protocol.same, found.mean


def tell(losses: dict[str, dict[str, Any]]) -> None:
    """Mean and worst of each way, over all ordered pairs and over those of networks above 98.5 %."""
    accuracy = {pair.split(" → ")[1]: told["accuracy"] for pair, told in losses.items()}
    for name, kept in (("all", 0.0), ("≥ 98.5 %", 0.985)):
        rows = [told for pair, told in losses.items() if all(accuracy[one] >= kept for one in pair.split(" → "))]
        for way in ("one_sided", "own_keys_one_sided", "two_sided", "own_keys_two_sided"):
            values = [100 * told[f"{way}_loss"] for told in rows]
            print(f"{name:9s} {way:20s} mean {np.mean(values):.2f} worst {max(values):.2f} ({len(values)} ordered pairs)")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
