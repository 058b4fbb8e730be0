"""Columns of the key figures: titles, years, units and what they mean."""
