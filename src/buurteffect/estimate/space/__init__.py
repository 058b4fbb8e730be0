"""Effects across space: rings, spillovers, exposure, the waterbed."""
