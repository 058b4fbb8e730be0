"""Tables of StatLine by OData."""
