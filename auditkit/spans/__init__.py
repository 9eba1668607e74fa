"""Trace formats, read into one table of spans; serves importers and latency."""
