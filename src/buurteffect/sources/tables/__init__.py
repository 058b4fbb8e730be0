"""Other tables: projects, priority areas, housing stock, social status, surveys, register extracts."""
