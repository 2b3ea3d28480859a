"""plan → run → verify → switch → (back | finish): a migration, and the one step that comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..embeddings import EmbeddingSet, normalize
from ..engine import Engine, LocalEngine
from ..errors import InputError
from ..gallery.stores import Origin, Store, Templates, open_gallery
from ..mapping import digest_of
from ..results import fields
from .checks import Checked, check_fresh, check_next
from .evidence import Evidence
from .journal import Journal
from .plan import MigrationPlan
from .run import Fill, Progress, fill
from .uncertainty import fit_uncertainty

#: What may come after each state, the usual first.
NEXT = {
    "planned": ("run",),
    "running": ("run",),
    "filled": ("verify", "run"),
    "faulty": ("run", "verify"),
    "verified": ("switch", "run", "verify"),
    "switched": ("enrol", "back", "finish"),
    "back": ("run", "finish"),
    "finished": (),
}
_AFTER = {"run": "filled", "verified": "verified", "faulty": "faulty", "switched": "switched", "back": "back",
          "finished": "finished", "enrolled": "switched"}  # fmt: skip


@dataclass(frozen=True)
class Status:
    """Where a migration stands: its state, what may come next, and how many rows are done of how many."""

    state: str
    next: tuple[str, ...]
    done: int
    count: int
    events: tuple[tuple[float, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        told = [dict(zip(("at", "event", "detail"), event, strict=True)) for event in self.events]
        return {**fields(self, "state", "next", "done", "count"), "events": told}


class Migration:
    """A plan in a file, its journal beside it, and the gallery; every step refuses to run out of order.

    Args:
        path: the plan's file. url: the gallery's address where it needs what the plan doesn't keep (a password), or moved.
    """

    def __init__(self, path: str | Path, url: str | None = None) -> None:
        self.path = Path(path)
        self.plan = MigrationPlan.load(self.path)
        if not self.plan.writes:
            raise InputError(
                "this plan maps queries, and leaves the gallery as it is: there is nothing to run",
                "Map each query by the plan's map (facespace map apply), and search as before.",
            )
        self.store: Store = open_gallery(url or self.plan.url)
        maps = self.plan.read_maps(self.path.parent)
        self.way, self._fitted = self.plan.way(maps), maps["templates"].fitted
        source, target = (self.plan.maps["templates"][side] for side in ("source", "target"))
        self.target = target
        self.fill = Fill(self.store, self.way, f"{target}<-{source}")
        self.origin = self._origin()
        self.journal = Journal(self.path, self.plan.digest)

    def _origin(self) -> Origin:
        way, facts = self.way.templates, self.plan.maps["templates"]
        assert way is not None
        told = {key: facts[key] for key in ("method", "source", "target", "pairs")}
        mapped = {**told, "map": digest_of(way), "fitted": facts["fitted_in_gallery"], "model": self.fill.mapped}
        return Origin(self.plan.digest, self.target, int(way.weight.shape[1]), mapped)

    def status(self) -> Status:
        """Where it stands. A kill between a step and its line in the journal is told by the gallery itself."""
        events = self.journal.events()
        done = self.journal.done()
        state = next((_AFTER[event] for _, event, _ in reversed(events) if event in _AFTER), "planned")
        info = self.store.info()
        if "old" in info.places and state in ("verified", "filled"):
            state = "switched"
        elif state == "switched" and "old" not in info.places:
            state = "back" if "next" in info.places else "finished"
        elif state in ("filled", "verified", "faulty") and "next" not in info.places:
            state = "planned"
        elif state == "planned" and "next" in info.places:
            state = "running"
        return Status(state, NEXT[state], sum(line.rows for line in done.values()), info.count, tuple(events))

    def _may(self, step: str) -> Status:
        found = self.status()
        if step not in found.next:
            then = f"Next: facespace migrate {found.next[0]} {self.path}" if found.next else "There is nothing left to do."
            raise InputError(f"can't {step}: this migration is {found.state}", then)
        return found

    def run(
        self, *, anyway: bool = False, engine: Engine | None = None, progress: Progress = lambda done, whole: None
    ) -> int:
        """Make the next place; a killed run goes on where it was. How many rows this run made.

        Raises InputError where the plan's decision isn't go and not `anyway`; OutputError where another run is at it.
        """
        with self.journal.alone():
            self._may("run")
            if self.plan.decision != "go" and not anyway:
                raise InputError(f"the plan says {self.plan.decision}: {self.plan.reason}", "Run it --anyway if you must.")
            if self.store.alone and engine is not None and engine.workers > 1:
                raise InputError(
                    f"{self.store.url} is written by one at a time, not by {engine.workers} workers", "Leave the engine out."
                )
            engine = engine or LocalEngine(1 if self.store.alone else None)
            made = fill(self.store, self.fill, self.origin, self.journal, engine, progress)
            self.journal.tell("run", f"{made} rows")
        return made

    def verify(self, fresh: tuple[EmbeddingSet, EmbeddingSet] | None = None) -> Checked:
        """Look whether the next place is as promised; `fresh`: images of other people than the plan's, by both networks."""
        with self.journal.alone():
            self._may("verify")
            found: dict[str, Any] | None = None
            faults: tuple[str, ...] = ()
            if fresh is not None:
                evidence = Evidence.of(*fresh, [self._fitted, self.plan.seen], by="map or plan have seen")
                found, faults = check_fresh(self.plan, self.fill, evidence)
            checked = check_next(self.store, self.fill, found, faults)
            self.journal.tell("faulty" if checked.faults else "verified", "; ".join(checked.faults))
        return checked

    def switch(self) -> None:
        """Make the next place current. InputError where it was not verified, or rows have come since."""
        with self.journal.alone():
            self._may("switch")
            if late := sum(len(batch) for batch in self.store.missing()):
                raise InputError(
                    f"{late:,} templates were added to the gallery since it was verified",
                    f"Next: facespace migrate run {self.path}, and verify again.",
                )
            self.store.switch()
            self.journal.tell("switched")

    def back(self) -> None:
        """Make the old place current again."""
        with self.journal.alone():
            self._may("back")
            self.store.back()
            self.journal.tell("back")

    def finish(self) -> None:
        """Delete the place that is not current: after `switch` the old one, after `back` the mapped one."""
        with self.journal.alone():
            state = self._may("finish").state
            self.store.drop("old" if state == "switched" else "next")
            self.journal.tell("finished")

    def enrol(self, faces: EmbeddingSet) -> tuple[int, int]:
        """Replace mapped templates by the new network's own, by id: (how many, how many are not in the gallery)."""
        with self.journal.alone():
            self._may("enrol")
            if faces.model and self.target and faces.model != self.target:
                raise InputError(f"the set is by {faces.model!r}, the gallery moved to {self.target!r}")
            made = self.way.query(faces.vectors)
            models = [self.target] * len(faces)
            found = self.store.replace(Templates(faces.ids.tolist(), normalize(made), models), "current")
            self.journal.tell("enrolled", f"{found} of {len(faces)}")
        return found, len(faces) - found

    def order(self, old: EmbeddingSet, new: EmbeddingSet) -> Iterator[tuple[str, str | None, float]]:
        """(id, person, predicted error) of each template that was or will be mapped, from the old network's vectors.

        `old`, `new`: the plan's images by both networks, which the prediction is fitted on.
        """
        uncertainty = fit_uncertainty(Evidence.of(old, new, [self._fitted]), self.way, self.plan.level)
        place = self.status().state
        for batch in self.store.scan("old" if place == "switched" else "current"):
            people = batch.people or [None] * len(batch)
            yield from zip(batch.ids, people, uncertainty.predict(batch.vectors).tolist(), strict=True)
