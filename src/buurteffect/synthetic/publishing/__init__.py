"""The synthetic country published in the formats of real sources."""
