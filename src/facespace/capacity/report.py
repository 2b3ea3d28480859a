"""The report of a capacity estimate: the number with its band, what it means, and whether to believe it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..report import Band, Column, Figure, KeyFigure, KeyFigures, Report, Table, Text, interval, lines_with_bands
from .bound import dims_figure, dims_table
from .gallery_growth import GrowthCurve
from .result import CapacityPoint, CapacityResult
from .size_report import add_size
from .wording import answer, bound_answer, people, percent

_SHAPE = {"full": "ellipsoid", "axis": "ellipsoid along the axes", "sphere": "sphere"}
_PUBLISHED = (
    "Published for other networks on IJB-C by the same formula (Gong and others 2019), at q = 1 %, 0.1 % and 0.001 %: "
    "FaceNet 27,000, 2,200 and 16; SphereFace 84,000, 3,600 and 6. They rest on another m and on people with many images."
)
_MEANING = (
    "q is the share of a person's images that lie outside their own ellipsoid. The paper calls it the false accept rate "
    "(FAR), but it acts as a false reject rate: a smaller q makes each person larger and the capacity smaller, while at a "
    "smaller FAR fewer people are confused. A ratio of volumes counts what fits if nothing is wasted; real ellipsoids "
    "leave gaps, and real people are not spread evenly. It is an upper bound for the projected space, not a promise for a "
    "gallery. It grows steeply with the dimension m, so compare networks at the same m."
)


def capacity_report(result: CapacityResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report("Capacity", f"How many people can {result.model} tell apart, judging by these images?", result.signature)
    report.add(Text("The answer", [answer(result)]))
    report.warn(result.warnings, "Read this before the number", "capacity")
    if result.gallery_size is not None:
        add_size(report, result.gallery_size)
    report.add(Text("The paper's bound", [bound_answer(result), _MEANING]))
    report.add(KeyFigures(_key_figures(result)))
    report.add(dims_figure(result))
    report.add(_capacity_figure(result))
    if result.validation:
        report.add(_limit_figure(result))
        report.add(_growth_figure(result))
        report.add(validation_table(result))
    report.add(capacity_table(result))
    if len(result.sensitivity) > 1:
        report.add(sensitivity_table(result))
    report.add(dims_table(result))
    report.add(_volume_figure(result))
    if result.packing:
        report.add(_packing_table(result))
    report.add(Text("Method", [_method(result), _PUBLISHED]))
    return report


def capacity_table(result: CapacityResult, *, brief: bool = False) -> Table:
    """Capacities by q, shape and class; `brief` has the headline's shape only."""
    columns: list[str | Column] = [
        Column("q", hint="share of a person's images outside their own ellipsoid"),
        Column("shape"),
        Column("class", hint="the person whose ellipsoid stands for all"),
        Column("capacity", "people", hint="upper bound"),
        *interval(unit="people", format=""),
    ]
    shown = [p for p in result.points if not brief or p.shape == result.shape]
    rows = [
        [percent(p.q), p.shape, p.person_class, people(p.capacity), people(p.low), people(p.high)]
        for p in sorted(shown, key=lambda p: -p.q)
    ]
    if brief:
        del columns[1]
        rows = [[row[0], *row[2:]] for row in rows]
    return Table(
        "capacities",
        columns,
        rows,
        title="" if brief else "By shape and class",
        caption="max, median, mean and min: the class by volume. full: ellipsoid of any orientation; axis: along the axes; "
        "sphere: one variance.",
    )


def sensitivity_table(result: CapacityResult) -> Table:
    """The estimate under other choices."""
    q = percent(result.points[0].q)
    rows = [[s.changed, s.dim, people(s.largest), people(s.median)] for s in result.sensitivity]
    return Table(
        "sensitivity",
        ["changed", "m", Column("largest class", "people"), Column("median class", "people")],
        rows,
        title="What the number hangs on",
        caption=f"Capacity at q = {q} with full ellipsoids, when one choice is made differently. inf: some person's "
        "ellipsoid has no volume.",
    )


