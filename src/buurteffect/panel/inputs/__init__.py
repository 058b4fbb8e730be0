"""What a folder of raw files holds, each source as a table of areas and years."""
