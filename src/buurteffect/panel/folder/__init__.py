"""What lies in a folder of raw files, and which reader takes it."""
