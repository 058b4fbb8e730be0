"""The panel of areas: built from its sources, joined, and read."""
