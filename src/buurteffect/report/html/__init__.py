"""Markdown, mathematics and cell outputs to safe HTML."""
