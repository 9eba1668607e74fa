"""Strategy -> the written strategy."""

from auditkit.document.book import Book, Provenance
from auditkit.document.formats import FORMATS, document
from auditkit.document.layouts import Layout, layout
from auditkit.document.pictures import dependency_svg
from auditkit.document.shipped_files import shipped

__all__ = ["FORMATS", "Book", "Layout", "Provenance", "dependency_svg", "document", "layout", "shipped"]
