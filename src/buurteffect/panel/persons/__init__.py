"""The panel of persons and households from register extracts."""
