"""Pages of runs, the index, and the page of verification."""
