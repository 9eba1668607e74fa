"""auditkit: the resilience audit workbook."""