def validation_table(result: CapacityResult) -> Table:
    """Predicted and measured limits by q."""
    rows: list[list[object]] = []
    for q in sorted({curve.q for curve in result.validation}, reverse=True):
        predicted = [next(p for p in result.of(result.shape, c) if p.q == q) for c in (result.person_class, "median")]
        measured = [_limit(_at(result, q, *kind)) for kind in _KINDS]
        rows.append([percent(q), *(people(p.capacity) for p in predicted), *measured])
    return Table(
        "measured-limits",
        [
            "q",
            Column("predicted", f"{result.person_class} class"),
            Column("predicted", "median class"),
            Column("measured", "q as FNMR", hint="threshold: a share q of the genuine pairs falls below it"),
            Column("measured", "q as FNMR, projected", hint="the same by distance in the projection"),
            Column("measured", "q as FAR", hint="threshold: a share q of the pairs of different people reaches it"),
        ],
        rows,
        title="Predicted and measured limit",
        caption="Measured: the gallery size at which half of the strangers are falsely identified as somebody. >: not "
        "reached with all people of this set in the gallery; a dash: too few pairs for that threshold.",
    )


def finding(result: CapacityResult) -> str:
    """What prediction and measurement say together."""
    point = result.point
    median = next(p for p in result.of(result.shape, "median") if p.q == point.q)
    limits = (_limit(_at(result, point.q, "fnmr", space)) for space in ("projection", "embedding"))
    inside, outside = (limit.replace("> ", "more than ") for limit in limits)
    return (
        f"At q = {percent(point.q)} of a person's own images rejected, half of the strangers are falsely identified in a "
        f"gallery of {outside} people by the embedding itself, and of {inside} in its projection to {result.dim} "
        f"dimensions, of which the formula speaks; it predicts at most {people(point.capacity)} ({result.person_class} "
        f"class) or {people(median.capacity)} (median class). The formula counts volumes that could be filled; a gallery "
        "fails when the first of many overlaps happens. Read the capacity as a comparison between representations, and the "
        "measured limit as the size of a gallery."
    )


_KINDS = (("fnmr", "embedding"), ("fnmr", "projection"), ("far", "embedding"))


def _at(result: CapacityResult, q: float, meaning: str, space: str) -> GrowthCurve | None:
    return next((curve for curve in result.measured(meaning, space) if curve.q == q), None)


def _limit(curve: GrowthCurve | None) -> str:
    if curve is None:
        return "–"
    return f"> {int(curve.sizes[-1]):,}" if curve.limit is None else f"{int(curve.limit):,}"


def _band(name: str, points: Sequence[CapacityPoint]) -> Band:
    up = points[::-1]
    return Band(name, [p.q for p in up], *([getattr(p, key) for p in up] for key in ("capacity", "low", "high")))


def _capacity_figure(result: CapacityResult) -> Figure:
    bands = [_band(f"{which} class", result.of(result.shape, which)) for which in ("max", "mean", "median", "min")]
    return Figure(
        "capacity",
        lines_with_bands(
            bands, x_title="q", y_title="people", log_x=len(result.headline()) > 1, log_y=True, size=(620, 280)
        ),
        title="Capacity against q",
        caption=f"Upper bounds with 95 % intervals, {_SHAPE[result.shape]}. The paper's choice is the max class.",
        description="Capacity against q: " + "; ".join(f"{people(p.capacity)} at {percent(p.q)}" for p in result.headline()),
    )


def _limit_figure(result: CapacityResult) -> Figure:
    bands = [
        _band(f"predicted, {which}", result.of(result.shape, which))
        for which in dict.fromkeys((result.person_class, "median"))
    ]
    names = ("measured, FNMR", "projected, FNMR", "measured, FAR")
    for name, kind in zip(names, _KINDS, strict=True):
        curves = [curve for curve in result.measured(*kind)[::-1] if curve.limit is not None]
        if curves:
            limits = [float(curve.limit or 1) for curve in curves]
            bands.append(Band(name, [curve.q for curve in curves], limits, limits, limits))
    return Figure(
        "limits",
        lines_with_bands(
            bands, x_title="q", y_title="people", log_x=len(result.headline()) > 1, log_y=True, size=(620, 300)
        ),
        title="Predicted and measured limit",
        caption=finding(result),
        description="Predicted capacity and measured gallery limits against q, all in the table below.",
    )


