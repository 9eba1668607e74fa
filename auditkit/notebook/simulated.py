"""A plan's experiments, simulated from a cell: run them, see what each shows, what was assumed, and one second by second."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from auditkit.document.run_picture import run_picture
from auditkit.model.audit import PolicyProposal, Trial
from auditkit.notebook.frames import frame
from auditkit.project import Audit
from auditkit.project import folder as held
from auditkit.project.simulating import left_out, second_by_second, simulate
from auditkit.simulation import setup_of

if TYPE_CHECKING:
    import pandas as pd

WITHIN_S = 30.0
"""Seconds after which no further fault is begun by `prove`: a large plan is simulated whole by `auditkit simulate`."""
WORDS = {"holds": "✓ holds", "fails": "✕ fails", "cannot tell": "? cannot tell"}
PATTERNS = ("timeout", "retry", "circuit_breaker", "bulkhead", "fallback")


def prove(audit: Audit, within_s: float = WITHIN_S, seed: int = 1) -> str:
    """Simulate the experiments of the plan; while it goes on a line shows how far it is. Returns what came out.

    Verdicts are kept. After `within_s` seconds no further fault is begun, and it says what is left, of which nothing is proven;
    asked again, it goes on with that. The plain call `simulate(audit.folder)` of `auditkit.project.simulating`, or `auditkit
    simulate`, knows no such limit. The kernel's stop button keeps what is done, too.
    """
    from IPython.display import display

    planned = [e for e in (audit.strategy or audit.plan()).experiments if e.kind == "chaos"]
    if not planned:
        return "No experiment is planned yet: measure latencies and plan first (04, 05)."
    line, started = widgets.HTML(starting()), time.monotonic()
    display(line)  # type: ignore[no-untyped-call]

    def moved(done: int, of: int) -> None:
        line.value = html.escape(how_far(done, of, time.monotonic() - started) if done else starting())

    done = simulate(audit.folder, seed=seed, progress=moved, stop=lambda: time.monotonic() - started > within_s)
    line.value = ""
    left = set(left_out(audit.folder))
    faults, ahead = (len({setup_of(e).faults for e in of}) for of in (planned, [e for e in planned if e.id in left]))
    said = [f"{faults - ahead} of {faults} faults simulated, seed {seed}. Kept in out/simulation.json."]
    if left:
        said.append(f"Of the other {ahead} nothing is proven; for the rest run this again, or: auditkit simulate {audit.folder}")
    refuted = [run.experiment for run in done if run.settings == "proposed" and run.verdict == "fails"]
    none = "No proposed setting is refuted" + (" so far." if left else ".")
    said.append(f"The proposed settings fail: {', '.join(refuted)}." if refuted else none)
    return "\n".join(said)


def starting() -> str:
    """What is said before the first fault is done."""
    return "Simulating. The very first time on a machine the simulation is compiled, for some ten seconds …"


def how_far(done: int, of: int, elapsed_s: float) -> str:
    """How many runs are simulated, of about how many, and the time left when the others take as long.

    >>> how_far(0, 12, 0.0), how_far(3, 12, 6.0)
    ('0 of about 12 runs simulated', '3 of about 12 runs simulated, about 18 s left')
    """
    left = f", about {elapsed_s / done * (of - done):.0f} s left" if 0 < done < of else ""
    return f"{done} of about {of} runs simulated{left}"


def trials_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """What the simulation showed of each experiment: today, as proposed, and the proposals without which it fails.

    Refuted ones stand first, then those in which the proposals make the difference.
    """
    rows = []
    for name in dict.fromkeys(trial.experiment for trial in trials):
        by_settings = {trial.settings: trial for trial in trials if trial.experiment == name}
        today, proposed = by_settings.get("today"), by_settings.get("proposed")
        rows.append((_rank(today, proposed), name, _word(today), _word(proposed), missed(by_settings.values()), _why(proposed)))
    rows.sort(key=lambda row: row[0])
    columns = ("experiment", "today", "proposed", "fails again without", "with the proposed settings")
    return frame(columns, (row[1:] for row in rows), "experiment")


def missed(trials: Iterable[Trial]) -> str:
    """The proposals of which each alone is needed: without it the experiment fails, with all of them it does not."""
    by_settings = {trial.settings: trial.verdict for trial in trials}
    if by_settings.get("proposed") == "fails":
        return "–"
    failing = (name for name, verdict in by_settings.items() if verdict == "fails" and name.startswith("without "))
    needed = [name.removeprefix("without ") for name in failing]
    return ", ".join(needed) or "–"


def standings_table(policies: Sequence[PolicyProposal]) -> pd.DataFrame:
    """How far each pattern of each call has come, and what is withheld because its own experiment fails."""
    of = [proposal for proposal in policies if proposal.standing]
    used = [pattern for pattern in PATTERNS if any(pattern in proposal.standing for proposal in of)]
    rows = (
        (p.dependency, *(p.standing.get(pattern, "–") for pattern in used), "; ".join(p.withheld.values()) or "–") for p in of
    )
    return frame(("call", *(pattern.replace("_", " ") for pattern in used), "withheld"), rows, "call")


def assumed_table(audit: Audit) -> pd.DataFrame:
    """What the kept simulations had to take for granted."""
    return frame(("about", "assumed"), ((a.where, a.what) for a in held.trials(audit.folder).assumptions))


def telling_experiment(trials: Sequence[Trial]) -> str | None:
    """The first experiment that fails today and holds as proposed; else the first that was simulated, else None."""
    verdicts = {(trial.experiment, trial.settings): trial.verdict for trial in trials}
    names = list(dict.fromkeys(trial.experiment for trial in trials))
    mended = (n for n in names if verdicts.get((n, "today")) == "fails" and verdicts.get((n, "proposed")) == "holds")
    return next(mended, names[0] if names else None)


def experiment_picture(audit: Audit, experiment: str | None = None, journey: str | None = None, seed: int = 1) -> widgets.HTML:
    """One experiment second by second, today beside proposed; by default the most telling of those that were simulated.

    The plain call: `second_by_second(audit.folder, experiment)`. Raises `InputError` where the plan has no such experiment.
    """
    trials = audit.strategy.trials if audit.strategy else ()
    name = experiment or telling_experiment(trials)
    if name is None:
        return widgets.HTML("<p>Nothing has been simulated yet.</p>")
    svg, _, _ = run_picture(second_by_second(audit.folder, name, seed), journey or hardest_hit(trials, name))
    return widgets.HTML(f"<p><b>{html.escape(name)}</b></p>{svg}")


def hardest_hit(trials: Iterable[Trial], experiment: str) -> str | None:
    """The journey with most bad answers today while an experiment's fault lasts; None where it was not simulated."""
    bad = next((trial.bad for trial in trials if (trial.experiment, trial.settings) == (experiment, "today")), {})
    return max(bad, key=lambda name: bad[name], default=None)


def _rank(today: Trial | None, proposed: Trial | None) -> int:
    if proposed is None or proposed.verdict != "holds":
        return 0
    return 1 if today is not None and today.verdict == "fails" else 2


def _word(trial: Trial | None) -> str:
    return "–" if trial is None else WORDS[trial.verdict]


def _why(trial: Trial | None) -> str:
    return "–" if trial is None else trial.why
