"""Noise, reliability and variance components of a score."""
