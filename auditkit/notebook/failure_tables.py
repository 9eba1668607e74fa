"""Failures as tables: scenarios, single points, cut sets, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditkit.model.failure import BlastRadius, CutSets, Range, State
from auditkit.notebook.appearance import LOOKS, state_word
from auditkit.notebook.frames import UNKNOWN, frame

if TYPE_CHECKING:
    import pandas as pd


def blast_table(radii: Iterable[BlastRadius]) -> pd.DataFrame:
    """Scenarios side by side: state of each journey, value lost, how many components are reached. Worst first."""
    listed = sorted(radii, key=lambda r: (-r.value_lost, -sum(s > State.OK for s in r.components.values()), r.fail))
    journeys = tuple(listed[0].journeys) if listed else ()
    return frame(
        ("fails", "mode", *journeys, "value lost", "components reached", "assumptions"),
        (
            (
                " + ".join(r.fail) or "nothing", r.mode, *(state_word(r.journeys[j]) for j in journeys), f"{r.value_lost:.0%}",
                sum(s > State.OK for name, s in r.components.items() if name not in r.fail), len(r.assumptions),
            )
            for r in listed
        ),
        "fails",
    )  # fmt: skip


def states_table(radius: BlastRadius) -> pd.DataFrame:
    """One scenario: the state of every journey and component, the worst first."""
    rows = [("journey", name, state) for name, state in radius.journeys.items()]
    rows += [("component", name, state) for name, state in radius.components.items()]
    rows.sort(key=lambda row: (-row[2].badness, row[0] == "component", row[1]))
    return frame(("what", "name", "state"), ((what, name, state_word(state)) for what, name, state in rows))


def assumptions_table(radius: BlastRadius | CutSets) -> pd.DataFrame:
    """What was taken for granted because nobody has told it."""
    return frame(("about", "assumed"), ((a.where, a.what) for a in radius.assumptions))


def single_points_table(sets: Iterable[CutSets]) -> pd.DataFrame:
    """What fails a journey alone, of each of the three kinds, never mixed."""
    return frame(
        ("journey", "components", "without a spare instance", "shared causes"),
        (
            (s.journey, *(", ".join(names) or "none found" for names in (p.component, p.instance, p.shared_cause)))
            for s in sets
            for p in [s.single_points]
        ),
        "journey",
    )


def cut_sets_table(sets: Iterable[CutSets], size: int | None = None) -> pd.DataFrame:
    """What fails together to fail a journey: every minimal set, the smallest first; `size` keeps those of one size."""
    return frame(
        ("journey", "size", "fail together"),
        ((s.journey, len(cut), " + ".join(cut)) for s in sets for cut in s.sets if size is None or len(cut) == size),
    )


def availability_table(sets: Iterable[CutSets]) -> pd.DataFrame:
    """How often each journey fails, from the availabilities that were given; a range where some are unknown."""
    return frame(
        ("journey", "fails", "cut sets"),
        ((s.journey, _probability(s.p_failed), UNKNOWN if s.count is None else s.count) for s in sets),
        "journey",
    )


def _probability(p: float | Range | None) -> str:
    if p is None:
        return UNKNOWN
    return f"{p.best:.4%} to {p.worst:.4%} of the time" if isinstance(p, Range) else f"{p:.4%} of the time"


def legend_table() -> pd.DataFrame:
    """What the words for states mean."""
    meaning = {
        State.OK: "works",
        State.DEGRADED: "works with something less, as planned",
        State.LATE: "answers, but after the deadline (journeys only)",
        State.FAILED: "answers quickly, with an error",
        State.HUNG: "does not answer in time, and holds whoever waits",
    }
    return frame(("state", "meaning"), ((state_word(s), meaning[s]) for s in LOOKS if s is not None), "state")


def comparison_table(down: Iterable[BlastRadius], slow: Iterable[BlastRadius]) -> pd.DataFrame:
    """The failures that are worse slow than down: journeys that are hit, and value lost, in both."""
    other = {radius.fail: radius for radius in slow}
    pairs = [(one, other[one.fail]) for one in down if one.fail in other]
    worse = [(one, two) for one, two in pairs if any(two.journeys[j] > state for j, state in one.journeys.items())]
    worse.sort(key=lambda pair: (pair[0].value_lost - pair[1].value_lost, pair[0].fail))
    return frame(
        ("fails", "down", "slow", "value lost down", "value lost slow"),
        ((" + ".join(a.fail), journeys_hit(a), journeys_hit(b), f"{a.value_lost:.0%}", f"{b.value_lost:.0%}") for a, b in worse),
        "fails",
    )


def bounds_table(worst: Iterable[BlastRadius], best: Iterable[BlastRadius]) -> pd.DataFrame:
    """The failures whose outcome hangs on open questions: under the worst answers (possible) and the best (proven)."""
    other = {radius.fail: radius for radius in best}
    pairs = [(one, other[one.fail]) for one in worst if one.fail in other and one.journeys != other[one.fail].journeys]
    return frame(
        ("fails", "possible", "proven", "assumptions"),
        ((" + ".join(a.fail), journeys_hit(a), journeys_hit(b), len(a.assumptions)) for a, b in pairs),
        "fails",
    )


def journeys_hit(radius: BlastRadius) -> str:
    """The journeys that a scenario hits, with their states."""
    hit = [f"{journey} {state_word(state)}" for journey, state in radius.journeys.items() if state > State.OK]
    return ", ".join(hit) or "every journey ok"


def least_known(radii: Iterable[BlastRadius]) -> BlastRadius:
    """The scenario that rests on most assumptions, by name among equals. Raises `ValueError` without any."""
    return min(radii, key=lambda radius: (-len(radius.assumptions), radius.fail))
