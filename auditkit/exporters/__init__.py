"""Strategy -> files of one target, and what that target cannot express."""

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.table import EXPORTERS, all_exporters

__all__ = ["EXPORTERS", "Exporter", "Made", "all_exporters"]
