"""Covariances, small-sample factors, bootstraps, permutation, joint tests and power."""
