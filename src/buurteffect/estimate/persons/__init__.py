"""Effects on residents, on the displaced and on who lives in a place."""
