"""Open data downloaded from their publishers: the catalogue, the jobs, the record of what was fetched."""
