"""The panel of restructuring: treatment, dose, outcomes and covariates known at the choice."""
