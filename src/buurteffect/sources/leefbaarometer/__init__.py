"""Scores of the Leefbaarometer, versions 2 and 3."""
