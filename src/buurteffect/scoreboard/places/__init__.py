"""The scoreboard of the estimators of effects on places."""

from buurteffect.scoreboard.places.board import SCOREBOARD
from buurteffect.scoreboard.places.headline_board import HEADLINE_SCOREBOARD
from buurteffect.scoreboard.summary import bias_intervals, coverage_intervals, grid

__all__ = ["HEADLINE_SCOREBOARD", "SCOREBOARD", "bias_intervals", "coverage_intervals", "grid"]
