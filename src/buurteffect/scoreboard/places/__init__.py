"""The scoreboard of estimators of places."""
