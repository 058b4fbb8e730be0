"""Panel regressions, instrumental variables and decompositions of two-way fixed effects."""
