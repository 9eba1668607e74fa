"""Sections 13 and 14: what is watched, and the experiments that could refute this strategy."""

from __future__ import annotations

from auditkit.document.blocks import Block, Heading, Part, code, joined, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import duration
from auditkit.document.sections.words import gaps
from auditkit.document.view import MOST, View
from auditkit.model.audit import Experiment, Scenario

IN_FULL = 40
"""Experiments that are told in full; further ones are listed."""


def monitoring(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Metric and alert of every pattern in use."""
    found: list[Block] = [
        text(
            "A pattern that nobody watches hides the fault it contains. Each adopted setting is watched where it acts: "
            "breaker state, "
            "share of calls timed out, retries a second, answers from a fallback, calls rejected by a bulkhead."
        )
    ]
    rows: list[tuple[Part, ...]] = [
        (code(m.subject), m.pattern, m.metric, m.alert)
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
    """One entry for each experiment, with the slot for its result."""
    found: list[Block] = [
        text(
            "Each experiment could refute one claim of this document. It runs in staging first, with a condition that ends "
            "it and a way back. "
            "A claim whose experiment has no result is a claim."
        )
    ]
    ordered = sorted(view.book.strategy.experiments, key=lambda e: (e.result is None, e.id))
    for experiment in ordered[:IN_FULL]:
        found += [Heading(experiment.id, f"experiment-{experiment.id}"), _experiment(experiment)]
    others: list[tuple[Part, ...]] = [
        (code(e.id), e.claim, e.environment, e.result or "no result yet") for e in ordered[IN_FULL : IN_FULL + MOST]
    ]
    if others:
        left = len(ordered) - IN_FULL - len(others)
        found += [
            Heading("Further experiments", "experiments-more"),
            table(
                "Claims that can be tested the same way",
                ("Experiment", "Claim", "Where", "Result"),
                others,
                widths=(2, 4, 0.8, 1.4),
            ),
            text(
                "Method, condition that ends it and way back of each are in ",
                code("strategy.json"),
                f"{f', and {left:,} more experiments' if left else ''}.",
            ),
        ]
    return [*found, *gaps(empty, "experiments")]


def _experiment(experiment: Experiment) -> Block:
    rows: list[tuple[Part, ...]] = [
        ("Claim", experiment.claim),
        ("Steady state", experiment.hypothesis),
        ("What is done", rich(_scenario(experiment.scenario), ". ", experiment.method)),
        *([("Expected", experiment.expected)] if experiment.expected else []),
        ("Ends at once when", experiment.abort),
        ("Way back", experiment.rollback),
        ("Where", experiment.environment),
        ("Result", experiment.result or strong("no result yet")),
    ]
    return table(f"Experiment {experiment.id}", ("What", "How"), rows, widths=(1, 5))


def _scenario(scenario: Scenario) -> Part:
    how = {"down": "answers with errors", "slow": "does not answer in time"}[scenario.mode]
    parts: list[Part] = [joined((code(atom) for atom in scenario.fail), " and "), f" {how}"]
    if scenario.start_s is not None:
        parts.append(f", from {duration(scenario.start_s)}")
    if scenario.duration_s is not None:
        parts.append(f", for {duration(scenario.duration_s)}")
    if scenario.load is not None:
        parts.append(f", at {scenario.load:g} × normal load")
    return rich(*parts)
