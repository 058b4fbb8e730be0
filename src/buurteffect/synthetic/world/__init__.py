"""Parameters and scenarios of the synthetic country, and its keyed random draws."""
