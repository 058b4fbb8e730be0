"""Figures, maps and their style."""
