"""Scoreboards: estimators on many simulated countries, how far off they are and how often their intervals cover."""
