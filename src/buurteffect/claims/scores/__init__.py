"""Rules for the claims about liveability scores: trend, gap, decline."""
