"""Pieces that several sections say in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditkit.document.blocks import Block, Part, Rich, Run, code, joined, link, marked, missing, muted, rich
from auditkit.document.completeness import Missing
from auditkit.document.figures import NOT_KNOWN
from auditkit.document.looks import SEVERITY, STATES
from auditkit.document.settings import QUESTION
from auditkit.model.audit import Choice, PolicyProposal, Severity
from auditkit.model.failure import State

MANY = 40
"""Rows of a table in the text; longer lists are cut there, with their number and where the whole list is."""

CHOICES: Mapping[Choice, str] = {"adopt": "adopted", "accept_risk": "risk accepted", "defer": "deferred"}


def state(value: State, of: str = "") -> Run:
    """A state as a coloured label with symbol and word."""
    look = STATES[value]
    return Run(f"{look.symbol} {of} {look.word}" if of else look.label, "state", tone=value.value)


def severity(value: Severity) -> Run:
    """A severity as a coloured label with symbol and word."""
    return Run(SEVERITY[value].label, "severity", tone=value)


def states(journeys: Mapping[str, State]) -> Rich:
    """Journeys that are not ok, the worst first; a dash where all are."""
    touched = sorted((s for s in journeys.items() if s[1] != State.OK), key=lambda s: (-State(s[1]).badness, s[0]))
    return joined((state(value, of=journey) for journey, value in touched), " ") or rich("–")


def status(proposal: PolicyProposal, pattern: str) -> Rich:
    """How far a proposed figure has come: provisional, adopted, configured, tested; withheld where its experiment failed."""
    words = ["provisional"] if proposal.provisional and pattern == "timeout" else ["adopted"] if proposal.adopted else []
    words += [said for said in (proposal.standing.get(pattern), proposal.elsewhere.get(pattern)) if said]
    if pattern in proposal.withheld and not proposal.adopted:
        return rich(muted(f" {', '.join(words)}; "), link("withheld: not exported", "withheld"))
    return rich(muted(f" {', '.join(words)}")) if words else ()


def names(ids: Iterable[str], nothing: str = "–") -> Rich:
    """Ids one after another."""
    return joined(code(name) for name in ids) or rich(nothing)


def some(ids: Sequence[str], most: int = 20) -> Rich:
    """Ids one after another; of very many the first few, and how many more there are."""
    return rich(names(ids[:most]), f" and {len(ids) - most:,} more" if len(ids) > most else "")


def by_words(told: Iterable[tuple[str, tuple[str, ...]]]) -> dict[tuple[str, ...], list[str]]:
    """Calls of which the same is told, together, in the order in which it is told first.

    >>> by_words([("a -> b", ("none",)), ("c -> d", ("2s",)), ("e -> f", ("none",))])
    {('none',): ['a -> b', 'e -> f'], ('2s',): ['c -> d']}
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for call, words in told:
        found.setdefault(words, []).append(call)
    return found


def short(cell: Part) -> Part:
    """A cell of a wide table: what nobody has said shrinks to a question mark."""
    return muted("?") if cell in {NOT_KNOWN, QUESTION, "not stated"} else cell


def gaps(found: Iterable[Missing], section: str) -> list[Block]:
    """What this section cannot say, and what would fill it."""
    return [missing(f"Missing: {m.what}. ", "To fill it: ", marked(m.remedy), ".") for m in found if m.section == section]


def sentence(words: str) -> str:
    """Words as a sentence of their own.

    >>> sentence("the import left 1 question open"), sentence("")
    ('The import left 1 question open.', '')
    """
    return words if not words else words[0].upper() + words[1:] + ("" if words.endswith(".") else ".")
