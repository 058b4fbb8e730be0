"""Effects by the dose of treatment: slopes, bins, and thresholds."""
