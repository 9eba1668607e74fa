"""Strategy -> files of one target."""
