"""The figures of the template study's report: bars of every pair of networks, ROC and DET curves of telling pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...report import Curve, Figure, bar_matrix, curves
from ...templates import roc_points
from ._work import POINTS
from .study import TemplateCell, TemplateStudyResult

_LOWEST_FAR = 1e-4


def far_name(far: float) -> str:
    """As the papers write it.

    >>> far_name(1e-4), far_name(0.05)
    ('1e-4', '0.05')
    """
    power = round(float(np.log10(far)))
    return f"1e{power}" if power < 0 and abs(far / 10.0**power - 1) < 1e-9 else f"{far:g}"


WORDS = {"ols": "a linear map (ols)", "rotation": "a rotation", "identity": "no map"}


def bars(result: TemplateStudyResult, method: str, meaning: str) -> Figure:
    """The matrix of bars of one method [2021, figures 2, 3, 7, 8]."""
    tar = result.tar(method)
    size = len(result.models)
    own = np.array([[row.tar for row in native.tar] for native in result.native])
    itself = np.eye(size, dtype=np.bool_)
    marks = np.where(itself[:, :, None], np.nan, own[None, :, :])
    every = np.concatenate([result.tar(name).ravel() for name in result.methods])
    low = foot_of(float(every.min()))
    names, axes = [f"FAR {far_name(far)}" for far in result.fars], (result.models, result.models)
    note = f"A bar's foot is {100 * low:.0f} %, not 0." if low > 0 else "A bar's foot is 0 %."
    return Figure(
        f"bars-{method}",
        bar_matrix(
            tar, *axes, names, marks=marks, hollow=itself, span=(low, 1.0), row_title="source", column_title="target"
        ),
        title=f"Every network against every other: {WORDS.get(method, method)}",
        caption=f"TAR at each FAR of the source's templates, {meaning}, against the target's. {note} The line across a bar "
        "is the target's own TAR; the outlines on the diagonal are each network by itself.",
        description=f"Grid of {size} by {size} networks; the bars of each cell are its TAR at {', '.join(names)}.",
    )


def foot_of(least: float) -> float:
    """The tenth below the least value, so that the differences among high rates are seen; 0 where that saves little."""
    low = float(np.floor(10 * least - 0.2) / 10)
    return low if low >= 0.3 else 0.0


def telling(result: TemplateStudyResult, far: int) -> list[tuple[str, TemplateCell]]:
    """The ordered pairs with the least, the median and the largest loss of the first method at `fars[far]`."""
    cells = sorted((c for c in result.cells if c.method == result.methods[0]), key=lambda cell: cell.loss[far])
    places = {"least loss": 0, "median loss": len(cells) // 2, "largest loss": len(cells) - 1}
    return [(name, cells[place]) for name, place in places.items()]


def curve_figures(result: TemplateStudyResult, shown: Sequence[tuple[str, TemplateCell]]) -> list[Figure]:
    """ROC and DET of these pairs of networks, under every method, with both networks alone."""
    lines = []
    for title, cell in shown:
        panel = f"{cell.source} →\n{cell.target} ({title})"
        for method in result.methods:
            if method == "identity":  # near chance: it would squeeze all others into the top
                continue
            mapped = result.cell(cell.source, cell.target, method)
            lines.append(Curve(method, mapped.curve_far, mapped.curve_tar, panel))
        for label, name in (("source alone", cell.source), ("target alone", cell.target)):
            place = result.models.index(name)
            lines.append(Curve(label, *roc_points(result.native[place].roc, POINTS), panel))
    left = max(_LOWEST_FAR, min(0.1, 1 / result.native[0].impostor))
    ends = [float(np.interp(left, np.asarray(line.x), np.asarray(line.y))) for line in lines]
    bottom = foot_of(min(ends))
    about = "The pairs of networks with the least, the median and the largest loss"
    roc = Figure(
        "roc",
        curves(lines, x_range=(left, 1.0), y_range=(bottom, 1.0)),
        title="ROC curves",
        caption=f"{about}. The y axis begins at {100 * bottom:.0f} %." if bottom else f"{about}.",
        description="ROC curves of three pairs of networks, mapped, and of both networks alone.",
    )
    missed = [Curve(line.name, line.x, 1.0 - np.asarray(line.y), line.panel) for line in lines]
    least = 0.5 / result.native[0].genuine
    foot = 10.0 ** np.floor(np.log10(max(least, 1e-6)))
    top = min(1.0, 10.0 ** np.ceil(np.log10(max(1 - min(ends), 10 * foot))))
    det = Figure(
        "det",
        curves(missed, y_title="False reject rate", x_range=(left, 1.0), y_range=(float(foot), float(top)), log_y=True),
        title="DET curves",
        caption="The same pairs: share of genuine pairs rejected; zero lies on the foot.",
        description="DET curves of the same pairs of networks, both axes logarithmic.",
    )
    return [roc, det]
