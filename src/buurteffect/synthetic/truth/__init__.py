"""True effects in the synthetic country."""
