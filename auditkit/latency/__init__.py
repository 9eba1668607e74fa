"""Latency exports -> LatencyProfile."""
