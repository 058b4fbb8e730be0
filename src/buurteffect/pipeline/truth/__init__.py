"""True effects joined to results after these are written."""
