"""Areas of one year brought to those of another."""
