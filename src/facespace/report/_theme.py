"""The colours of figures, and their Vega configuration.

Figures are drawn once, for white paper. Inside the HTML page, report.css replaces each of these colours by its partner
of the page's theme (by attribute selectors such as `svg [fill="#1b1f24"]`), so they must differ from one another and
stand in both files; a test compares them.
"""

from __future__ import annotations

from typing import Any

INK = "#1b1f24"
MUTED = "#59636e"
LINE = "#dfe3e8"
PAPER = "#ffffff"
# After Okabe and Ito (2008), told apart with every common colour blindness; darkened to 3:1 against white, and each has
# its own dash pattern, so that nothing hangs on colour alone.
SERIES = ("#0072b2", "#cf5a00", "#00835f", "#a63d8f", "#8a6d00", "#4b5563")
DASHES = ((1, 0), (7, 3), (2, 2), (8, 3, 2, 3), (12, 3), (4, 1))
# The full colours of the matrix scales; INK keeps a contrast above 4.5:1 on all of both ramps.
HEAT = {"high": "#4f97d6", "low": "#ec8f42"}
CELL_INK = "#1b1f25"  # the text on coloured cells keeps its colour in the dark, where INK turns light

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


def config() -> dict[str, Any]:
    """Vega-Lite's `config`: quiet axes, the page's type sizes, no marks read out one by one to screen readers."""
    return {
        "font": FONT,
        "aria": False,
        "background": PAPER,
        "padding": 12,
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "titleColor": MUTED,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "gridColor": LINE,
            "domainColor": MUTED,
            "tickColor": MUTED,
            "tickSize": 4,
            # A label stands at its tick; one that would touch its neighbour is left out.
            "labelFlush": False,
            "labelOverlap": "greedy",
            "labelSeparation": 6,
        },
        "legend": {
            "labelColor": INK,
            "titleColor": MUTED,
            "labelFontSize": 13,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "orient": "top",
            "symbolStrokeWidth": 2.5,
            "columnPadding": 18,
            "labelLimit": 260,
            "offset": 14,
        },
        "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": 600, "labelPadding": 6, "labelLimit": 340},
        "title": {"color": INK, "fontSize": 14, "fontWeight": 600, "anchor": "start"},
        "range": {"category": list(SERIES)},
    }
