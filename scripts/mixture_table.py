"""The tables of docs/mixture.md, Mixed networks: what `facespace audit mixture` finds, and how often it cries wolf.

    python scripts/mixture_table.py found ALTERED SETS NETWORK …        ALTERED as embed_altered.py makes it
    python scripts/mixture_table.py clean ALTERED SETS NETWORK …        also with SETS/ft-NETWORK.parquet,
    cfp-NETWORK.parquet

found: galleries of some 2,400 templates of LFW with 1, 5, 20 and 50 % of another network of the same width (every ordered
pair), of the network's own with swapped channels or other crops, and of others mapped into its space (by `fit_map`'s auto,
fitted on SETS/ft-*). References are the other people of LFW, some 1,600 templates. clean: six sets of each network that
hold nothing foreign.
"""

from __future__ import annotations

import itertools
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, audit_mixture, fit_map
from facespace.metrics import Roc
from facespace.people import people_of
from facespace.privacy import mixture_warnings

SHARES = (0.01, 0.05, 0.2, 0.5)
ALTERED = ("swapped", "shifted", "looser", "tighter")
DRAWS = 1


def load(path: Path) -> EmbeddingSet:
    """The set, with people by their folders."""
    faces = EmbeddingSet.load(path)
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model)


def unit(faces: EmbeddingSet) -> EmbeddingSet:
    """The set as galleries often keep it, at unit length."""
    return EmbeddingSet(faces.normalized(), faces.ids, model=faces.model)


def parts_of(faces: EmbeddingSet, sizes: list[int], seed: int) -> list[EmbeddingSet]:
    """Disjoint parts by people, of about so many templates."""
    person = people_of(faces).codes
    rank = np.random.default_rng(seed).permutation(person.max() + 1)[person]
    order = np.argsort(rank, kind="stable")
    ends = np.minimum(np.cumsum([0, *sizes]), len(order))
    firsts = [int(np.searchsorted(rank[order], rank[order[min(end, len(order) - 1)]])) if end < len(order) else end
              for end in ends.tolist()]  # fmt: skip
    return [faces.take(np.sort(order[a:b])) for a, b in itertools.pairwise(firsts)]


def mixed(native: EmbeddingSet, foreign: EmbeddingSet, share: float, seed: int) -> tuple[EmbeddingSet, np.ndarray]:
    """The native set with a share of its templates made by the other, and which."""
    chosen = np.zeros(len(native), dtype=bool)
    chosen[np.random.default_rng(seed).permutation(len(native))[: round(share * len(native))]] = True
    vectors = native.vectors.copy()
    vectors[chosen] = foreign.vectors[foreign.rows(native.ids)][chosen]
    return EmbeddingSet(vectors, native.ids, model=native.model), chosen


def judge(
    gallery: EmbeddingSet, foreign: np.ndarray, reference: EmbeddingSet | None, share: float
) -> tuple[float, float, str]:
    """AUC of the scores, the share of native templates that is named, and the verdict."""
    found = audit_mixture(gallery, reference)
    auc = Roc(found.scores[foreign], found.scores[~foreign]).auc
    named = found.named
    if reference is None and share == 0.5:  # which half is the right one can't be known
        named = named if auc >= 0.5 else ~named
        auc = max(auc, 1 - auc)
    return auc, float(named[~foreign].mean()), found.verdict


