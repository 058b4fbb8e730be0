"""The estimation sample: which rows a design takes, what was left out, and who is treated when."""
