"""Charts to SVG and PNG, without a browser and without a network; and a chart for a narrow page."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

from ..errors import visible
from ._encodings import legend_columns, log_ticks

PNG_SCALE = 2
NARROW = 300  # pixels of a narrow chart, its rows' labels included and the numbers at its left axis not


def narrow(chart: Any) -> dict[str, Any] | None:
    """The specification of the chart for a phone: its letters as large, its panels below each other; None where it is fit.

    A chart that must keep its width says so in its `usermeta`: {"narrow": False}.
    """
    spec: dict[str, Any] = copy.deepcopy(chart if isinstance(chart, dict) else chart.to_dict())
    inner = spec.get("spec", spec)
    wide, room = inner.get("width"), NARROW - _labels_beside(inner)
    panels = inner is not spec and spec.get("columns", 1) > 1
    fixed = not isinstance(wide, int | float) or not spec.get("usermeta", {}).get("narrow", True)
    if fixed or not (panels or wide > room):
        return None
    if panels:
        spec["columns"] = 1
    inner["width"] = width = max(min(wide, room), NARROW // 2)
    for channel in _dicts(inner):
        axis, scale, legend = ({} if not isinstance(c, dict) else c for c in map(channel.get, ("axis", "scale", "legend")))
        if scale.get("type") == "log" and "values" in axis and axis.get("orient") != "left":
            axis["values"] = log_ticks(tuple(scale["domain"]), width, rates="== 1" in axis.get("labelExpr", ""))
        if "tickCount" in axis:
            axis["tickCount"] = min(axis["tickCount"], 5)
        if legend and "domain" in scale:
            legend["columns"] = legend_columns(scale["domain"], NARROW + 30)
    return spec


def _labels_beside(spec: dict[str, Any]) -> int:
    """Pixels that the names of a chart's rows have to the left of it."""
    extents = [float(part.get("minExtent", 0)) for part in _dicts(spec)]
    return round(max(extents))


def _dicts(part: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary within, data left out."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if key not in ("data", "datasets", "config"):
                yield from _dicts(value)


def to_svg(chart: Any) -> str:
    """An Altair chart, or a Vega-Lite specification, as a self-contained SVG document on white."""
    import vl_convert

    spec = _visible(chart if isinstance(chart, dict) else chart.to_dict())
    version = re.search(r"/v(\d+\.\d+)", spec.get("$schema", ""))
    known = set(vl_convert.get_vegalite_versions())
    chosen = version.group(1) if version and version.group(1) in known else None
    # No address is allowed: a chart holds its own data, and a report must be made the same way offline.
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=chosen, allowed_base_urls=[])
    return svg


def _visible(spec: Any) -> Any:
    """The specification with all texts `visible`: a control character makes SVG that is none, and ends the process."""
    if isinstance(spec, dict):
        return {visible(key): _visible(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [_visible(value) for value in spec]
    return visible(spec) if isinstance(spec, str) else spec


def to_png(svg: str) -> bytes:
    """The SVG document as PNG with twice its width and height in pixels."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(svg, scale=PNG_SCALE)
    return png


def inline(svg: str, name: str, description: str) -> Markup:
    """The SVG as an element of the page: named for screen readers, scaled by CSS, its ids made unique by `name`."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    head, rest = svg.split(">", 1)
    width = re.search(r' width="([\d.]+)"', head)
    head = re.sub(r' (class|width|height)="[^"]*"', "", head)
    size = f"--width:{float(width.group(1)):.0f}px" if width else ""
    # The text in `svg` was escaped by Vega when it wrote the document.
    return Markup(f'{head} role="img" aria-label="{escape(description)}" style="{size}">{rest}')
