"""What commands print for people: short tables and sentences on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditkit.cli.plain import plain
from auditkit.cli.plain import said as print  # noqa: A004 - names come from strangers' files
from auditkit.document import figures
from auditkit.model.audit import Finding, Strategy
from auditkit.model.draft import Conflict, Coverage
from auditkit.model.failure import BlastRadius, CutSets, Range, State
from auditkit.model.latency import Bounds, TimeoutAdvice
from auditkit.model.runs import HealthyCost
from auditkit.model.system import Dependency, Question, System
from auditkit.patterns.timeout import TARGET
from auditkit.planning import Comparison
from auditkit.project import Choice, Drift, Imported, Summary

if TYPE_CHECKING:
    from auditkit.simulation import RunResult
    from auditkit.simulation.storms import StormMap
    from auditkit.simulation.tuning import Tuning

_STYLE = {
    "failed": "red",
    "hung": "magenta",
    "late": "yellow",
    "degraded": "cyan",
    "critical": "red",
    "high": "red",
    "medium": "yellow",
}


def console() -> Console:
    """Standard output: as wide as the terminal, or as COLUMNS says, or 160 columns.

    Not `is_terminal`: Jupyter and many CI systems force colours on a pipe, which has no width for all that.
    """
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False) if known else Console(highlight=False, width=160)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(name, overflow="fold", justify="right" if name.endswith("#") else "left")
    for row in rows:
        # Text, not markup: names come from strangers' files and may hold [brackets]
        table.add_row(*(Text(plain(str(cell)), style=_STYLE.get(str(cell), "")) for cell in row))
    return table


def imported(
    system: System, questions: Sequence[Question], conflicts: Sequence[Conflict], coverage: Coverage, limit: int = 10
) -> None:
    """What an import found, how sure that is, and what to ask next."""
    out = console()
    print(f"{system.system}: {len(system.components)} components, {len(system.dependencies)} dependencies")
    out.print(
        _table(
            ["from", "to", "call", "known by", "evidence"],
            ((d.caller, " | ".join(d.to), d.call, d.confidence or "–", _where_from(d)) for d in system.dependencies),
        )
    )
    proposed = [j for j in system.journeys if j.proposed]
    if proposed:
        print("Journeys proposed, to be confirmed: " + ", ".join(f"{j.id} (enters at {j.entry})" for j in proposed))
    print(f"\nCoverage: {coverage.said}.")
    if coverage.explained:
        print(f"Traffic: {coverage.explained.said}.")
    for title, ids in (
        ("Without any dependency", coverage.without_dependency),
        ("Datastores nobody uses", coverage.unused_datastores),
    ):
        if ids:
            print(f"{title}: {', '.join(ids)}")
    for conflict in conflicts:
        print(f"Conflict at {conflict.where}: {conflict.what}; kept {conflict.kept}, dropped {conflict.dropped}")
    if questions:
        print(f"\nQuestions, the most telling first ({min(limit, len(questions))} of {len(questions)}):")
        for number, question in enumerate(questions[:limit], 1):
            print(f"{number:3}. {question.what}  ({question.where}; decides {question.flips} conclusions)")


def choices(open_: Sequence[Choice], dir: Path) -> None:
    """What is open, and how it is answered."""
    if not open_:
        print("Nothing is open.")
        return
    console().print(_table(["name", "what", "answer"], ((c.name, c.what, c.answers) for c in open_)))
    print(f"\n{len(open_)} open. Answer: auditkit settle {dir} {open_[0].name!r} ANSWER --by WHO")


def measured_too(taken: Imported, into: Path) -> None:
    """What became of the latencies in imported traces."""
    if taken.measured:
        known = f"the latencies of {len(taken.measured)} calls are known now; timeouts: auditkit latency {into}"
        print(f"\nMeasured in the same traces: {known}")
    else:
        for note in taken.notes:
            print(f"\n{note}")


def _where_from(dependency: Dependency) -> str:
    if not dependency.evidence:
        return "–"
    first, others = dependency.evidence[0], len(dependency.evidence) - 1
    return f"{first.source}: {first.locator}" + (f" and {others} more" if others else "")


def blast_radii(radii: Sequence[BlastRadius]) -> None:
    """Per scenario: what happens to each journey, and to how many components."""
    out = console()
    out.print(
        _table(
            ["failing", "mode", "value lost", "journeys", "components not ok"],
            (
                (
                    " + ".join(r.fail) or "nothing",
                    r.mode,
                    figures.share(r.value_lost),
                    ", ".join(f"{name} {state}" for name, state in r.journeys.items() if state != State.OK) or "all ok",
                    ", ".join(f"{name} {state}" for name, state in r.components.items() if state != State.OK) or "none",
                )
                for r in sorted(radii, key=lambda r: -r.value_lost)
            ),
        )
    )
    _assumed([a for r in radii for a in r.assumptions])


def _assumed(assumptions: Iterable[object]) -> None:
    texts = sorted({f"{a.where}: {a.what}" for a in assumptions})  # type: ignore[attr-defined]
    if texts:
        print(f"\nAssumed ({len(texts)}):")
        for text in texts[:20]:
            print(f"  {text}")
        if len(texts) > 20:
            print(f"  … and {len(texts) - 20} more (--json lists all)")


def _probability(p: float | Range | None) -> str:
    if p is None:
        return "unknown"
    return f"{p.best:.4g} to {p.worst:.4g}" if isinstance(p, Range) else f"{p:.6g}"


def cut_sets(sets: Sequence[CutSets], limit: int = 30) -> None:
    """Per journey: single points by kind, then the minimal cut sets, the smallest first."""
    for c in sets:
        total = "at least " + str(len(c.sets)) if c.count is None else str(c.count)
        print(f"\n{c.journey}: {total} minimal cut sets, p({c.state}) = {_probability(c.p_failed)}")
        for kind, atoms in (
            ("single components", c.single_points.component),
            ("of these without a spare", c.single_points.instance),
            ("shared causes", c.single_points.shared_cause),
        ):
            if atoms:
                print(f"  {kind}: {', '.join(atoms)}")
        for atoms in c.sets[:limit]:
            print(f"    {{{', '.join(atoms)}}}")
        if c.truncated or len(c.sets) > limit:
            print("    … more (--json lists all that were asked for)")
    _assumed([a for c in sets for a in c.assumptions])


def findings(found: Sequence[Finding], summary: str) -> None:
    """Findings, the gravest first, after one sentence on single points of failure."""
    print(summary)
    for f in found:
        print(f"\n{f.severity.upper()}  {f.check}  {f.subject}  ({f.certainty})\n  {f.title}")
        for line in f.evidence[:6]:
            print(f"    {line}")
        if f.remedy:
            print(f"  Remedy: {f.remedy}")
    print(f"\n{len(found)} findings")


def latency(advices: Sequence[TimeoutAdvice]) -> None:
    """Per call: what was measured, what timeout follows, and why."""
    out = console()
    table = _table(
        ["call", "n #", "p50 #", "p99 (95 %)", "today #", "timeout #", "grade", "false timeouts"],
        (
            (
                a.call,
                a.n,
                figures.duration(a.p50_s),
                _interval(a.p99),
                _today_of(a),
                _timeout_of(a),
                a.grade,
                "–" if a.false_timeout is None else f"{_percent(a.false_timeout.p)} ≤ {_percent(a.false_timeout.upper)}",
            )
            for a in advices
        ),
    )
    for column in table.columns[1:]:
        column.no_wrap = out.width >= _WIDE
    out.print(table)
    if advices:
        print("false timeouts: measured, and at most (95 % sure). ?: nothing bounds it, or a place to start without data.\n")
    for a in advices:
        print(f"{a.call}: {a.reason}")
        for line in _beside(a):
            print(f"  {line}")
    _notes([(a.call, warning) for a in advices for warning in a.warnings])


_WIDE = 90
"""From so many columns on there is room for figures in one line, and for a name beside them."""


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%"


def _interval(p99: Bounds | None) -> str:
    """A quantile with its interval, short enough for a table.

    >>> _interval(Bounds(point=0.1, lo=0.09, hi=0.12)), _interval(Bounds(point=0.1, lo=0.09, hi=None))
    ('100ms (90ms–120ms)', '100ms (90ms–?)')
    """
    if p99 is None:
        return figures.bounds(p99)
    return f"{figures.duration(p99.point)} ({figures.duration(p99.lo)}–{'?' if p99.hi is None else figures.duration(p99.hi)})"


def _today_of(advice: TimeoutAdvice) -> str:
    return "unknown" if advice.today_s is None else "none" if advice.today_s == "none" else figures.duration(advice.today_s)


def _beside(advice: TimeoutAdvice) -> list[str]:
    """What stands beside a recommendation: its cost, the other rule, and the figure without the normal-window selection."""
    if advice.recommended_s is None:
        return _hint(advice)
    lines = [advice.cost] if advice.cost else []
    if advice.aws_rule_s is not None and advice.false_timeout is not None:
        share = figures.share(advice.false_timeout.target)
        lines.append(f"the percentile that {share} of healthy calls exceed: {figures.duration(advice.aws_rule_s)}")
    if advice.unselected_s is not None:
        lines.append(f"with the time slices that were left out as not normal: {figures.duration(advice.unselected_s)}")
    return lines + _hint(advice)


def _hint(advice: TimeoutAdvice) -> list[str]:
    """Where the tail would lead: said as what it is."""
    if advice.extrapolated_s is None:
        return []
    share = figures.share(TARGET if advice.false_timeout is None else advice.false_timeout.target)
    where = figures.duration(float(f"{advice.extrapolated_s:.2g}"))
    return [f"a hint, used for nothing: {share} of healthy calls would take longer than {where} if the tail went on as it began"]


def _timeout_of(advice: TimeoutAdvice) -> str:
    if advice.recommended_s is not None:
        return figures.duration(advice.recommended_s)
    return "–" if advice.provisional_s is None else f"{figures.duration(advice.provisional_s)}?"


def _notes(notes: Sequence[tuple[str, str]]) -> None:
    """Each note once, with the calls that it is about."""
    about: dict[str, list[str]] = {}
    for call, note in notes:
        about.setdefault(note, []).append(call)
    if about:
        print("\nNotes:")
    for note, calls in about.items():
        print(f"  {note}  ({calls[0] if len(calls) == 1 else f'{len(calls)} calls'})")


def plan(strategy: Strategy) -> None:
    """Per dependency what is proposed; then the actions, the gravest first, and what is still to be asked."""
    out = console()
    out.print(
        _table(
            ["dependency", "timeout today", "proposed", "why"],
            (
                (
                    p.dependency,
                    _timeout(p.today),
                    ("provisional " if p.provisional else "") + _timeout(p.proposed),
                    p.reason,
                )
                for p in strategy.policies
            ),
        )
    )
    print(f"Actions ({len(strategy.actions)}), in order:")
    for number, action in enumerate(strategy.actions[:15], 1):
        print(f"{number:3}. [{action.severity}] {action.title}")
    if strategy.open_questions:
        total = len(strategy.open_questions) + (strategy.more_questions or 0)
        print(f"\nOpen questions ({len(strategy.open_questions)} of {total}):")
        for number, question in enumerate(strategy.open_questions, 1):
            print(f"{number:3}. {question.what}  ({question.where})")


def _timeout(policy: object) -> str:
    value = getattr(policy, "timeout_s", None)
    return figures.duration(value) if isinstance(value, float) else ("none" if value == "none" else "unknown")


def summary(done: Summary) -> None:
    """What a whole run found, where the document is, and how to go on."""
    counts = ", ".join(f"{n} {severity}" for severity, n in done.findings.items()) or "none"
    print(f"{done.system}: findings {counts}; {done.policies} policies proposed; {done.open_questions} open questions")
    print(done.single_points)
    print(f"Document: {done.document}")
    print(f"Next: {done.next}")


def comparison(changes: Comparison) -> None:
    """What is new, gone and changed, the gravest first; then settings and risk."""
    for title, found in (("New", changes.new), ("Gone", changes.gone)):
        print(f"{title} findings: {len(found)}")
        for f in found:
            print(f"  [{f.severity}, {f.certainty}] {f.check}  {f.subject}: {f.title}")
    print(f"Changed findings: {len(changes.changed)}")
    for c in changes.changed:
        before, after = (f"{f.severity}, {f.certainty}" for f in (c.before, c.after))
        print(f"  {c.check}  {c.subject}: {before} -> {after}")
    print(f"Changed settings: {len(changes.settings)}")
    for s in changes.settings:
        print(f"  {s.dependency}  {s.setting} ({s.where}): {s.before or 'not there'} -> {s.after or 'not there'}")
    was, now = changes.risk.before, changes.risk.after
    print(f"Single points of failure: {len(was.single_points)} -> {len(now.single_points)}")
    if was.mean_loss is not None and now.mean_loss is not None:
        lost = f"{figures.share(was.mean_loss)} -> {figures.share(now.mean_loss)}"
        print(f"Value that a single failure takes, on average: {lost}")


def drift(differences: Sequence[Drift]) -> None:
    """Where deployed files differ from the strategy."""
    for d in differences:
        print(f"{d.path}  {d.key or 'the file'}: the strategy says {d.strategy}, deployed is {d.deployed}")
    print(f"{len(differences)} differences" if differences else "no drift: what is deployed is what the strategy says")


def progress(unit: str = "run") -> Callable[[int, int], None]:
    """A word on standard error before the first figures come; on a terminal a bar with the time left."""
    bar: list[Any] = []

    def told(done: int, of: int) -> None:
        if not bar:
            from tqdm import tqdm

            what = "Simulating; the first run on a machine compiles for some seconds. Ctrl-C keeps what is done."
            print(what, file=sys.stderr, flush=True)
            bar.append(tqdm(total=of, unit=unit, disable=None, leave=False))
        bar[0].total = of  # an estimate that grows better
        bar[0].update(done - bar[0].n)
        if done == of:
            bar[0].close()

    return told


def tuned(found: Sequence[Tuning]) -> None:
    """A sentence for each figure, then every value that was tried."""
    from auditkit.checks.wording import percent
    from auditkit.planning.tuning import said
    from auditkit.simulation.tuning import MARGIN

    for tuning in found:
        print(said(tuning))
    loss = ("loses while healthy", "loses around the fault", "loses more than the best (95 %)")
    rows = (
        (
            of.figure, f"{tried.value:g}", percent(tried.healthy_loss), percent(tried.fault_loss),
            "" if tried.worse_by.lo is None or tried.worse_by.hi is None
            else f"{100 * tried.worse_by.lo:.3f} to {100 * tried.worse_by.hi:.3f} %",
            "as good" if tried.as_good else "worse",
        )
        for of in found for tried in of.tried
    )  # fmt: skip
    console().print(_table(["figure", "value", *loss, ""], rows))
    first = found[0]
    print(
        f"\nAssumed: the fault is there or felt for {percent(first.fault_share)} of the time (--fault-share); a degraded answer "
        f"loses half of what a request is worth; differences below {percent(MARGIN)} do not count; {len(first.seeds)} seeds."
    )


def storm(found: StormMap) -> None:
    """The margin in a sentence, then the greatest load of each column from which the callee recovers by itself."""
    from auditkit.planning.storms import said

    print(said(found))
    tries = sorted({safe.attempts for safe in found.safe})
    rooms = list(dict.fromkeys(safe.queue for safe in found.safe))
    by_column = {(safe.attempts, safe.queue): safe.load for safe in found.safe}
    rows = (
        ("without end" if room is None else f"{room:g} a worker", *(figures.share(by_column[n, room]) for n in tries))
        for room in rooms
    )
    console().print(_table(["recovers up to a load of, with a queue", *(f"{n} attempt{'s' * (n > 1)}" for n in tries)], rows))
    print(
        f"\nEach attempt waits {figures.duration(found.timeout_s)}; nothing was answered for "
        f"{figures.duration(found.trigger_s)}, recovery had {figures.duration(found.patience_s)}. Columns are without a "
        "budget; with an endless queue theory says 1 / attempts. All callers retry alike, and nobody else asks it."
    )


def _swept(runs: Sequence[RunResult], proposed: Mapping[str, str]) -> None:
    """How far the verdicts on the proposed settings hang on what was assumed."""
    ends = {run.experiment: True for run in runs if run.settings.startswith("unknowns ")}
    for run in runs:
        if run.settings.startswith("unknowns "):
            ends[run.experiment] &= run.verdict == proposed.get(run.experiment)
    if ends:
        same = sum(ends.values())
        print(
            f"\nWith everything that is unknown at its low and at its high end {same} of {len(ends)} verdicts on the proposed "
            "settings stay the same" + ("." if same == len(ends) else "; the rows `assuming …` say which answers matter.")
        )


def _spared(runs: Sequence[RunResult]) -> None:
    """How many runs stopped after one seed, and how many were left out."""
    all_seeds = max(len(run.seeds) for run in runs)
    one, none = (sum(len(run.seeds) == n for run in runs) for n in (1, 0))
    if all_seeds > 1 and (one or none):
        print(
            f"\nOf {len(runs)} results {one} rest on one seed, which settled them, {none} on no run of their own, since the "
            f"proposal did no more in that fault than before it, the others on {all_seeds} seeds. `verdicts` below says why."
        )


def healthy(costs: Sequence[HealthyCost]) -> None:
    """What the patterns cost while nothing is wrong; those that cost nothing in a line."""
    from auditkit.planning.proving import said

    if not costs:
        return
    told = [cost for cost in costs if cost.refused.point or cost.not_full.point or cost.more_attempts.point]
    print("\nWhile nothing is wrong, with it and without it on the same draws:")
    for cost in told:
        print(f"  {cost.dependency}, {cost.pattern.replace('_', ' ')}: {said(cost).partition(': ')[2]}")
    print(f"  the other {len(costs) - len(told)} settings: nothing that was seen")


def simulated(runs: Sequence[RunResult]) -> None:
    """Each experiment under today's settings and the proposed ones: the verdict and its figures; then what was assumed."""
    if not runs:
        print("The plan has no chaos experiment to simulate.")
        return
    proposed = {run.experiment: run.verdict for run in runs if run.settings == "proposed"}
    always = ("today", "proposed")
    shown = [run for run in runs if run.settings in always or run.verdict != proposed.get(run.experiment)]
    rows = ((run.experiment, run.settings, run.verdict, run.why) for run in shown)
    console().print(_table(["experiment", "settings", "verdict", "while the fault lasts"], rows))
    if len(shown) < len(runs):
        print(f"\n{len(runs) - len(shown)} other runs end like the proposed settings: --json lists them.")
    _swept(runs, proposed)
    _spared(runs)
    assumed = dict.fromkeys((a.where, a.what) for run in runs for a in run.assumptions)
    print(f"\nAssumed, for want of an answer ({len(assumed)}):")
    for where, what in assumed:
        print(f"  {where}: {what}")
