"""The tables of docs/mixture.md, Broken correspondence: what `check_pairs` lists, and what a robust fit saves.

    python scripts/correspondence_table.py SETS LFW-PAIRS.txt METHOD NETWORK … [CLEAN]

SETS has ft-NETWORK.parquet (faces-train) and lfw-NETWORK.parquet. Of faces-train a share of the target's rows stands under
others' ids; a map is fitted on all pairs, and robustly, and judged on LFW's 6,000 pairs, whose people it never saw. CLEAN
is a folder with cfp-NETWORK.parquet: nothing is exchanged there, and half the images of people are profiles. Three networks
take about two minutes on one core.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, check_pairs, fit_map, read_lfw_pairs, verify
from facespace.embeddings import Floats

SHARES = (0.05, 0.25, 0.5)


def load(path: Path) -> EmbeddingSet:
    """The set, with people by their folders."""
    faces = EmbeddingSet.load(path)
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model)


def exchanged(faces: EmbeddingSet, share: float, seed: int) -> tuple[EmbeddingSet, set[str]]:
    """The set with a share of its rows under one another's ids, and the ids that then have another person's row."""
    rows = np.random.default_rng(seed).permutation(len(faces))[: round(share * len(faces))]
    vectors: Floats = faces.vectors.copy()
    source = np.roll(rows, 1)
    vectors[rows] = vectors[source]
    one, other = faces.ids[rows].tolist(), faces.ids[source].tolist()
    broken = {a for a, b in zip(one, other, strict=True) if a.split("/")[0] != b.split("/")[0]}
    return EmbeddingSet(vectors, faces.ids, model=faces.model), broken


def main(sets: Path, pairs: Path, method: str, nets: list[str], clean: Path | None) -> None:
    protocol = read_lfw_pairs(pairs)
    train = {net: load(sets / f"ft-{net}.parquet") for net in nets}
    lfw = {net: load(sets / f"lfw-{net}.parquet") for net in nets}
    rows: dict[float, list[list[float]]] = {share: [] for share in SHARES}
    honest = []
    for a, b in itertools.permutations(nets, 2):

        def accuracy(target: EmbeddingSet, robust: object = False, a: str = a, b: str = b) -> float:
            fitted = fit_map(train[a], target, method, robust=robust, judge=False)  # type: ignore[call-overload]
            return 100 * verify(lfw[a], lfw[b], protocol=protocol, map=fitted).accuracy.mean

        honest.append(accuracy(train[b]))
        wrongly = check_pairs(train[a], train[b])
        print(f"{a} → {b}: {honest[-1]:.2f}; clean: {wrongly.broken} of {wrongly.pairs:,} listed", flush=True)
        for number, share in enumerate(SHARES):
            target, broken = exchanged(train[b], share, number)
            found = check_pairs(train[a], target)
            listed = set(found.ids.tolist())
            recall, wrong = len(listed & broken) / len(broken), len(listed - broken) / (found.pairs - len(broken))
            rows[share].append([honest[-1], accuracy(target), accuracy(target, found), 100 * recall, 100 * wrong])
            print(f"  {share:.0%}: " + " ".join(f"{value:.2f}" for value in rows[share][-1]), flush=True)
    print(f"\n| exchanged | {method}, clean | broken | robust | worst loss, broken | robust | found | wrongly listed |")
    print("|---|---|---|---|---|---|---|---|")
    for share, got in rows.items():
        table = np.array(got)
        lost = table[:, :1] - table[:, 1:3]
        print(
            f"| {share:.0%} | "
            + " | ".join(f"{column.mean():.2f} {spread(column)}" for column in table.T[:3])
            + f" | {lost[:, 0].max():.2f} | {lost[:, 1].max():.2f} | {table[:, 3].mean():.2f} % "
            f"(least {table[:, 3].min():.2f}) | {table[:, 4].mean():.3f} % (most {table[:, 4].max():.3f}) |"
        )
    for kind, folder in (("lfw", sets), ("cfp", clean)):
        if folder is not None:
            print(f"\n{kind}, nothing exchanged:")
            for a, b in itertools.permutations(nets, 2):
                found = check_pairs(load(folder / f"{kind}-{a}.parquet"), load(folder / f"{kind}-{b}.parquet"))
                print(f"{a} → {b}: {found.broken} of {found.pairs:,} listed, AUC {found.auc:.5f}", flush=True)


def spread(values: Floats) -> str:
    """The least and the greatest."""
    return f"({values.min():.2f} to {values.max():.2f})"


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    last = Path(sys.argv[-1]) if "/" in sys.argv[-1] else None
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4 : None if last is None else -1], last)
