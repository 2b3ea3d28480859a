"""The hiding game: do the maps point at what counts?"""

from .hiding_game import GameCurve, GameDifference, HidingGameResult, hiding_game
from .report import finding, game_report, game_table

__all__ = ["GameCurve", "GameDifference", "HidingGameResult", "finding", "game_report", "game_table", "hiding_game"]
