"""Difference-in-differences with staggered treatment."""
