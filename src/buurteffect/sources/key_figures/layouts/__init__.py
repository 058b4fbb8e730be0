"""The layouts in which the key figures are published."""
