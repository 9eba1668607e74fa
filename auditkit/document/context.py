"""The whole document as sections of blocks: everything is selected and sorted here and in `sections`, nothing in templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditkit.document.blocks import Block, Section, visible
from auditkit.document.book import Book
from auditkit.document.completeness import Missing, missing_evidence
from auditkit.document.figures import day
from auditkit.document.sections.appendix import appendix
from auditkit.document.sections.availability import availabilities
from auditkit.document.sections.failures import failures
from auditkit.document.sections.patterns import breakers, bulkheads, fallbacks, retries
from auditkit.document.sections.plan import decisions, plan
from auditkit.document.sections.proof import experiments, monitoring
from auditkit.document.sections.scope import scope
from auditkit.document.sections.summary import summary
from auditkit.document.sections.timeouts import timeouts
from auditkit.document.sections.topology import dependencies, topology
from auditkit.document.sections.uncovered import uncovered
from auditkit.document.titles import TITLES
from auditkit.document.view import View

Writer = Callable[[View, tuple[Missing, ...]], list[Block]]

_WRITERS: Mapping[str, Writer] = {
    "summary": summary,
    "scope": scope,
    "topology": topology,
    "dependencies": dependencies,
    "failures": failures,
    "availability": availabilities,
    "timeouts": timeouts,
    "retries": retries,
    "breakers": breakers,
    "bulkheads": bulkheads,
    "fallbacks": fallbacks,
    "uncovered": uncovered,
    "monitoring": monitoring,
    "experiments": experiments,
    "decisions": decisions,
    "plan": plan,
    "appendix": appendix,
}


@dataclass(frozen=True, slots=True)
class Context:
    """What templates get: title, subtitle, version, and the sections."""

    title: str
    subtitle: str
    system: str
    version: str
    author: str
    date: str
    """Date of the audit; that of an undated one is 1970-01-01."""
    sections: tuple[Section, ...]


def context(book: Book) -> Context:
    """The document of a book.

    >>> from auditkit.model.audit import AuditFacts, Strategy
    >>> from auditkit.model.system import System
    >>> made = context(Book(system=System(system="shop"), facts=AuditFacts(), strategy=Strategy(system="shop")))
    >>> made.title, len(made.sections), made.sections[6].title
    ('shop', 17, 'Timeouts')
    """
    view = View(book)
    empty = missing_evidence(view)
    return Context(
        title=visible(book.title),
        subtitle=f"Resilience strategy, audit of {day(book.facts.date)}" if book.facts.date else "Resilience strategy, undated",
        system=visible(book.system.system),
        version=book.version,
        date=day(book.facts.date) if book.facts.date else "1970-01-01",
        author=visible(book.facts.owner),
        sections=tuple(
            Section(number, anchor, title, tuple(_WRITERS[anchor](view, empty)))
            for number, (anchor, title) in enumerate(TITLES.items(), start=1)
        ),
    )
