"""One HTTP client, with resumption of partial files."""
