"""Effects of the place in which children grow up."""
