"""`fair_tests`: methods against controls, each other and the paper's, on one network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DimensionError, InputError, unknown_name
from ...images import Crops, Template
from ...results import signature
from ._run import Run, Values
from .margin import LEVELS, Embedder
from .method import Doubles, Method
from .planted import planted_masks
from .scores import FairCost, FairTestResult, summarise

TESTS = ("margin", "partner", "planted", "regions", "sanity")
CONTROLS = ("random", "centre", "inverted")


def fair_tests(
    pairs: Crops,
    strangers: Crops,
    same: Sequence[bool] | NDArray[np.bool_],
    embed: Embedder,
    methods: Mapping[str, Method],
    *,
    name: str,
    landmarks: Template | NDArray[Any] | None = None,
    randomised: Mapping[str, Method] | None = None,
    tests: Sequence[str] = TESTS,
    limits: Mapping[str, int] | None = None,
    few: int = 150,
    levels: Sequence[float] = LEVELS,
    reference: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FairTestResult:
    """Put every method to the tests, on the network that a user verifies with.

    margin: insertion, deletion and gain, see `margin_area`; of the control "inverted", the first method turned round.
    partner ("wrong partner"): the gain of a genuine pair's own maps less that of the same faces' maps against the next
    pair's people. planted: a stranger's window in a random place (`planted_patch`); regions: their eyes, mouth, half
    (`region_ranks`). sanity: correlation of maps with those of a randomised network (`randomised`), with the maps of other
    people's pairs ("agreement"), and with those of the face moved by one pixel, moved back ("shifted").

    Args:
        pairs: (n, 2, height, width, 3) uint8 aligned faces; people should differ between pairs, since intervals are over
            pairs. strangers: (n, 2, height, width, 3), two further people for each pair.
        same: (n,), which pairs are genuine.
        embed: crops to vectors, the network that judges. name: its name.
        methods: by name; see `black_box_method`, `method_of`.
        landmarks: of the crops, for "regions". randomised: the methods of a network with random weights.
        limits: methods and controls that take so many pairs only: in the margin game, genuine and impostor by turns; of
            `few` elsewhere.
        few: how many genuine pairs the other tests take.
        reference: a method whose paired difference to all is wanted too, such as the paper's.
        progress: told what is done, and of how much.

    Raises InputError for fewer than 2 genuine pairs and for regions without landmarks, DimensionError for shapes that don't
    fit, UnknownNameError for another test.
    """
    found = fair_values(
        pairs,
        strangers,
        same,
        embed,
        methods,
        landmarks=landmarks,
        randomised=randomised,
        tests=tests,
        limits=limits,
        few=few,
        levels=levels,
        seed=seed,
        progress=progress,
    )
    return fair_result([found], name, reference=reference)


@dataclass
class FairValues:
    """What the tests gave pair by pair, before it is averaged.

    Attributes:
        values: by (test, variant, method), one number a pair, NaN where it was not measured.
        spent: by method, seconds of processor time for each map. passes: for a map, on the mean.
        facts: for the signature. notes: what was left out.
    """

    values: Values
    spent: dict[str, list[float]]
    passes: dict[str, float]
    facts: dict[str, int]
    notes: list[str]


def fair_result(parts: Sequence[FairValues], name: str, *, reference: str | None = None) -> FairTestResult:
    """The result of `fair_values`, or of several that share the pairs: their `part`s, other tests or other methods."""
    values: Values = {}
    for part in parts:
        for key, found in part.values.items():
            values[key] = _joined(values[key], found) if key in values else found
    facts, spent, passes = parts[0].facts, dict[str, list[float]](), dict[str, float]()
    for part in parts:
        passes |= part.passes
        for method, seconds in part.spent.items():
            spent.setdefault(method, []).extend(seconds)
    costs = tuple(FairCost(m, len(s), passes[m], float(np.mean(s))) for m, s in spent.items())
    scores = summarise(_with_all(values), [*CONTROLS, *([reference] if reference else [])], facts["seed"])
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    line = signature("fair-tests", network=name, **facts)
    return FairTestResult(name, facts["genuine"], facts["impostor"], scores, costs, notes, line)


def fair_values(
    pairs: Crops,
    strangers: Crops,
    same: Sequence[bool] | NDArray[np.bool_],
    embed: Embedder,
    methods: Mapping[str, Method],
    *,
    landmarks: Template | NDArray[Any] | None = None,
    randomised: Mapping[str, Method] | None = None,
    tests: Sequence[str] = TESTS,
    limits: Mapping[str, int] | None = None,
    few: int = 150,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    part: tuple[int, int] = (0, 1),
    progress: Callable[[int, int], None] | None = None,
) -> FairValues:
    """The tests of `fair_tests` pair by pair; `part` (k, n) plays the margin game on every n-th pair, from the k-th."""
    kinds = np.asarray(same, dtype=bool)
    for test in tests:
        if test not in TESTS:
            raise unknown_name("test", test, TESTS)
    if pairs.shape != strangers.shape or pairs.ndim != 5 or len(kinds) != len(pairs):
        raise DimensionError(
            f"pairs {pairs.shape}, strangers {strangers.shape} and {len(kinds)} answers don't belong together",
            "Give (n, 2, height, width, 3) of each, and n times True or False.",
        )
    if kinds.sum() < 2:
        raise InputError(
            f"{int(kinds.sum())} genuine pairs are too few to test maps on", "From 150 on intervals are useful."
        )
    if "regions" in tests and landmarks is None:
        raise InputError("planting eyes needs to know where they are", "Give the card's template (landmarks=).")
    run = Run(pairs, strangers, kinds, embed, methods, dict(limits or {}), few, tuple(levels), seed, part, progress)
    run.play("margin" in tests, "partner" in tests)
    if "planted" in tests:
        run.windows()
    if "regions" in tests and landmarks is not None:
        run.regions(planted_masks((pairs.shape[2], pairs.shape[3]), landmarks))
    if "sanity" in tests:
        run.sanity(randomised or {})
    notes = [] if randomised or "sanity" not in tests else ["no network with random weights: that test is left out"]
    counts = {"genuine": int(kinds.sum()), "impostor": int((~kinds).sum()), "few": len(run.genuine), "levels": len(levels)}
    passes = {key: method.passes() for key, method in methods.items() if key in run.spent}
    return FairValues(run.values, run.spent, passes, {**counts, "seed": seed}, notes)


def _joined(one: Doubles, other: Doubles) -> Doubles:
    """Row by row what either has, of both the latter; a run on fewer pairs took the first of them."""
    n = min(len(one), len(other))
    found = (one if len(one) > len(other) else other).copy()
    found[:n] = np.where(np.isnan(other[:n]), one[:n], other[:n])
    return found


def _with_all(values: Values) -> Values:
    """With the mean of a pair's fills, under the variant "all"."""
    found = dict(values)
    for test in ("insertion", "deletion", "gain"):
        for name in dict.fromkeys(n for t, _, n in values if t == test):
            parts = np.stack([v for (t, _, n), v in values.items() if (t, n) == (test, name)])
            counted = (~np.isnan(parts)).sum(0)
            found[test, "all", name] = np.where(counted > 0, np.nansum(parts, 0) / np.maximum(counted, 1), np.nan)
    return found
