"""Reports from plain tables, matrices and curves: HTML, PNG, SVG and the terminal. Knows no face recognition."""

from ._document import Report as Report
from .bar_matrix import bar_matrix as bar_matrix
from .comparison import Dot as Dot
from .comparison import interval_dots as interval_dots
from .comparison import line_panels as line_panels
from .figures import Band as Band
from .figures import Curve as Curve
from .figures import curves as curves
from .figures import heatmap as heatmap
from .figures import histograms as histograms
from .figures import lines_with_bands as lines_with_bands
from .matrix import Matrix as Matrix
from .matrix import Measure as Measure
from .sections import Column as Column
from .sections import Figure as Figure
from .sections import KeyFigure as KeyFigure
from .sections import KeyFigures as KeyFigures
from .sections import Note as Note
from .sections import Notes as Notes
from .sections import Table as Table
from .sections import Text as Text
from .terminal import terminal_matrix as terminal_matrix
from .terminal import terminal_table as terminal_table
