"""The scoreboard of estimators of persons."""
