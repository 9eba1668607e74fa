"""Section 14, its first part: the experiments as simulated, before and after, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditkit.document.blocks import (
    Block,
    Heading,
    Part,
    Picture,
    Rich,
    Run,
    bullets,
    code,
    joined,
    link,
    muted,
    rich,
    table,
    text,
)
from auditkit.document.figures import duration, how_many, share
from auditkit.document.sections.words import by_words, some
from auditkit.document.view import IN_FULL, View
from auditkit.model.audit import Experiment, PolicyProposal, Simulated, Trial
from auditkit.model.runs import JourneyTrial, Seen

_LOOKS: Final[Mapping[Simulated, Run]] = {
    "holds": Run("✓ holds", "state", tone="ok"),
    "fails": Run("✕ fails", "state", tone="failed"),
    "cannot tell": Run("◐ cannot tell", "state", tone="degraded"),
}


def simulated(view: View) -> list[Block]:
    """Verdicts, pictures, what is withheld, what the settings cost while all is well, what cannot be left out; or nothing."""
    pairs = _pairs(view.book.strategy.trials)
    if not pairs:
        return _withheld(view) if any(proposal.withheld for proposal in view.proposals.values()) else []
    return [
        Heading("Simulation, before and after", "simulation"),
        _how(view, pairs),
        *_verdicts(view, pairs),
        *_pictures(view),
        *_withheld(view),
        *_cost(pairs),
        *_needed(view, pairs),
        *_assumed(view),
        *_swept(view, pairs),
    ]


def _pairs(trials: tuple[Trial, ...]) -> dict[str, tuple[Trial, Trial]]:
    """Today and proposed, by experiment."""
    found = {(trial.experiment, trial.settings): trial for trial in trials}
    names = sorted({trial.experiment for trial in trials})
    return {n: (found[n, "today"], found[n, "proposed"]) for n in names if (n, "today") in found and (n, "proposed") in found}


def _how(view: View, pairs: Mapping[str, tuple[Trial, Trial]]) -> Block:
    def count(which: int) -> str:
        verdicts = [pair[which].verdict for pair in pairs.values()]
        return ", ".join(f"{n} {verdict}" for verdict in _LOOKS if (n := verdicts.count(verdict)))

    seeds = next(iter(pairs.values()))[0].seeds
    drawn = f" ({how_many(len(seeds), 'run')} each, seeds {seeds[0]} to {seeds[-1]})" if seeds else ""
    return text(
        f"{how_many(len(pairs), 'chaos experiment')} simulated request by request, with today's settings and with the proposed "
        f"ones, on the same random draws{drawn}. Of the claims, today: {count(0)}; with the proposed settings: {count(1)}. A "
        "simulation shows what follows from what is known; it replaces no experiment. ",
        link("How it is judged", "rule-simulation"),
        ".",
    )


def _verdicts(view: View, pairs: Mapping[str, tuple[Trial, Trial]]) -> list[Block]:
    plan = {experiment.id: experiment for experiment in view.book.strategy.experiments}
    told = {experiment.id for experiment in view.experiments("chaos")[:IN_FULL]}
    names = sorted(pairs, key=lambda n: (_order(pairs[n]), n))
    rows: list[tuple[Part, ...]] = []
    for name in names[:IN_FULL]:
        before, after = pairs[name]
        rows.append(
            (
                code(name, f"experiment-{name}" if name in told else ""),
                _LOOKS[before.verdict],
                rich(_LOOKS[after.verdict], *((" ", muted(after.why)) if after.verdict != "holds" else ())),
                _seen(plan.get(name), before, after),
            )
        )
    head = ("Experiment", "Today", "Proposed", "Bad answers while the fault lasts: today → proposed (95 % interval)")
    found: list[Block] = [table("Verdicts", head, rows, widths=(2.4, 1, 1.6, 4))]
    if len(names) > IN_FULL:
        found.append(text(f"The first {IN_FULL} of {len(names):,}; all are in ", code("strategy.json"), "."))
    return found


def _order(pair: tuple[Trial, Trial]) -> int:
    """What fails with the proposed settings first, then what they mend."""
    before, after = pair
    return 0 if after.verdict == "fails" else 1 if after.verdict == "cannot tell" else 2 if before.verdict != "holds" else 3


def _seen(experiment: Experiment | None, before: Trial, after: Trial) -> Rich:
    steady = [name for name in (experiment.steady if experiment else ()) if name in after.journeys]
    parts = [rich(f"{name}: {_bad(before.journeys.get(name))} → {_bad(after.journeys[name])}") for name in steady]
    back = [name for name in (experiment.back if experiment else ()) if name in after.journeys]
    if back:
        late = [j.recover_s for name in back if (j := after.journeys[name])]
        slowest = max((s for s in late if s is not None), default=None)
        when = "not in the time simulated" if None in late or slowest is None else _within(slowest)
        parts.append(rich(f"may stop: {', '.join(back)}; as before afterwards: {when}"))
    return joined(parts, "; ") or rich("–")


def _within(seconds: float) -> str:
    return f"within {duration(round(seconds))}" if seconds >= 0.5 else "at once"


def _bad(trial: JourneyTrial | None) -> str:
    return "–" if trial is None or trial.during is None else _interval(trial.during)


def _interval(seen: Seen) -> str:
    if seen.bad_lo is None or seen.bad_hi is None or seen.bad_lo == seen.bad_hi:
        return share(seen.bad)
    return f"{share(seen.bad)} ({share(max(0.0, seen.bad_lo))} to {share(min(1.0, seen.bad_hi))})"


def _pictures(view: View) -> list[Block]:
    runs = [run for run in view.book.runs if run.journey]
    if not runs:
        return []
    from auditkit.document.run_picture import run_picture  # matplotlib, which nothing else here needs

    found: list[Block] = []
    for number, run in enumerate(runs, start=1):
        name = f"simulation-{number}"
        svg, _, words = run_picture(run.series, run.journey, name)
        found.append(
            Picture(name, svg, f"{run.experiment}: the journey {run.journey}, today and with the proposed settings", words)
        )
    return found


def _withheld(view: View) -> list[Block]:
    found: list[Block] = [Heading("Withheld", "withheld")]
    items = [
        rich(code(proposal.dependency), f", {pattern.replace('_', ' ')}: ", _why(proposal, why))
        for proposal in view.proposals.values()
        for pattern, why in sorted(proposal.withheld.items())
    ]
    if not items:
        return [*found, text("No proposed setting fails an experiment of its own, so none is withheld.")]
    rest = "What is left without these was not simulated as a whole: choose other figures for them, and simulate again."
    return [*found, bullets(items), text(rest)]


def _why(proposal: PolicyProposal, why: str) -> str:
    if proposal.adopted:
        return f"exported all the same, because somebody has adopted it, although {why}"
    return f"not exported as recommended, because {why}. Today's setting stays."


def _cost(pairs: Mapping[str, tuple[Trial, Trial]]) -> list[Block]:
    """All experiments begin with the same draws, so that any of them tells what the settings do before its fault."""
    before, after = next(iter(pairs.values()))
    rows: list[tuple[Part, ...]] = []
    for name in sorted({*before.journeys, *after.journeys}):
        was, now = (t.journeys[name].before if name in t.journeys else None for t in (before, after))
        if was is not None and now is not None:
            cells = ((_interval(s), duration(s.p99_s) if s.p99_s is not None else "–", f"{s.attempts:.3f}") for s in (was, now))
            rows.append((name, *(cell for two in zip(*cells, strict=True) for cell in two)))
    if not rows:
        return []
    head = ("Journey", "Bad today", "proposed", "p99 today", "proposed", "Attempts a request today", "proposed")
    return [
        Heading("What the proposed settings cost while all is well", "healthy-cost"),
        table("Before the fault, on the same draws", head, rows, figures=range(1, 7), widths=(1.4, 2, 2, 1, 1, 1.2, 1)),
    ]


def _needed(view: View, pairs: Mapping[str, tuple[Trial, Trial]]) -> list[Block]:
    """Proposals without which, alone, an experiment fails that holds with all of them."""
    fails: dict[str, list[str]] = {}
    tried: set[str] = set()
    for trial in view.book.strategy.trials:
        subject = trial.settings.removeprefix("without ")
        if subject != trial.settings and trial.experiment in pairs:
            tried.add(subject)
            if trial.verdict == "fails" and pairs[trial.experiment][1].verdict == "holds":
                fails.setdefault(subject, []).append(trial.experiment)
    if not tried:
        return []
    grouped = by_words((subject, tuple(sorted(names))) for subject, names in sorted(fails.items()))
    found: list[Block] = [Heading("Each proposal left out alone", "left-out")]
    if grouped:
        rows = [(some(subjects), some(names)) for names, subjects in grouped.items()]
        found.append(table("Proposals that cannot be left out", ("Any one of", "Without it these fail"), rows, widths=(3, 4)))
    rest = sorted(tried - set(fails))
    if rest:
        found.append(text("No verdict changes without any one of the others: ", some(rest), "."))
    return found


def _assumed(view: View) -> list[Block]:
    told = by_words((a.where, (a.what,)) for a in view.book.simulated_with)
    if not told:
        return []
    items = [rich(what, ": ", some(where)) for (what,), where in told.items()]
    return [Heading("What the simulation had to assume", "simulation-assumed"), bullets(items)]


def _swept(view: View, pairs: Mapping[str, tuple[Trial, Trial]]) -> list[Block]:
    """On which answers that nobody has given the verdicts hang."""
    trials = [trial for trial in view.book.strategy.trials if trial.experiment in pairs]
    swept = {trial.experiment for trial in trials if trial.settings.startswith("unknowns ")}
    if not swept:
        return []
    other = [trial for trial in trials if trial.verdict != pairs[trial.experiment][1].verdict]
    changed = {trial.experiment for trial in other if trial.settings.startswith("unknowns ")}
    same = f"{len(swept) - len(changed)} of {how_many(len(swept), 'verdict')} on the proposed settings"
    found: list[Block] = [text(f"With all of that at its low and at its high end {same} stay the same.")]
    hangs: dict[str, list[str]] = {}
    for trial in other:
        if (answer := trial.settings.removeprefix("assuming ")) != trial.settings:
            hangs.setdefault(answer, []).append(f"{trial.experiment}: {trial.verdict}")
    if hangs:
        rows = [(answer, some(sorted(names))) for answer, names in sorted(hangs.items())]
        found.append(table("Answers that a verdict hangs on", ("If it were", "These would be"), rows, widths=(3, 4)))
    return found
