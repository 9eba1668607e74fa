"""Strategy -> the written strategy."""
