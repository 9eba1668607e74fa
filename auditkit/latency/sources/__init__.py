"""The formats of latency exports, one a file; the table of them is `auditkit.latency.SOURCES`."""
