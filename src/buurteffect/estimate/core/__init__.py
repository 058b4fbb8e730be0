"""What every estimator uses: the design, the sample, least squares, and the result."""
