"""The years of the synthetic country, one after another."""
