"""Every estimator on many simulated countries: how often its interval holds the truth."""
