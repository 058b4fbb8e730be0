"""Descriptions of liveability scores: trend, dispersion, gap, decline, ranks, segregation."""
