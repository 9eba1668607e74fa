"""Strategy -> the written strategy."""

from auditkit.document.book import Book, Provenance
from auditkit.document.changes import what_changed
from auditkit.document.completeness import Missing, missing_evidence
from auditkit.document.formats import FORMATS, document
from auditkit.document.layouts import Layout, layout
from auditkit.document.pictures import dependency_svg
from auditkit.document.shipped_files import shipped
from auditkit.document.tail_picture import Marks, tail_picture
from auditkit.document.view import View

__all__ = [
    "FORMATS",
    "Book",
    "Layout",
    "Marks",
    "Missing",
    "Provenance",
    "dependency_svg",
    "document",
    "layout",
    "missing",
    "shipped",
    "tail_picture",
    "what_changed",
]


def missing(book: Book) -> tuple[Missing, ...]:
    """Every slot of the document that has no evidence yet, as its own completeness check lists them."""
    return missing_evidence(View(book))
