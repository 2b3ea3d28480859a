"""Comparisons for somebody who has to weigh them: maps, what the score is worth, what speaks against leaning on it."""

from .examination_report import examination_report
from .examine import Examination, Examiner, adopt, card_table
from .hidden import HiddenFace, hide_face
from .index_report import Listed, index_report
from .shares import RegionShare, region_shares
from .signs import SIGNS, Sign, signs

__all__ = [
    "SIGNS", "Examination", "Examiner", "HiddenFace", "Listed", "RegionShare", "Sign", "adopt", "card_table",
    "examination_report", "hide_face", "index_report", "region_shares", "signs",
]  # fmt: skip
