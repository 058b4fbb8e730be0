"""The archive that an editor accepts and a replicator can build."""
