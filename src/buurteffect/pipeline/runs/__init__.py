"""Parameters, inputs, stages and provenance of a run."""
