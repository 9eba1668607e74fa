"""The sections of the written strategy, one subject a file: a View in, blocks out."""
