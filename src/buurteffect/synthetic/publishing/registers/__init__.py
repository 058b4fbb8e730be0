"""Synthetic registers: extracts, projects, boundaries, surveys."""
