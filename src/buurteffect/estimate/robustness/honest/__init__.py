"""Honest inference under violations of parallel trends (Rambachan & Roth 2023)."""
