"""Raw files: text, zips, names, lines."""
