"""Comparisons for somebody who has to weigh them: maps, what the score is worth, what speaks against leaning on it."""

from .examination_report import examination_report
from .examine import Examination, Examiner, adopt
from .hidden import HiddenFace, hide_face
from .index_report import Listed, index_report
from .scale_figures import minus, scores_figure
from .shares import RegionShare, region_shares
from .signs import SIGNS, Sign, signs
from .weighing_report import input_notes, ratio_cards, ratio_meaning, ratio_method, reference_notes

__all__ = [
    "SIGNS", "Examination", "Examiner", "HiddenFace", "Listed", "RegionShare", "Sign", "adopt",
    "examination_report", "hide_face", "index_report", "input_notes", "minus", "ratio_cards", "ratio_meaning",
    "ratio_method", "reference_notes", "region_shares", "scores_figure", "signs",
]  # fmt: skip
