"""Polygons and scores for maps."""
