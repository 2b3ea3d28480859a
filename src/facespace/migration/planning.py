"""Making a plan: what moving a gallery would do, from people whom both networks have seen. Nothing is written."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..gallery.stores import GalleryInfo, Templates, open_gallery, without_password
from ..mapping import FittedOn, load_map
from ..people import people_of
from ..results import signature
from .arms import compare_arms
from .evidence import Direction, Evidence
from .guarantee import Decision
from .lookup import look_up
from .order import order_curve
from .plan import AnyMap, MigrationPlan, file_digest, one_sided
from .uncertainty import fit_uncertainty

SAMPLE = 8192  # templates of the gallery that are looked at before all others

Progress = Callable[[int, int], None]


def make_plan(
    url: str,
    map: str | Path,
    old: EmbeddingSet,
    new: EmbeddingSet,
    *,
    queries_map: str | Path | None = None,
    direction: str | None = None,
    far: float = 1e-4,
    fpir: float = 0.01,
    margin: float = 0.005,
    level: float = 0.95,
    seed: int = 0,
    progress: Progress = lambda done, whole: None,
) -> MigrationPlan:
    """Measure what moving a gallery would do. Nothing is written.

    Args:
        url: of the gallery, see `open_gallery`.
        map: file of a map from the old network to the new, or of both into a common space.
        old, new: the same images by both networks, two of a person, of people the map was not fitted on.
        queries_map: file of a map from the new network to the old: the other direction is judged beside the first.
        direction: "gallery" (or "both", as the map is), or "queries"; the first that there is a map for.
        far: operating false accept rate. fpir: of searches. margin: the loss of TAR that is borne, a fraction.

    Raises InputError where gallery, map and sets are not of the same networks and widths, or the evidence carries nothing.
    """
    loaded = {"templates": load_map(map)} | ({} if queries_map is None else {"queries": load_map(queries_map)})
    files = {"templates": Path(map)} | ({} if queries_map is None else {"queries": Path(queries_map)})
    directions = {one.name: one for one in _directions(loaded, old, new)}
    chosen = direction or next(iter(directions))
    if chosen not in directions:
        raise InputError(
            f"there is no map for the direction {chosen!r}; with these maps there are {', '.join(directions)}",
            "Give --queries-map, a map from the new network to the old.",
        )
    gallery = open_gallery(url)
    info = gallery.info()
    sample, warnings, rate = _look_at(gallery.scan(rows=SAMPLE), info, directions[chosen], old)
    evidence = Evidence.of(old, new, [one.fitted for one in loaded.values()], seed=seed)
    arms = compare_arms(evidence, list(directions.values()), far, level)
    names = np.unique(people_of(old.select(evidence.ids)).names).tolist()
    known = loaded["templates"].fitted
    seen = 0

    def batches() -> Iterator[Templates]:
        nonlocal seen
        for batch in gallery.scan():
            if known is not None:
                people = None if batch.people is None else np.asarray([one or "" for one in batch.people], dtype=np.str_)
                seen += int(np.count_nonzero(known.has(np.asarray(batch.ids, dtype=np.str_), people)))
            yield batch

    lookups = look_up(
        evidence,
        names,
        list(directions.values()),
        batches(),
        fpir,
        seed=seed,
        progress=lambda rows: progress(rows, info.count),
    )
    order = None
    if directions[chosen].templates is not None:
        uncertainty = fit_uncertainty(evidence, directions[chosen], level)
        order = order_curve(evidence, directions[chosen], uncertainty, far, seed=seed, level=level).to_dict()
    loss = arms.losses[chosen]
    decision = loss.decision(margin)
    width = directions[chosen].template(sample.vectors[:1]).shape[1]
    facts = {"people": evidence.pairs_people, "far": far, "margin": margin, "level": level, "seed": seed}
    return MigrationPlan(
        url=without_password(url),
        gallery=info.to_dict(),
        direction=chosen,
        maps={side: {**_map_facts(one, files[side]), "fitted_in_gallery": seen} for side, one in loaded.items()},
        check={
            "old": old.model,
            "new": new.model,
            "people": evidence.people,
            "people_with_pairs": evidence.pairs_people,
            "images": len(evidence.ids),
            "genuine": arms.genuine,
            "impostor": arms.impostor,
            "people_seen": b64encode(FittedOn.of(evidence.ids, np.asarray(names)).people.tobytes()).decode(),
        },
        far=far,
        fpir=fpir,
        margin=margin,
        level=level,
        arms={name: arm.to_dict() for name, arm in arms.arms.items()},
        losses={name: one.to_dict() for name, one in arms.losses.items()},
        lookups=lookups.to_dict(),
        order=order,
        decision=decision,
        reason=_reason(decision, loss.low, loss.high, margin),
        people_needed=None if decision != "more" else loss.people_needed(margin),
        thresholds={"mapped": arms.arms[chosen].threshold, "new": arms.arms["new"].threshold},
        cost={"templates_a_second": rate, "bytes": 0 if chosen == "queries" else 4 * width * info.count},
        warnings=[*warnings, *evidence.warnings, *arms.warnings, *lookups.warnings],
        signature=signature("migration-plan", direction=chosen, **facts),
    )


def _directions(maps: Mapping[str, AnyMap], old: EmbeddingSet, new: EmbeddingSet) -> Iterator[Direction]:
    for side, one in maps.items():
        first, second = (old, new) if side == "templates" else (new, old)
        one.check_model(first, "source")
        one.check_model(second, "target")
        yield Direction.of(one) if side == "templates" else Direction.of_queries(one_sided(one))


def _look_at(
    batches: Iterator[Templates], info: GalleryInfo, direction: Direction, old: EmbeddingSet
) -> tuple[Templates, list[str], float]:
    """The first templates, what is odd about them, and templates a second that are read and mapped."""
    start = time.perf_counter()
    sample = next(batches, None)
    if sample is None:
        raise InputError(f"the gallery {info.url} is empty", "There is nothing to move.")
    if sample.vectors.shape[1] != old.dim:
        raise InputError(
            f"the gallery's templates have {sample.vectors.shape[1]} numbers, those of the old set {old.dim}",
            "Are the sets given in the order OLD NEW?",
        )
    if info.model and old.model and info.model != old.model:
        raise InputError(
            f"the gallery is by {info.model!r}, the old set by {old.model!r}", "Give the old network's set first."
        )
    direction.template(sample.vectors)
    rate = len(sample) / (time.perf_counter() - start)
    warnings = []
    if direction.templates is not None and (reasons := direction.templates.check(sample.vectors).reasons):
        warnings.append(f"the gallery's templates are not of the map's domain: {'; '.join(reasons)}")
    places = old.find(list(sample.ids))
    if (places >= 0).any():
        mine = sample.vectors[places >= 0]
        theirs = old.vectors[places[places >= 0]]
        same = np.vecdot(mine, theirs) / (np.linalg.norm(mine, axis=1) * np.linalg.norm(theirs, axis=1))
        if (share := float((same < 0.99).mean())) > 0:
            warnings.append(
                f"{100 * share:.3g} % of {len(same):,} templates that are in both have another vector in the gallery than "
                "in the old set: was it made by another network, or alignment?"
            )
    return sample, warnings, rate


def _map_facts(map: AnyMap, path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "blake2b": file_digest(path),
        "source": map.source_model,
        "target": map.target_model,
        "method": map.method,
        "pairs": map.facts.get("pairs", 0),
    }


def _reason(decision: Decision, low: float, high: float, margin: float) -> str:
    told = f"TAR changes by {-100 * high:+.2f} to {-100 * low:+.2f} points (95 %), and a loss of {100 * margin:g} is borne"
    return {
        "go": f"{told}.",
        "stop": f"{told}: the move costs more than that; stay, or re-enrol first.",
        "more": f"{told}: these people can't tell.",
    }[decision]
