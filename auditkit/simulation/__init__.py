"""Request-level simulation of a system under faults."""
