"""What the examples have in common: the demo's faces by an old and a new network, divided by people, and a whole move.

A quarter of the people lie in the gallery with all images but the last, which is looked up; of the others half are what the
map is fitted on, and half what the plan checks with. The names are made up; the people are LFW's, under opaque ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, fit_map
from facespace.datasets import demo_sets
from facespace.gallery.stores import Templates, open_gallery
from facespace.migration import Migration, make_plan
from facespace.people import people_of

OLD, NEW = "mobileface-v2", "openvino-0095"
NAMES = ("Ada", "Bela", "Chiyo", "Dario", "Emine", "Farid", "Grace", "Hana")
Both = tuple[EmbeddingSet, EmbeddingSet]


@dataclass(frozen=True)
class Demo:
    """Sets by (old network, new network): to fit on, to check with, the gallery, and a query of each of its people.

    `names`: of each person in the gallery, by their key.
    """

    fit: Both
    check: Both
    gallery: Both
    queries: Both
    names: dict[str, str]

    @classmethod
    def load(cls) -> Demo:
        sets = {faces.model: faces for faces in demo_sets()}
        old, new = sets[OLD], sets[NEW]
        new = new.select(old.ids)
        names = people_of(old).names
        people, code, count = np.unique(names, return_inverse=True, return_counts=True)
        group = np.random.default_rng(0).permutation(len(people)) % 4
        group[(group == 3) & (count == 1)] = 0  # who is looked up needs a second image
        last = np.r_[code[1:] != code[:-1], True] if (np.diff(code) >= 0).all() else _last_of(code)
        own = group[code]
        parts = [own < 2, own == 2, (own == 3) & ~last, (own == 3) & last]
        fit, check, gallery, queries = ((old.take(r), new.take(r)) for r in map(np.flatnonzero, parts))
        known = np.unique(people_of(gallery[0]).names).tolist()
        named = {key: f"{NAMES[i % 8]} {1 + i // 8}" for i, key in enumerate(known)}
        return cls(fit, check, gallery, queries, named)

    def batches(self) -> Iterator[Templates]:
        """The gallery's old templates, with names."""
        faces = self.gallery[0]
        people = [self.names[key] for key in people_of(faces).names.tolist()]
        for start in range(0, len(faces), 1000):
            rows = slice(start, start + 1000)
            ids = faces.ids[rows].tolist()
            yield Templates(ids, faces.vectors[rows], [OLD] * len(ids), people[rows])


def _last_of(code: np.ndarray) -> np.ndarray:
    last = np.zeros(len(code), dtype=bool)
    last[len(code) - 1 - np.unique(code[::-1], return_index=True)[1]] = True
    return last


def walk(demo: Demo, url: str, folder: Path) -> dict[str, float]:
    """From the old network to the new: plan, run, verify, switch, some people re-enrolled, finish; searches in between.

    Returns the share of queries whose first answer is their own person: before, mapped, and with half re-enrolled.
    """
    fit_map(*demo.fit).save(folder / "map.safetensors")
    people = people_of(demo.gallery[0]).names.tolist()
    owner = {one: demo.names[key] for one, key in zip(demo.gallery[0].ids.tolist(), people, strict=True)}
    wanted = [demo.names[key] for key in people_of(demo.queries[0]).names.tolist()]

    def ask(title: str, queries: EmbeddingSet) -> float:
        found = open_gallery(url).search(queries.vectors, 3)
        print(f"\n{title}")
        for name, ids, scores, models in list(zip(wanted, found.ids, found.scores, found.models, strict=True))[:3]:
            answers = ", ".join(f"{owner.get(i, i)} {s:.3f} ({m})" for i, s, m in zip(ids, scores, models, strict=True))
            print(f"  {name}: {answers}")
        right = float(np.mean([owner.get(ids[0]) == name for name, ids in zip(wanted, found.ids, strict=True)]))
        print(f"  first answer right: {100 * right:.1f} % of {len(wanted)} people")
        return right

    rates = {"before": ask("Before: old queries, old gallery", demo.queries[0])}
    plan = make_plan(url, folder / "map.safetensors", *demo.check, far=1e-3, margin=0.02)
    plan.save(folder / "plan.json")
    print(f"\nPlan: {plan.decision}. {plan.reason}")
    migration = Migration(folder / "plan.json")
    migration.run(anyway=True)
    faults = migration.verify().faults
    if faults:
        raise SystemExit("; ".join(faults))
    migration.switch()
    rates["mapped"] = ask("After the switch: new queries, mapped gallery", demo.queries[1])
    migration.enrol(demo.gallery[1].take(np.arange(0, len(demo.gallery[1]), 2)))
    rates["half"] = ask("Every second template made anew", demo.queries[1])
    migration.back()
    rates["back"] = ask("Back: old queries, old gallery", demo.queries[0])
    migration.run(anyway=True)
    migration.verify()
    migration.switch()
    migration.finish()
    info = open_gallery(url).info()
    print(f"\nFinished: {info.count:,} templates of {info.model}, {info.dim} numbers each")
    return rates
