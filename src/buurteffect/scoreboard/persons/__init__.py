"""The scoreboard of the estimators of effects on persons."""

from buurteffect.scoreboard.persons.board import SCOREBOARD
from buurteffect.scoreboard.summary import grid

__all__ = ["SCOREBOARD", "grid"]
