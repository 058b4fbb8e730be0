"""The panel of children and the places of their childhood."""
