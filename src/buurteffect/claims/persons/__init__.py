"""Rules for the claims about persons: residents, the displaced, contacts, children."""
