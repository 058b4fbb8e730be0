"""Numbers compared with recorded ones, and traced to their origin."""
