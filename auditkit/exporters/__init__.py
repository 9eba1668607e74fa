"""Strategy -> files of one target, and what that target cannot express."""

from auditkit.exporters.base import Exported, Exporter
from auditkit.exporters.table import EXPORTERS, exporters

__all__ = ["EXPORTERS", "Exported", "Exporter", "exporters"]
