"""A book in every format: one text, written several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditkit.document import render
from auditkit.document.analysis import analysed
from auditkit.document.blocks import Picture
from auditkit.document.book import Book
from auditkit.document.context import Context, context
from auditkit.document.records import records
from auditkit.errors import InputError
from auditkit.model.audit import Artifact

Writer = Callable[[Book, Context], tuple[Artifact, ...]]


def _markdown(book: Book, doc: Context) -> tuple[Artifact, ...]:
    pictures = (block for section in doc.sections for block in section.blocks if isinstance(block, Picture))
    return (
        Artifact(path="strategy.md", content=render.markdown(doc).encode(), title="The written strategy, for a repository"),
        *(Artifact(path=f"{p.name}.svg", content=p.svg.encode(), title=p.title, alt=p.alt) for p in pictures),
    )


def _html(book: Book, doc: Context) -> tuple[Artifact, ...]:
    return (Artifact(path="strategy.html", content=render.html(doc).encode(), title="The written strategy, one page"),)


def _pdf(book: Book, doc: Context) -> tuple[Artifact, ...]:
    from auditkit.document.pdf import pdf

    return (Artifact(path="strategy.pdf", content=pdf(doc), title="The written strategy, to print and to sign"),)


def _docx(book: Book, doc: Context) -> tuple[Artifact, ...]:
    from auditkit.document.word import docx

    return (Artifact(path="strategy.docx", content=docx(doc, book.docx_template), title="The written strategy, to edit"),)


def _records(book: Book, doc: Context) -> tuple[Artifact, ...]:
    return records(book)


FORMATS: Mapping[str, Writer] = {"md": _markdown, "html": _html, "pdf": _pdf, "docx": _docx, "adr": _records}
"""Everything that the document can be written as."""


def document(book: Book, formats: Sequence[str] = ("md", "html")) -> tuple[Artifact, ...]:
    """The written strategy in the formats named, as files that are not written yet. Equal books give equal bytes.

    Raises `InputError` on an unknown format.

    >>> from auditkit.model.audit import AuditFacts, Strategy
    >>> from auditkit.model.system import System
    >>> empty = Book(system=System(system="shop"), facts=AuditFacts(), strategy=Strategy(system="shop"))
    >>> [made.path for made in document(empty)]
    ['strategy.md', 'strategy.html']
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError.of(
            f"formats {', '.join(unknown)}", "are no formats of the document", f"choose from {', '.join(FORMATS)}"
        )
    complete = analysed(book)
    doc = context(complete)
    return tuple(artifact for name in formats for artifact in FORMATS[name](complete, doc))
