"""The table of docs/audit.md: protections × attackers, on two sets and four networks.

    python scripts/protection_table.py SETS LFW-PAIRS.txt OUT [--refine] [--only NAME,…] [--nets A,B,…] [--sets lfw,ft]

SETS is a folder of embeddings named lfw-NETWORK.parquet and ft-NETWORK.parquet. Every network is protected once, and
attacked by whoever has the same one, and by whoever has the next of the list, with and without maps between the two. The
maps that ship have seen the people of both sets, so maps made the same way (`ShippedMaps.fit`) on the other set stand for
them.

Writes OUT/SET-NETWORK.json, goes on where it stopped, and prints Markdown; with --refine the names end in -refined.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

from facespace.datasets import read_pairs
from facespace.embeddings import EmbeddingSet
from facespace.io import write_json
from facespace.mapping import ShippedMaps, pair_statistics
from facespace.privacy import audit_protections

NETS = "openvino-0095,mobilefacenet-ms1m,mobileface-v2,mobilefacenet-casia"
OTHER = {"lfw": "ft", "ft": "lfw"}


def hub(folder: Path, name: str, nets: list[str]) -> ShippedMaps:
    """Maps between the networks, fitted on a set as scripts/make_shipped_maps.py does."""
    sets = [EmbeddingSet.load(folder / f"{name}-{net}.parquet") for net in nets]
    return ShippedMaps.fit([pair_statistics(a, b) for a, b in itertools.combinations(sets, 2)], 256, regularization=0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--nets", default=NETS)
    parser.add_argument("--sets", default="ft,lfw")
    parser.add_argument("--only")
    parser.add_argument("--refine", action="store_true")
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    nets = given.nets.split(",")
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.sets.split(","):
        maps = hub(given.folder, OTHER[name], NETS.split(","))
        for net in nets:
            path = given.out / f"{name}-{net}{'-refined' if given.refine else ''}.json"
            if path.exists():
                continue
            begin = time.monotonic()
            every = NETS.split(",")
            other = every[(every.index(net) + 1) % len(every)]
            result = audit_protections(
                EmbeddingSet.load(given.folder / f"{name}-{net}.parquet"),
                [EmbeddingSet.load(given.folder / f"{name}-{other}.parquet")],
                only=given.only and given.only.split(","),
                repeats=given.repeats,
                refine=given.refine,
                protocol=read_pairs(given.pairs) if name == "lfw" else None,
                maps=maps,
            )
            write_json({**result.to_dict(), "seconds": time.monotonic() - begin}, path)
            print(path.name, f"{time.monotonic() - begin:.0f} s", flush=True)
    results = [(path.stem, json.loads(path.read_text())) for path in sorted(given.out.glob("*.json"))]
    print_summary(results)
    print_tables(results)


def print_summary(results: list[tuple[str, dict[str, Any]]]) -> None:
    """Markdown with a column for each set and network: half points by attacker, what is lost, and what was counted."""
    whole = [one for one in results if not one[0].endswith("-refined")]
    heads = [f"{stem.split('-', 1)[1]}{', LFW' * stem.startswith('lfw-')}" for stem, _ in whole]
    rule = f"| protection | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}"
    names = list(whole[0][1]["parameters"])
    for knowledge in ("same", "other", "shipped"):
        print(f"\nHalf at, {knowledge}\n\n{rule}")
        for name in names:
            cells = [
                _half(h)
                for _, found in whole
                for h in found["half"]
                if (h["protection"], h["knowledge"]) == (name, knowledge)
            ]
            print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nAccuracy lost, common secret\n\n{rule}")
    for name in names:
        rows = [
            row for _, found in whole for row in found["accuracy"] if (row["protection"], row["keys"]) == (name, "common")
        ]
        print(f"| {name} | {' | '.join(map(_lost, rows))} |")
    print("\n| set | gallery | mated, other probes | people attacked | pairs | plain rank-1 | minutes |")
    print("|---|---|---|---|---|---|---|")
    for head, (_, found) in zip(heads, whole, strict=True):
        c = found["counts"]
        print(
            f"| {head} | {c['gallery']:,} | {c['mated_probes']:,}, {c['nonmated_probes']:,} | {c['attacked_people']:,} "
            f"| {c['pairs']:,} | {_percent(found['own'])} | {found['seconds'] / 60:.0f} |"
        )


def print_tables(results: list[tuple[str, dict[str, Any]]]) -> None:
    """Markdown: rank-1 by pairs and the half point of every attacker, then what protecting costs."""
    whole = [one for one in results if not one[0].endswith("-refined")]
    for stem, found in whole:
        c = found["counts"]
        print(
            f"\n{stem}: gallery {c['gallery']:,}, {c['mated_probes']:,} mated and {c['nonmated_probes']:,} other probes, "
            f"{c['attacked_people']:,} people attacked, {c['pairs']:,} pairs; own rank-1 {_percent(found['own'])}; "
            f"{found['seconds'] / 60:.0f} min\n"
        )
        sizes = sorted({p["leaked"] for p in found["points"]})
        print(f"| protection | attacker | {' | '.join(map(str, sizes))} | half at |\n|---|---|{'---|' * (len(sizes) + 1)}")
        for half in found["half"]:
            line = [
                p
                for p in found["points"]
                if all(p[key] == half[key] for key in ("protection", "network", "knowledge"))
                and (p["keys"], p["secret"], p["refine"]) == ("common", "kept", False)
            ]
            cells = " | ".join(f"{100 * p['rank1']:.1f}" for p in line[:-1])
            ends = f"{_percent(line[-1], 'rank1')} | {_half(half)}"
            print(f"| {half['protection']} | {half['knowledge']} | {cells} | {ends} |")
        print(
            "\n| protection | stolen secret | secret a person | accuracy lost | with a secret a person | EER | D_sys "
            "| by chance | revoked accepted |\n|---|---|---|---|---|---|---|---|---|"
        )
        for link, new in zip(found["unlinkability"], found["renewal"], strict=True):
            own = {p["secret"] + p["keys"]: p for p in found["points"] if _special(p, link["protection"])}
            cost = {row["keys"]: row for row in found["accuracy"] if row["protection"] == link["protection"]}
            stolen, person = own.get("stolencommon"), own.get("keptperson")
            cells = [
                link["protection"],
                _percent(stolen, "rank1") if stolen else "",
                _percent(person, "rank1") if person else "",
                *(_lost(cost[keys]) if keys in cost else "" for keys in ("common", "person")),
                f"{100 * cost['common']['eer']:.2f}",
                f"{link['d_sys']:.3f} ({link['low']:.3f} to {link['high']:.3f})",
                f"{link['floor']:.3f}",
                _percent(new, "accepted"),
            ]
            print(f"| {' | '.join(cells)} |")
    for stem, found in results:
        if not stem.endswith("-refined"):
            continue
        print(f"\n{stem} ({found['seconds'] / 60:.0f} min)\n")
        print("| protection | attacker | pairs | fitted | refined |\n|---|---|---|---|---|")
        for p in found["points"]:
            if p["refine"]:
                keys = ("protection", "network", "knowledge", "leaked", "keys", "secret")
                plain = next(q for q in found["points"] if not q["refine"] and all(q[key] == p[key] for key in keys))
                note = " refused" if p["refused"] else ""
                print(
                    f"| {p['protection']} | {p['knowledge']} | {p['leaked']} | {100 * plain['rank1_by_repeat'][0]:.1f} "
                    f"| {_percent(p, 'rank1')}{note} |"
                )


def _special(point: dict[str, Any], protection: str) -> bool:
    return point["protection"] == protection and point["knowledge"] == "same"


def _percent(row: dict[str, Any], key: str = "value") -> str:
    return f"{100 * row[key]:.1f} ({100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _lost(row: dict[str, Any]) -> str:
    return f"{100 * row['accuracy_lost']:.2f} ({100 * row['lost_low']:.2f} to {100 * row['lost_high']:.2f})"


def _half(half: dict[str, Any]) -> str:
    value, low, high = ("–" if half[key] is None else f"{half[key]:.0f}" for key in ("leaked", "low", "high"))
    return value if value == low == high else f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
