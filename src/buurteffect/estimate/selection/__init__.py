"""Selection into treatment: balance, overlap, reweighting, discontinuity, regression to the mean."""
