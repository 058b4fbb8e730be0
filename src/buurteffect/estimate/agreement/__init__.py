"""What the estimators give on recorded data beside the values of R and of papers."""
