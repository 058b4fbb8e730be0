"""Columns, rounding and the binding of numbers in tables."""
