"""MigrationPlan: what a move will do, measured beforehand; a JSON file that a person can read, sign and keep."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import EmbeddingSet
from ..errors import FileFormatError, InputError
from ..gallery.stores import GalleryInfo, Templates, open_gallery, without_password
from ..io import existing_file, write_json
from ..mapping import LinearMap, TwoSidedMap, load_map
from ..people import people_of
from ..results import signature
from .arms import compare_arms
from .evidence import Direction, Evidence
from .guarantee import Decision
from .lookup import look_up
from .order import order_curve
from .uncertainty import fit_uncertainty

SAMPLE = 8192  # templates of the gallery that are looked at before all others
VERSION = 1

Progress = Callable[[int, int], None]
AnyMap = LinearMap | TwoSidedMap


@dataclass(frozen=True)
class MigrationPlan:
    """The document of a plan, by its parts; rates and losses are fractions.

    Attributes:
        url: of the gallery, without a password. gallery: what it said of itself.
        direction: "gallery", "both" (templates are mapped) or "queries" (nothing is written).
        maps: path, digest, networks, method and pairs of the map of templates and of that of queries, where there are.
        check: the two sets, their people and images, and how many trials they gave.
        far, fpir, margin: what was asked for. level: of the intervals.
        arms: TAR, threshold and what FAR that may truly give: old alone, each direction, new alone.
        losses: against old alone, each way.
        lookups: rank 1 and FNIR among the gallery's own templates.
        order: what re-enrolling brings, None where templates stay as they are.
        decision: go, stop or more; `reason` says why; `people_needed` for a decision with 80 % power, None if no number is.
        thresholds: of cosines with mapped templates and with those of the new network.
        cost: templates a second of reading and mapping, as measured, and bytes that `next` takes.
    """

    url: str
    gallery: Mapping[str, Any]
    direction: str
    maps: Mapping[str, Any]
    check: Mapping[str, Any]
    far: float
    fpir: float
    margin: float
    level: float
    arms: Mapping[str, Any]
    losses: Mapping[str, Any]
    lookups: Mapping[str, Any]
    order: Mapping[str, Any] | None
    decision: Decision
    reason: str
    people_needed: int | None
    thresholds: Mapping[str, float]
    cost: Mapping[str, float]
    warnings: Sequence[str]
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {"kind": "facespace migration plan", "version": VERSION, **vars(self)}

    @property
    def digest(self) -> str:
        """A few letters that tell plans apart."""
        text = json.dumps(self.to_dict(), sort_keys=True, default=list)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def writes(self) -> bool:
        """Whether anything is written; queries can be mapped without."""
        return self.direction != "queries"

    def save(self, path: str | Path) -> Path:
        """Write the document, whole or not at all."""
        write_json(self, Path(path))
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> MigrationPlan:
        """Read what `save` wrote. Raises FileFormatError."""
        path = existing_file(path, "a migration plan")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            kind, version = document.pop("kind"), document.pop("version")
            if kind != "facespace migration plan" or version != VERSION:
                raise FileFormatError(
                    f"{path} is {kind!r}, version {version!r}", "Plans are made by facespace migrate plan."
                )
            return _checked(cls(**document))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FileFormatError(f"{path} is no migration plan: {error}", "Make it by facespace migrate plan.") from None

    def way(self, folder: Path) -> Direction:
        """The direction with its maps, read from the paths in the plan (those not found, from `folder`); each as it was.

        Raises InputError where a map is another now.
        """
        maps = {side: _same_map(facts, folder) for side, facts in self.maps.items()}
        if self.direction == "queries":
            return Direction.of_queries(_one_sided(maps["queries"]))
        return Direction.of(maps["templates"])


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
    batches = gallery.scan()
    lookups = look_up(
        evidence,
        names,
        list(directions.values()),
        batches,
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
        maps={side: _map_facts(one, files[side]) for side, one in loaded.items()},
        check={
            "old": old.model,
            "new": new.model,
            "people": evidence.people,
            "people_with_pairs": evidence.pairs_people,
            "images": len(evidence.ids),
            "genuine": arms.genuine,
            "impostor": arms.impostor,
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
        yield Direction.of(one) if side == "templates" else Direction.of_queries(_one_sided(one))


def _one_sided(map: AnyMap) -> LinearMap:
    if isinstance(map, TwoSidedMap):
        raise InputError(
            "queries are mapped into the gallery's space by a one-sided map", "Fit one by any method but joint."
        )
    return map


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
        "blake2b": _file_digest(path),
        "source": map.source_model,
        "target": map.target_model,
        "method": map.method,
        "pairs": map.facts.get("pairs", 0),
    }


def _file_digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _same_map(facts: Mapping[str, Any], folder: Path) -> AnyMap:
    path = Path(facts["path"])
    path = path if path.exists() else folder / path.name
    if _file_digest(existing_file(path, "the plan's map")) != facts["blake2b"]:
        raise InputError(f"{path} is another map than the one that was planned with", "Restore it, or plan anew.")
    return load_map(path)


def _reason(decision: Decision, low: float, high: float, margin: float) -> str:
    told = f"TAR changes by {-100 * high:+.2f} to {-100 * low:+.2f} points (95 %), and a loss of {100 * margin:g} is borne"
    return {
        "go": f"{told}.",
        "stop": f"{told}: the move costs more than that; stay, or re-enrol first.",
        "more": f"{told}: these people can't tell.",
    }[decision]


def _checked(plan: MigrationPlan) -> MigrationPlan:
    """The plan, if what the steps take from it is of the right kind. Raises KeyError, TypeError or ValueError."""
    texts = [plan.url, plan.reason, *(facts[key] for facts in plan.maps.values() for key in ("path", "blake2b"))]
    texts += [facts[side] for facts in plan.maps.values() for side in ("source", "target")]
    rates = [plan.far, plan.fpir, plan.margin, plan.level]
    rates += [arm[key] for arm in plan.arms.values() for key in ("tar", "low", "high", "threshold", "far_low", "far_high")]
    rates += [loss[key] for loss in plan.losses.values() for key in ("loss", "low", "high")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("something that should be text isn't")
    if any(isinstance(rate, bool) or not isinstance(rate, float | int) or not -1 <= rate <= 1.001 for rate in rates):
        raise ValueError("something that should be a rate isn't")
    side = "queries" if plan.direction == "queries" else "templates"
    if plan.direction not in ("gallery", "both", "queries") or plan.decision not in ("go", "stop", "more"):
        raise ValueError(f"direction {plan.direction!r}, decision {plan.decision!r}")
    _ = plan.maps[side], plan.arms["old"], plan.arms[plan.direction], plan.losses[plan.direction]
    return plan
