"""Simulated persons: families, moves, outcomes, ties."""
