"""The comparison of two photos as one picture, .png or .svg."""

from __future__ import annotations

from pathlib import Path

from ..explain import draw, image_tag, minus, text_tag, wrapped
from .compare import PhotoComparison

_SIDE, _GAP, _MARGIN = 260, 20, 24
_MUTED = "#59636e"


def write_comparison(found: PhotoComparison, path: str | Path) -> Path:
    """Draw both faces side by side, with what the comparison says. Raises OutputError for another kind of file."""
    return draw(Path(path), lambda: _svg(found))


def _svg(found: PhotoComparison) -> str:
    widths = [round(_SIDE * photo.crop.shape[1] / photo.crop.shape[0]) for photo in found.photos]
    width = max(sum(widths) + _GAP + 2 * _MARGIN, 580)
    head = minus(f"{found.score:.3f}: {found.decision}")
    body = [text_tag(_MARGIN, 38, head, 20, weight="bold")]
    y = 62.0
    for line in wrapped(_said(found), 13, width - 2 * _MARGIN):
        body.append(text_tag(_MARGIN, y, line, 13))
        y += 18
    x = float(_MARGIN)
    for photo, wide in zip(found.photos, widths, strict=True):
        many = "" if photo.faces == 1 else f", one of {photo.faces} faces"
        body.append(text_tag(x, y + 14, wrapped(photo.name + many, 13, wide)[0], 13))
        body.append(image_tag(x, y + 24, wide, _SIDE, photo.crop))
        x += wide + _GAP
    y += _SIDE + 48
    for text in [*found.warnings, _reading(found), found.signature.replace("|", "| ")]:
        for line in wrapped(text, 12, width - 2 * _MARGIN):
            body.append(text_tag(_MARGIN, y, line.replace("| ", "|"), 12, _MUTED))
            y += 17
        y += 4
    height = y + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"><rect width="100%" height="100%" fill="#ffffff"/>'
        + "".join(body)
        + "</svg>"
    )


def _said(found: PhotoComparison) -> str:
    if found.ratio is None or found.threshold is None or found.table is None:
        return f"By {found.network}, whose scores no table ships for: neither a threshold nor a likelihood ratio is known."
    return (
        f"Likelihood ratio {found.ratio.text()}: {found.ratio.words()}. Threshold {found.threshold:.2f} of {found.network}, "
        f"which {100 * found.far:g} % of the pairs of strangers among {found.table.people:,} people reach."
    )


def _reading(found: PhotoComparison) -> str:
    return (
        "You may not read: the chance that the two are one person. The ratio is to be weighed with all else that is known; "
        "relatives and lookalikes can score as high."
    )