def found_table(wanted: str, altered: Path, sets: Path, nets: list[str]) -> None:
    native = {net: load(altered / f"native-{net}.parquet") for net in nets}
    rows: dict[tuple[str, str, float], list[tuple[int, str, float, float, str]]] = defaultdict(list)

    def add(kind: str, name: str, one: EmbeddingSet, other: EmbeddingSet, shares: tuple[float, ...], draws: int) -> None:
        for draw in range(draws):
            clean, gallery = parts_of(one, [1600, len(one)], draw)
            for share in shares:
                whole, foreign = mixed(gallery, other, share, draw)
                for told, reference in (("with", clean), ("without", None)):
                    rows[kind, told, share].append((draw, name, *judge(whole, foreign, reference, share)))
        print(f"{kind} {name}: " + "; ".join(f"{told} {rows[kind, told, 0.05][-1][2]:.4f} {rows[kind, told, 0.05][-1][4]}"
              for told in ("with", "without")), flush=True)  # fmt: skip

    for a, b in itertools.permutations(nets, 2):
        if wanted == "networks" and native[a].dim == native[b].dim:
            add("another network", f"{b} among {a}", unit(native[a]), unit(native[b]), SHARES, DRAWS)
    for net, kind in itertools.product(nets, ALTERED):
        if wanted == "altered" and (path := altered / f"{kind}-{net}.parquet").exists():
            other = load(path)
            add(kind, net, unit(native[net]), unit(other), SHARES[1:2], 1)
            add(f"{kind}, lengths kept", net, native[net], other, SHARES[1:2], 1)
    fitted_on = [net for net in nets if (sets / f"ft-{net}.parquet").exists()]
    for a, b in itertools.permutations(fitted_on, 2) if wanted == "mapped" else ():
        moved = fit_map(load(sets / f"ft-{b}.parquet"), load(sets / f"ft-{a}.parquet"), judge=False).apply(native[b])
        moved = EmbeddingSet(moved.vectors, moved.ids, model=a)
        add("mapped", f"{b} among {a}", unit(native[a]), unit(moved), (0.05, 0.5), 1)
        add("mapped, lengths kept", f"{b} among {a}", native[a], moved, (0.05,), 1)
    heads = [f"{head} {told}" for told in ("with", "without") for head in ("AUC", "least", "native named", "found")]
    print("\n| foreign templates | share | " + " | ".join(heads) + " |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind, share in dict.fromkeys((kind, share) for kind, _, share in rows):
        cells = []
        for told in ("with", "without"):
            got = rows[kind, told, share]
            auc = np.array([each[2] for each in got])
            low, high = interval(got)
            least = min(got, key=lambda each: each[2])
            seen = np.mean([each[4] in ("two networks", "another network") for each in got])
            noticed = np.mean([each[4] != "one network" for each in got])
            named = 100 * np.mean([each[3] for each in got])
            cells.append(
                f"{auc.mean():.4f} ({low:.4f}–{high:.4f}) | {least[2]:.3f} {least[1]} | {named:.2f} % | "
                f"{100 * seen:.0f} % ({100 * noticed:.0f})"
            )
        print(f"| {kind} | {100 * share:g} % | " + " | ".join(cells) + " |")


def interval(got: list[tuple[int, str, float, float, str]]) -> tuple[float, float]:
    """95 % limits of the mean AUC, from draws of the networks and draws of templates."""
    rng, names = np.random.default_rng(0), sorted({each[1] for each in got})
    by_name = {name: np.array([each[2] for each in got if each[1] == name]) for name in names}
    means = [
        np.mean([rng.choice(by_name[name], len(by_name[name])).mean() for name in rng.choice(names, len(names))])
        for _ in range(1000)
    ]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def clean_table(altered: Path, sets: Path, nets: list[str]) -> None:
    rows: dict[str, list[tuple[str, str, float, str, float, int]]] = defaultdict(list)
    for net in nets:
        lfw, train = load(sets / f"lfw-{net}.parquet"), load(sets / f"ft-{net}.parquet")
        clean, *parts = parts_of(lfw, [2500] + [1500] * 2, 0)
        trials = [("LFW, other people", part) for part in parts]
        trials += [("faces-train", part) for part in parts_of(train, [1500], 0)]
        if (path := altered / f"cfp-{net}.parquet").exists():
            cfp = load(path)
            side = np.array(["/profile/" in name for name in cfp.ids.tolist()])
            trials += [("CFP frontal", cfp.take(np.flatnonzero(~side))), ("CFP profile", cfp.take(np.flatnonzero(side)))]
            trials += [("CFP frontal and profile", cfp)]
        for kind, faces in trials:
            beside, alone = audit_mixture(unit(faces), unit(clean)), audit_mixture(unit(faces))
            warned = len(mixture_warnings(unit(faces)))
            rows[kind].append((net, beside.verdict, beside.share, alone.verdict, alone.agreement, warned))
            print(kind, *rows[kind][-1], flush=True)
    heads = "two networks, with", "unlike", "named, mean", "two networks, without", "least agreement", "warned"
    print("\n| clean sets | sets | " + " | ".join(heads) + " |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, got in rows.items():
        two = sum(each[1] in ("two networks", "another network") for each in got)
        unlike = sum(each[1] == "unlike the reference" for each in got)
        print(f"| {kind} | {len(got)} | {two} | {unlike} | {100 * np.mean([each[2] for each in got]):.1f} % | "
              f"{sum(each[3] != 'one network' for each in got)} | {min(each[4] for each in got):.2f} | "
              f"{sum(each[5] for each in got)} |")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] not in ("networks", "altered", "mapped", "clean"):
        sys.exit(__doc__)
    places = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
    clean_table(*places) if sys.argv[1] == "clean" else found_table(sys.argv[1], *places)
