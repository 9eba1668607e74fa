"""The failure analysis that a book does not carry yet: computed once, before anything is written."""

from __future__ import annotations

from dataclasses import replace

from auditkit.document.book import Book
from auditkit.model.failure import Assume, BlastRadius, CutSets, Mode

MODES: tuple[Mode, ...] = ("down", "slow")
ANSWERS: tuple[Assume, ...] = ("worst", "best")
MOST_TOGETHER = 3
"""Larger sets of failures are not listed in a document; counts and probabilities are of all of them."""


def analysed(book: Book) -> Book:
    """The book with blast radii of every single failure, down and slow, at worst and at best, and with minimal cut sets."""
    strategy = book.strategy
    if not book.system.components:
        return book
    blast = strategy.blast or _blast(book)
    cuts = strategy.cut_sets or _cut_sets(book)
    return replace(book, strategy=strategy.model_copy(update={"blast": blast, "cut_sets": cuts}))


def _blast(book: Book) -> tuple[BlastRadius, ...]:
    from auditkit.engine import single_failures

    return tuple(
        radius for mode in MODES for assume in ANSWERS for radius in single_failures(book.system, mode, assume, book.profiles)
    )


def _cut_sets(book: Book) -> tuple[CutSets, ...]:
    from auditkit.engine import cut_sets

    assumed = book.facts.assumed_availability
    return tuple(
        cuts for mode in MODES for cuts in cut_sets(book.system, mode=mode, max_order=MOST_TOGETHER, assumed_availability=assumed)
    )
