"""Reports from plain tables, matrices and curves: HTML, PNG, SVG and the terminal. Knows no face recognition."""

from ._document import Report
from ._format import percents, rated, valued
from .bar_matrix import bar_matrix
from .comparison import Dot, interval_dots, line_panels
from .figures import Band, Curve, curves, heatmap, histograms, lines_with_bands
from .marked_shares import marked_shares
from .matrix import Matrix, Measure
from .sections import Column, Figure, KeyFigure, KeyFigures, Note, Notes, Picture, Pictures, Table, Text, interval
from .terminal import terminal_matrix, terminal_table

__all__ = [
    "Band", "Column", "Curve", "Dot", "Figure", "KeyFigure", "KeyFigures", "Matrix", "Measure", "Note", "Notes",
    "Picture", "Pictures", "Report", "Table", "Text", "bar_matrix", "curves", "heatmap", "histograms", "interval",
    "interval_dots", "line_panels", "lines_with_bands", "marked_shares", "percents", "rated", "terminal_matrix",
    "terminal_table", "valued",
]  # fmt: skip
