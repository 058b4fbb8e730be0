"""Claims about the estimators themselves: whether they agree with outside values and keep what they promise."""
