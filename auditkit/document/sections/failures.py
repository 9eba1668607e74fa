"""Section 5: what each failure does, alone and together, down and slow."""

from __future__ import annotations

from auditkit.document.blocks import (
    Block,
    Heading,
    Part,
    Picture,
    Rich,
    Row,
    bullets,
    code,
    joined,
    link,
    muted,
    rich,
    strong,
    table,
    text,
    warning,
)
from auditkit.document.completeness import Missing
from auditkit.document.figures import how_many, share
from auditkit.document.heatmap import heat_map
from auditkit.document.sections.journeys import journey_pages
from auditkit.document.sections.words import CHOICES, MANY, gaps, names, severity, states
from auditkit.document.settings import fallback
from auditkit.document.view import MOST, STOPPING, Effect, View
from auditkit.model.audit import Finding
from auditkit.model.failure import CutSets, Mode, State
from auditkit.model.system import split_target


def failures(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Single points, blast radii, pairs, shared fate, cycles, degraded modes, and what the checks found."""
    return [
        *_single_points(view),
        *_blast(view),
        *_together(view),
        *_shared(view),
        *_cycles(view),
        *_degraded(view),
        *journey_pages(view),
        *_findings(view),
        *gaps(empty, "failures"),
    ]


def _single_points(view: View) -> list[Block]:
    found: list[Block] = [Heading("Single points of failure", "single-points")]
    if view.book.single_points:
        found.append(text(view.book.single_points))
    rows = []
    for atom in view.atoms:
        stopped = {effect.mode: effect for effect in view.effects if effect.atom == atom and _stops(effect)}
        if stopped:
            sure = any(_stopped(effect, "best") for effect in stopped.values())
            rows.append(
                (
                    code(atom),
                    _kind(view, atom),
                    "proven" if sure else "possible",
                    *(_journeys(stopped.get(mode)) for mode in ("down", "slow")),
                )
            )
    if rows:
        head = ("What fails alone", "Kind", "Certainty", "Stops when down", "Stops when slow")
        found.append(table("What stops a journey alone", head, rows[:MANY], widths=(2, 2, 1, 2.5, 2.5)))
        found += _cut(len(rows), "auditkit check")
        found.append(
            text(
                "Proven: it stops the journey whatever the open answers are. Possible: it does under the worst answers. "
                "Three kinds, never mixed: a component that is needed however many instances it has, an instance without "
                "a spare, a cause that several components share. ",
                link("How it is computed", "rule-failure"),
                ".",
            )
        )
    return found


def _stopped(effect: Effect, assume: str) -> tuple[str, ...]:
    radius = effect.best if assume == "best" else effect.worst
    return tuple(sorted(j for j, s in radius.journeys.items() if s in STOPPING)) if radius else ()


def _stops(effect: Effect) -> bool:
    return bool(_stopped(effect, "best") or _stopped(effect, "worst"))


def _journeys(effect: Effect | None) -> Rich:
    if effect is None:
        return rich("–")
    sure = _stopped(effect, "best")
    maybe = [j for j in _stopped(effect, "worst") if j not in sure]
    return rich(names(sure, ""), " and " if sure and maybe else "", names(maybe, ""), " (possible)" if maybe else "")


def _kind(view: View, atom: str) -> str:
    component = view.paths.components.get(atom)
    if component is not None:
        spare = component.instances is not None and component.instances == component.needed
        return "instance without a spare" if spare else "component"
    cause = next((c for c in view.book.system.common_causes if c.id == atom), None)
    return f"shared cause ({cause.kind})" if cause else "shared cause (placement domain)"


def _blast(view: View) -> list[Block]:
    if not view.effects:
        return []
    rows = []
    for atom in view.atoms:
        pair = [view.effect(atom, mode) for mode in ("down", "slow")]
        radii = [(effect.worst or effect.best) if effect else None for effect in pair]
        if any(radius and any(s != State.OK for s in radius.journeys.values()) for radius in radii):
            cells: list[Part] = [code(atom)]
            for radius in radii:
                cells += [states(radius.journeys), share(radius.value_lost)] if radius else ["not computed", "–"]
            rows.append(cells)
    harmless = len(view.atoms) - len(rows)
    head = ("What fails", "When down: journeys", "Value lost", "When slow: journeys", "Value lost")
    found: list[Block] = [
        Heading("Blast radius of every single failure", "blast-radius"),
        text(
            "Down: it answers at once with an error. Slow: it does not answer in time, which spreads further, because "
            "callers wait "
            "and their workers are held. Value lost is the share of all journeys' value that is failed, late or hung, "
            "under the worst answers to open questions. ",
            link("How it is computed", "rule-failure"),
            ".",
        ),
        *_heat_map(view),
        table("Blast radius, the largest first", head, rows[:MANY], figures=(2, 4), widths=(1.8, 3, 0.9, 3, 0.9)),
        *_cut(len(rows), "auditkit blast-radius"),
    ]
    if harmless:
        found.append(text(f"{how_many(harmless, 'other failure')} touch{'es' if harmless == 1 else ''} no known journey."))
    return found


def _heat_map(view: View) -> list[Block]:
    drawn = heat_map(view)
    return [Picture("blast-heat-map", *drawn)] if drawn else []


def _cut(count: int, command: str, most: int = MANY) -> list[Block]:
    return [text(f"The first {most} of {count:,}; ", code(command), " prints them all.")] if count > most else []


def _together(view: View) -> list[Block]:
    found: list[Block] = [Heading("Failures that stop a journey only together", "pairs")]
    rows: list[tuple[Part, ...]] = []
    total = 0
    modes: tuple[Mode, ...] = ("down", "slow")
    for mode in modes:
        for cuts in view.cut_sets(mode):
            several = [s for s in cuts.sets if len(s) > 1]
            total += len(several)
            rows += [(code(cuts.journey), mode, str(len(s)), joined((code(a) for a in s), " and ")) for s in several]
    rows.sort(key=lambda row: (str(row[2]), str(row[0]), str(row[1]), str(row[3])))
    if rows:
        found.append(
            table(
                "Minimal cut sets of two and more",
                ("Journey", "Mode", "Size", "These together"),
                rows[:MANY],
                figures=(2,),
                widths=(1, 0.7, 0.5, 4),
            )
        )
        found += _cut(len(rows), "auditkit cut-sets")
    elif view.book.strategy.cut_sets:
        found.append(
            text("No set of failures is known that stops a journey only together; single failures are above.", _reservation(view))
        )
    limited = sorted({_limit(cuts) for mode in modes for cuts in view.cut_sets(mode) if cuts.truncated or cuts.max_order})
    found += [text(words) for words in limited]
    return found


def _reservation(view: View) -> str:
    coverage = view.book.coverage
    if coverage is not None and coverage.grade == "high":
        return ""
    return f" Coverage is {coverage.grade if coverage else 'unknown'}: there may be some that nobody has described."


def _limit(cuts: CutSets) -> str:
    return (
        f"Sets of more than {cuts.max_order} failures were not listed."
        if cuts.max_order
        else "The list is partial: a limit was reached."
    )


def _shared(view: View) -> list[Block]:
    causes = {c.id: names(c.affects) for c in view.book.system.common_causes}
    for component in view.book.system.components:
        for domain in component.placement or {}:
            causes[domain] = rich(*(causes.get(domain) or ()), ", " if domain in causes else "", code(component.id))
    rows = []
    for cause in sorted(causes):
        effect = view.effect(cause, "down")
        radius = (effect.worst or effect.best) if effect else None
        rows.append((code(cause), causes[cause], states(radius.journeys) if radius else "not computed"))
    found: list[Block] = [Heading("Shared fate", "shared-fate")]
    if not rows:
        return [
            *found,
            warning("No common cause and no placement is known: whether redundant parts fail together was not examined."),
        ]
    return [
        *found,
        table(
            "What fails together, and what that does",
            ("Cause or domain", "Takes", "Journeys when down"),
            rows,
            widths=(1.2, 3, 3),
        ),
    ]


def _cycles(view: View) -> list[Block]:
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for dependency in view.book.system.dependencies:
        if dependency.call == "sync":
            graph.add_edges_from((split_target(dependency.caller)[0], split_target(target)[0]) for target in dependency.to)
    loops = sorted(sorted(found) for found in networkx.strongly_connected_components(graph) if len(found) > 1)
    loops += sorted([name] for name in graph if graph.has_edge(name, name))
    if not loops:
        return []
    return [
        Heading("Cycles", "cycles"),
        text(
            "These call each other in a circle: none can be started, updated or recovered without the others, and retries "
            "multiply around it."
        ),
        bullets(joined((code(name) for name in loop), " ⇄ ") for loop in loops),
    ]


def _degraded(view: View) -> list[Block]:
    rows = [(code(d.caller), names(d.to), fallback(d.fallback)) for d in view.calls if d.on_failure == "degrade"]
    if not rows:
        return []
    return [
        Heading("Degraded modes", "degraded"),
        table("What is served instead", ("Caller", "When this fails", "Users get"), rows, widths=(1.5, 1.5, 3)),
    ]


def _findings(view: View) -> list[Block]:
    found: list[Block] = [Heading("What the checks found", "findings")]
    if not view.findings:
        return [*found, text("No check found anything. What is not described could not be checked.")]
    rows = [Row(_finding(view, finding), view.finding_anchor(finding)) for finding in view.findings[:MOST]]
    head = ("Severity", "Finding", "Remedy", "Decision")
    return [
        *found,
        table("Findings, the heaviest first", head, rows, widths=(1.1, 4, 3.5, 1)),
        *_cut(len(view.findings), "auditkit check", MOST),
        text(code("auditkit explain CHECK"), " says why a check matters, how it decides and when it is wrong."),
    ]


def _finding(view: View, finding: Finding) -> tuple[Rich, ...]:
    decision = view.decisions.get(finding.key)
    return (
        rich(severity(finding.severity)),
        rich(
            strong(finding.title),
            muted(f" {finding.certainty} · {finding.check} · "),
            link("evidence", view.evidence_anchor(finding)),
        ),
        rich(finding.remedy),
        rich(CHOICES[decision.choice] if decision else "none yet"),
    )
