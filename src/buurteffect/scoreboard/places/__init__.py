"""The scoreboard of the estimators of effects on places."""

from buurteffect.scoreboard.places.board import SCOREBOARD
from buurteffect.scoreboard.summary import bias_intervals, grid

__all__ = ["SCOREBOARD", "bias_intervals", "grid"]
