"""Estimates from surveys: contacts, repeated cross-sections, small areas."""
