"""Rules for the claims about what restructuring did to places."""
