"""Rules for the claims about what restructuring did to places.

In all of them ``outcome`` is a key of `MEASURES`, ``source`` says where the data come from, and ``level`` is the kind
of area; an estimate that was refused is said to be missing.
"""
