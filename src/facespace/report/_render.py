"""Charts to SVG and PNG, without a browser and without a network."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from ..errors import visible

PNG_SCALE = 2


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
