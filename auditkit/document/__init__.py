"""Strategy -> the written strategy."""

from auditkit.document.layout import Layout, layout
from auditkit.document.shipped import shipped

__all__ = ["Layout", "layout", "shipped"]
