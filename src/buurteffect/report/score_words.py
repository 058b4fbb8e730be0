"""The words in which pages name the parts of the variance of a score, and the two ways to count its step."""

from __future__ import annotations

COMPONENTS = {
    "permanent SD": "Permanent SD",
    "loading decline per decade": "Decline of its loading per decade",
    "autoregressive SD": "Fading SD",
    "autocorrelation per year": "Autocorrelation per year",
    "noise SD": "Noise SD",
    "break SD": "Step SD",
    "RMSE relative to mean covariance": "Misfit",
    "share of draws in which it fits best": "Fits best in, share of draws",
}
"""Of the fitted components of variance, and of the fits with the step at each wave."""

RELIABILITIES = {
    "reliability": "step counted as change",
    "reliability, break counted as noise": "step counted as noise",
}
"""Of the reliability of a change, by what the step counts as."""
