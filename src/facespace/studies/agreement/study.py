"""How far can two networks be mapped onto one another? What both know of identity, and what a map can lose at least.

Told from paired embeddings of labelled people alone, before anybody migrates. The joint map (`families/joint.py`) of
four fifths of the people has coordinates u_k of network A and v_k of B; on the people left out, each direction's
reliabilities and the disattenuated correlation κ_k of the two identities (`_reliability.py`) say whether both networks
mean the same person by it. What is lost is measured by comparing A's embedding of one image with B's of another, and
carried on to more keys by a learning curve over people and keys (`_learning.py`).

The floor could also be computed from reliabilities and κ, as the error of Gaussian identities and noise. It was tried, and
is not used: between four networks on LFW it foretells losses of 0.01 to 0.06 points of accuracy where −0.04 to 0.68 were
measured, and of 0.00 to 0.06 points of TAR at FAR 1e-3 where −1.5 to 3.1 were: good networks err on images that are far off
any Gaussian. Half of the people foretell by the learning curve what all measure to 0.03 and 0.11 points (rms of the 30
ordered pairs of six networks, bias 0.00 and 0.01; what half measure themselves is off by 0.07 and 0.29, bias 0.05 and 0.25;
scripts/agreement_networks.py makes the table).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...errors import InputError
from ...given import FACES, SetLike, as_set, takes
from ...mapping import JointMap, PairStatistics
from ...metrics import FEW_FALSE_ACCEPTS
from ...results import signature
from ._directions import joint_directions, own_directions, usable
from ._images import FOLDS, Comparisons, Doubles, SharedImages
from ._learning import Curve, Design, designs, drawn_rows
from ._losses import Judge, cosines
from ._reliability import DirectionSums, disattenuated
from .estimate import Estimate
from .result import AgreementResult, DirectionBin, Forecast, LearningPoint, Measure, NetworkAlone

EDGES = (8, 16, 32, 64, 128, 256, 512)
#: In populations of known floor (validation/test_agreement_known.py) ten people a dimension foretell it without bias, four
#: 0.5 points of 7 too high in accuracy and 7 of 34 in TAR, two 2 and 15.
PEOPLE_A_DIMENSION = 8
_EXPECTED = 100  # false accepts at the FAR, each pair counted once
_MEASURES: tuple[Measure, ...] = ("accuracy", "tar")


@takes(paired=("first", "second"), first=FACES, second=FACES)
def study_agreement(
    first: SetLike,
    second: SetLike,
    *,
    far: float = 1e-3,
    more: int = 1000,
    regularization: float = 0.1,
    resamples: int = 500,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AgreementResult:
    """How far networks A (`first`) and B (`second`) can be mapped onto one another.

    Args:
        first, second: sets of two networks that share ids, of labelled people, at least 20 of them with several images.
        far: false accept rate at which TAR is compared, from 1e-4.
        more: keys that the forecast adds.
        regularization: ρ of the joint map, and of the networks' own directions.
        resamples: of people, behind every interval (95 %, percentile bootstrap; a person's images stay together).
        seed: of folds, pairs, draws and resamples.
        workers: threads; by default one a processor.
        progress: called with (maps fitted, maps in all).

    Raises:
        InputError: sets of one network, without shared ids, with too few people of several images, or settings out of range.

    >>> from facespace.embeddings import EmbeddingSet
    >>> rng = np.random.default_rng(0)
    >>> people = [f"p{i}" for i in range(60) for _ in range(4)]
    >>> identity = np.repeat(rng.normal(size=(60, 6)), 4, axis=0)
    >>> nets = [EmbeddingSet(identity @ rng.normal(size=(6, d)) + rng.normal(size=(240, d)) / 2,
    ...         [f"{p}/{i}" for i, p in enumerate(people)], model=m) for m, d in (("A", 6), ("B", 8))]
    >>> found = study_agreement(*nets, far=0.01, resamples=50)
    >>> bool(found.kappa.value > 0.9), found.bins[0].label, found.several
    (True, '1–6', 60)
    """
    first, second = as_set(first), as_set(second)
    if not first.model or not second.model or first.model == second.model:
        raise InputError(
            f"agreement is of two different networks; got {first.model or '(none)'} and {second.model or '(none)'}",
            "facespace embed writes the name; for a file without, give EmbeddingSet(…, model=NAME).",
        )
    if not 1e-4 <= far <= 0.1:
        raise InputError(f"the FAR must be from 1e-4 to 0.1; got {far:g}", "Write 1e-3 for 0.1 %.")
    if more < 1 or resamples < 20:
        raise InputError(f"at least 1 key more and 20 resamples are needed; got {more} and {resamples}")
    images = SharedImages.of(first, second, seed)
    pairs = Comparisons.draw(images, round(_EXPECTED / far), seed)
    weights = _resampled(images, resamples, seed)
    tried = designs(images)
    work = [(number, draw, fold) for number, d in enumerate(tried) for draw in range(d.draws) for fold in range(FOLDS)]
    maps: dict[int, JointMap] = {}
    scores = {(n, d): np.empty(len(pairs.left), dtype=np.float32) for n, d, _ in work}
    sizes: dict[tuple[int, int], list[tuple[int, int]]] = {key: [] for key in scores}

    def fit(item: tuple[int, int, int]) -> None:
        number, draw, fold = item
        # Designs of one draw share its seed, so that the smaller is part of the larger.
        rows = drawn_rows(images, fold, tried[number], (seed, 2, draw, fold))
        fitted = JointMap(regularization).fit_statistics(PairStatistics.of(images.x[rows], images.y[rows]))
        if number == 0:
            maps[fold] = fitted
        own, held = np.flatnonzero(pairs.fold == fold), images.held_out(fold)
        left, right = fitted.probe(images.x[held]), fitted.reference(images.y[held])
        places = (np.searchsorted(held, side[own]) for side in (pairs.left, pairs.right))
        scores[number, draw][own] = cosines(*(side[rows] for side, rows in zip((left, right), places, strict=True)))
        sizes[number, draw].append((len(np.unique(images.person[rows])), len(rows)))

    with threadpool_limits(1), ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for done, _ in enumerate(pool.map(fit, work), 1):
            if progress is not None:
                progress(done, len(work))
        sums = joint_directions(images, [maps[fold] for fold in range(FOLDS)], weights)
        alone = [own_directions(side, images, weights, regularization) for side in (images.x, images.y)]
    rng = np.random.default_rng([seed, 4])
    judge = Judge(pairs, weights, far)
    models = first.model, second.model
    own_scores = [cosines(side[pairs.left], side[pairs.right]) for side in (images.x, images.y)]
    losses, rates = _losses(judge, own_scores, scores, tried, models, rng)
    size = np.array([np.mean([sizes[n, d] for d in range(design.draws)], axis=(0, 1)) for n, design in enumerate(tried)])
    forecasts = [
        _forecast(model, measure, losses[model, measure], size, tried, (images.people, len(images.person)), more)
        for model in models
        for measure in _MEASURES
    ]
    networks = [
        NetworkAlone(
            faces.model,
            faces.dim,
            *(Estimate.of(rates[faces.model, measure], images.people) for measure in _MEASURES),
            *(Estimate.of(values) for values in usable(own)),
        )
        for faces, own in zip((first, second), alone, strict=True)
    ]
    points = tuple(
        LearningPoint(model, *(round(n) for n in size[number]), *(Estimate.of(losses[model, m][number]) for m in _MEASURES))
        for model in models
        for number in range(len(tried))
    )
    bins, whole = _bins(sums)
    impostor = (len(pairs.left) - pairs.genuine) // 2
    line = signature(
        "agreement",
        networks="+".join(models),
        keys=len(images.person),
        people=images.people,
        people_with_pairs=images.several,
        folds=FOLDS,
        pairs=len(pairs.left) // 2,
        far=far,
        regularization=regularization,
        resamples=resamples,
        seed=seed,
    )
    return AgreementResult(
        line,
        (networks[0], networks[1]),
        len(images.person),
        images.people,
        images.several,
        (round(size[0, 0]), round(size[0, 1])),
        pairs.genuine // 2,
        impostor,
        far,
        more,
        regularization,
        whole,
        bins,
        tuple(forecasts),
        points,
        (*images.warnings, *_few(round(size[0, 0]), max(first.dim, second.dim)), *_doubts(pairs, impostor, far, forecasts)),
    )


def _resampled(images: SharedImages, resamples: int, seed: int) -> NDArray[np.int32]:
    """(1 + R, P) how often each person counts: once, then as drawn, people with several images among themselves."""
    rng = np.random.default_rng([seed, 3])
    weights = np.ones((1 + resamples, images.people), dtype=np.int32)
    for group in (images.counts > 1, images.counts == 1):
        if count := int(group.sum()):
            weights[1:, group] = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return weights


def _losses(
    judge: Judge,
    own_scores: list[NDArray[np.float32]],
    scores: dict[tuple[int, int], NDArray[np.float32]],
    tried: list[Design],
    models: tuple[str, str],
    rng: np.random.Generator,
) -> tuple[dict[tuple[str, Measure], Doubles], dict[tuple[str, Measure], Doubles]]:
    """Losses (designs, 1 + R) against each network by measure, and the networks' own rates (1 + R,)."""
    losses: dict[tuple[str, Measure], Doubles] = {}
    rates: dict[tuple[str, Measure], Doubles] = {}
    size = judge.samples
    drawn = [rng.integers(0, design.draws, (design.draws, size)) for design in tried]
    for measure in _MEASURES:
        rate = judge.accuracy if measure == "accuracy" else judge.tar
        across = {key: rate(values) for key, values in scores.items()}
        for model, values in zip(models, own_scores, strict=True):
            own, right = rate(values)
            unsure = judge.unsure(right, across[0, 0][1], rng) * (0.5 if measure == "accuracy" else 1.0)
            table = np.empty((len(tried), size))
            for number, design in enumerate(tried):
                draws = np.stack([across[number, d][0] for d in range(design.draws)])
                table[number] = np.take_along_axis(draws, drawn[number], axis=0).mean(axis=0)
                table[number, 0] = draws[:, 0].mean()
            losses[model, measure] = own - table + unsure
            rates[model, measure] = own
    return losses, rates


def _forecast(
    target: str, measure: Measure, losses: Doubles, size: Doubles, tried: list[Design], have: tuple[int, int], more: int
) -> Forecast:
    people, keys = size.T
    curve, now = Curve.fit(people, keys, losses), (float(people[0]), float(keys[0]))
    endless = float("inf")
    wanted = [have, (have[0], have[1] + more), (have[0] + more, have[1] + more), (endless, endless)]
    later, images, others, floor = (Estimate.of(curve.after(losses[0], now, then)) for then in wanted)
    half = [number for number, design in enumerate(tried) if design.people <= 0.5]
    foretold = None
    if len(half) >= 3 and tried[half[0]] == Design(0.5, 1.0, tried[half[0]].draws):
        smaller = Curve.fit(people[half], keys[half], losses[half])
        foretold = Estimate.of(smaller.after(losses[half[0]], (people[half[0]], keys[half[0]]), now))
    return Forecast(target, measure, Estimate.of(losses[0]), later, images, others, floor, foretold)


def _bins(sums: DirectionSums) -> tuple[tuple[DirectionBin, ...], Estimate | None]:
    """Directions in bins, and κ over all of them."""
    rho = sums.reliabilities()
    width = rho[0].shape[1]
    edges = [0, *(edge for edge in EDGES if edge < width), width]
    found = []
    for low, high in itertools.pairwise(edges):
        a, b, cross = (Estimate.of(values[:, low:high].mean(axis=1)) for values in rho)
        found.append(DirectionBin(low + 1, high, a, b, cross, _kappa(rho, low, high), _kappa(rho, 0, high)))
    return tuple(found), _kappa(rho, 0, width)


def _kappa(rho: tuple[Doubles, ...], low: int, high: int) -> Estimate | None:
    summed = [values[:, low:high].sum(axis=1) for values in rho]
    if any(Estimate.of(values).low <= 0 for values in summed[:2]):
        return None
    return Estimate.of(disattenuated(*summed))


def _few(people: int, width: int) -> list[str]:
    if people >= PEOPLE_A_DIMENSION * width:
        return []
    return [
        f"maps are fitted on {people:,} people for {width} dimensions: with fewer than {PEOPLE_A_DIMENSION} a dimension the "
        "loss falls by other laws than the learning curve's, and the floor foretold tends to be too high"
    ]


def _doubts(pairs: Comparisons, impostor: int, far: float, forecasts: list[Forecast]) -> list[str]:
    found = []
    if (expected := far * min(impostor, pairs.distinct)) < FEW_FALSE_ACCEPTS:
        found.append(
            f"TAR at FAR {far:g} rests on {min(impostor, pairs.distinct):,} impostor pairs: {expected:.3g} false accepts "
            f"are expected there, and fewer than {FEW_FALSE_ACCEPTS} are too few to place the threshold"
        )
    for forecast in forecasts:
        told = forecast.foretold
        if told and (forecast.measured.high < told.low or told.high < forecast.measured.low):
            found.append(
                f"half of the people foretell a loss of {100 * told.value:.2f} points of {forecast.measure} against "
                f"{forecast.target}, and {100 * forecast.measured.value:.2f} were measured: the learning curve does not "
                "hold here, and neither do its floor and what more keys would bring"
            )
    return found
