"""Sections 13 and 14: what is watched, and the experiments that could refute this strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.document.blocks import Block, Heading, Part, Rich, Row, code, joined, link, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.sections.simulated import simulated
from auditkit.document.sections.tuned import tuned
from auditkit.document.sections.words import gaps
from auditkit.document.view import IN_FULL, MOST, View
from auditkit.model.audit import Experiment


def monitoring(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Metric and alert of every pattern in use."""
    found: list[Block] = [
        text(
            "A pattern that nobody watches hides the fault it contains. Each adopted setting is watched where it acts: "
            "breaker state, "
            "share of calls timed out, retries a second, answers from a fallback, calls rejected by a bulkhead. ",
            link("Where the thresholds come from", "rule-alert"),
            ".",
        )
    ]
    rows: list[tuple[Part, ...]] = [
        (code(m.subject), m.pattern.replace("_", " "), m.metric, rich(m.alert, view.grounds_of(m.subject, m.pattern)))
        for m in sorted(view.book.strategy.monitoring, key=lambda m: (m.subject, m.pattern, m.metric))
    ]
    if rows:
        found.append(
            table(
                "What to watch, and when to call somebody",
                ("Where", "Pattern", "Metric", "Alert"),
                rows[:MOST],
                widths=(2, 1.2, 3, 3),
            )
        )
    if len(rows) > MOST:
        found.append(text(f"The first {MOST} of {len(rows):,}; the target ", code("prometheus"), " exports an alert for each."))
    return [*found, *gaps(empty, "monitoring")]


def experiments(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Tests, then chaos experiments, each with the slot for its result."""
    found: list[Block] = [
        text(
            "Each experiment could refute one claim of this document. It runs in staging first, with a condition that ends "
            "it and a way back. A claim whose experiment has no result is a claim."
        )
    ]
    found += simulated(view)
    found += tuned(view)
    for kind, title, anchor in _KINDS:
        found += _of_kind(view.experiments(kind), title, anchor)
    return [*found, *gaps(empty, "experiments")]


_KINDS: Final = (
    ("test", "Tests, on every change", "experiments-tests"),
    ("chaos", "Chaos experiments", "experiments-chaos"),
)
_SAID: Final[tuple[tuple[str, Callable[[Experiment], str]], ...]] = (
    ("Steady state", lambda e: e.hypothesis),
    ("Expected", lambda e: e.expected),
    ("Ends at once when", lambda e: e.abort),
    ("Way back", lambda e: e.rollback),
    ("Where", lambda e: e.environment),
)
"""What every experiment says beside its claim and its method; what all of one kind share is said once, above the table."""


def _of_kind(of: Sequence[Experiment], title: str, anchor: str) -> list[Block]:
    if not of:
        return []
    shared = [(name, say(of[0])) for name, say in _SAID if len({say(e) for e in of}) == 1 and say(of[0])]
    own = [(name, say) for name, say in _SAID if len({say(e) for e in of}) > 1]
    columns = [_Column(own[:2], 2.6), _Column(own[2:], 2.6)] if len(own) > 2 else [_Column(own, 3)]
    columns = [column for column in columns if column.said]
    head = ("Experiment", "Claim", "What is done", *(column.title for column in columns), "Result")
    rows = [
        Row(
            (
                rich(code(e.id)),
                rich(e.claim),
                rich(e.method),
                *(column.cell(e) for column in columns),
                rich(e.result or strong("no result yet")),
            ),
            f"experiment-{e.id}",
        )
        for e in of[:IN_FULL]
    ]
    found: list[Block] = [Heading(title, anchor)]
    if shared:
        found.append(text("All of them: ", joined((rich(f"{name.lower()}: ", words) for name, words in shared), "; "), "."))
    found.append(table(title, head, rows, widths=(1.7, 2.2, 2.8, *(column.width for column in columns), 1)))
    if len(of) > IN_FULL:
        found.append(text(f"The first {IN_FULL} of {len(of):,}; all are in ", code("strategy.json"), "."))
    return found


@dataclass(frozen=True, slots=True)
class _Column:
    """One column that holds several short statements, each after its name."""

    said: list[tuple[str, Callable[[Experiment], str]]]
    width: float

    @property
    def title(self) -> str:
        return " · ".join(name for name, _ in self.said)

    def cell(self, experiment: Experiment) -> Rich:
        return joined((say(experiment) for _, say in self.said if say(experiment)), " · ") or rich("–")
