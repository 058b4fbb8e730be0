"""Each source as a table of areas and years, before the sources are joined."""