def _growth_figure(result: CapacityResult) -> Figure:
    bands = []
    for curve in result.measured("far"):
        bands.append(Band(f"FAR {percent(curve.q)}", curve.sizes, *(100 * y for y in (curve.fpir, curve.low, curve.high))))
    return Figure(
        "growth",
        lines_with_bands(
            bands,
            x_title="people in the gallery",
            y_title="strangers identified as somebody, %",
            log_x=True,
            size=(620, 260),
        ),
        title="False positive identifications as the gallery grows",
        caption="Over all galleries of each size and all strangers, one image a person, at the threshold of each FAR, with "
        "95 % intervals from draws of people.",
        description="Measured FPIR against gallery size, by FAR.",
    )


def _volume_figure(result: CapacityResult) -> Figure:
    shares = np.linspace(0, 0.99, 34)
    volumes = np.quantile(result.volumes, shares)
    band = Band("people", shares, volumes, volumes, volumes)
    level = ("population:", result.population)
    return Figure(
        "volumes",
        lines_with_bands(
            [band], x_title="share of the people", y_title="log10 of volume / median volume", level=level, size=(620, 220)
        ),
        title="Volumes of people",
        caption=f"Posterior means of the {len(result.volumes):,} people with enough images, ascending, without the last 1 "
        "%. The largest and smallest stand for all in the classes max and min.",
        description="Log volumes of people's ellipsoids, sorted, and the population's.",
    )


def _packing_table(result: CapacityResult) -> Table:
    rows: list[list[object]] = [
        [percent(p.far), p.threshold, p.spread, people(p.cap_ratio), people(p.code)] for p in result.packing
    ]
    return Table(
        "packing",
        [
            Column("FAR"),
            Column("threshold", format=".3f"),
            Column("spread ρ", "degrees", ".1f"),
            Column("cap ratio", "people", hint="upper bound"),
            Column("spherical code", "people", hint="lower bound that can be achieved"),
        ],
        rows,
        title="Bounds from angles",
        caption="On the sphere of unit vectors in m dimensions, at the cosine threshold of each FAR. Cap ratio: how many "
        "caps of half the threshold's angle fit by area (after Boddeti and others 2023). Spherical code: how many people "
        "can be placed so that no two images ever reach the threshold; 1 means that the worst case of images so far from "
        "their person's centre guarantees nothing.",
    )


def _key_figures(result: CapacityResult) -> list[KeyFigure]:
    point = result.point
    c = result.counts
    standing = "contradicted by this set" if result.contradicted else "upper bound"
    figures = [
        KeyFigure(people(point.capacity), f"people at q = {percent(point.q)}", f"{result.person_class} class, {standing}"),
        KeyFigure(str(result.dim), "dimensions m", _dimensions(result)),
        KeyFigure(f"{c['classes']:,}", "people with enough images", f"of {c['people']:,}; {c['images']:,} images"),
    ]
    if curve := _at(result, point.q, "fnmr", "embedding"):
        figures.insert(1, KeyFigure(_limit(curve), "measured limit", f"gallery at FNMR {percent(point.q)}"))
    return figures


def _dimensions(result: CapacityResult) -> str:
    found = [f"{key}: {d.two_nn[0]:.1f} / {d.mle[0]:.1f}" for key, d in result.intrinsic_dimension.items()]
    return "TwoNN / likelihood, " + "; ".join(found) if found else "as asked for"


def _method(result: CapacityResult) -> str:
    kept = "; ".join(
        f"{100 * p.before:.1f} → {100 * p.after:.1f} → {100 * p.student:.1f} % at FAR {percent(p.far)}"
        for p in result.preservation
    )
    if result.student.startswith("embedding"):
        student = "A student network with dropout gives each of them a covariance, over all dropout masks in closed form"
    else:
        student = "A student network that sees the faces gives each a mean and a covariance, from passes with dropout"
    return (
        f"The embeddings are projected to m = {result.dim} dimensions by DeepMDS, a network trained to keep 1 − "
        f"cosine as Euclidean distance. {student}. True accepts by the embedding, by its projection, and by the student's "
        f"means: {kept}. Population and people are Gaussians (eq. 8 "
        "and 9); with few images each, people's covariances are drawn from an empirical Bayes posterior around a common "
        "one, so that few images make neither small nor large people. Intervals: bootstrap over people."
    )
