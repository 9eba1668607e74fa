"""What keeps coverage from being called high: one table of rules, each with the best grade it allows and its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from auditkit.model.draft import Explained

Grade = Literal["low", "medium", "high"]

MAX_SHARE_ALONE: Final = 0.25
MAX_SHARE_GUESSED: Final = 0.5
MAX_SHARE_UNKNOWN: Final = 0.25
"""Of all calls that are known to be made: those whose other end is in no file."""
MAX_WEIGHTY_SHARE: Final = 0.25
"""Open questions that would change a conclusion, for each dependency; above it hardly anything is settled."""
MIN_SHARE_STATED: Final = 0.8
MIN_SHARE_EXPLAINED: Final = 0.8
"""Of all calls that were counted in traffic: those over dependencies that a file or a person states as well."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules look at: counts and names, bystanders (telemetry, load generators) left out."""

    components: int
    dependencies: int
    alone: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    stated: int = 0
    guessed: int = 0
    drawn: int = 0
    """Dependencies that nothing but a drawing or a catalogue shows."""
    unknown: tuple[str, ...] = ()
    """Calls whose other end is in no file."""
    left_open: int = 0
    """Other questions that imports left."""
    weighty: tuple[str, ...] = ()
    """What the open questions that would change a conclusion are about, the weightiest first."""
    traffic: Explained | None = None
    """The calls that were counted, and what else is known of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `breaks` holds, the grade is at most `at_most`, because of `reason`."""

    name: str
    at_most: Grade
    breaks: Callable[[Known], bool]
    reason: Callable[[Known], str]


RULES: Final = (
    Rule("nothing", "low", lambda k: not k.dependencies, lambda k: "no dependency is known"),
    Rule(
        "drawn",
        "low",
        lambda k: 0 < k.dependencies == k.drawn,
        lambda k: "diagrams and catalogues alone show the dependencies: nothing of it is configured, observed or confirmed",
    ),
    Rule(
        "many_alone",
        "low",
        lambda k: k.dependencies > 0 and len(k.alone) > MAX_SHARE_ALONE * k.components,
        lambda k: f"{len(k.alone)} of {k.components} components have no dependency ({_names(k.alone)})",
    ),
    Rule(
        "unused",
        "low",
        lambda k: k.dependencies > 0 and bool(k.unused),
        lambda k: f"nobody is known to use {_names(k.unused)}",
    ),
    Rule(
        "guessed",
        "low",
        lambda k: k.guessed > MAX_SHARE_GUESSED * k.dependencies,
        lambda k: f"{_percent(k.guessed, k.dependencies)} of the dependencies rest on start order or name patterns only",
    ),
    Rule(
        "many_unknown",
        "low",
        lambda k: k.dependencies > 0 and len(k.unknown) > MAX_SHARE_UNKNOWN * (k.dependencies + len(k.unknown)),
        lambda k: (
            f"{len(k.unknown)} of {k.dependencies + len(k.unknown)} calls go to somebody who is in no file ({_names(k.unknown)})"
        ),
    ),
    Rule(
        "unplaced",
        "low",
        lambda k: k.traffic is not None and k.traffic.unplaced > MAX_SHARE_UNKNOWN * k.traffic.calls,
        lambda k: f"{_of(k, 'unplaced')} counted calls could not be placed on the map",
    ),
    Rule(
        "unexplained",
        "medium",
        lambda k: k.traffic is not None and k.traffic.share < MIN_SHARE_EXPLAINED,
        lambda k: f"{_of(k, 'stated')} counted calls run over dependencies that a file or a person states as well",
    ),
    Rule(
        "unstated",
        "medium",
        lambda k: k.stated - k.drawn < MIN_SHARE_STATED * k.dependencies,
        lambda k: (
            f"{_share(k.stated - k.drawn, k.dependencies)} of the dependencies were observed in traffic or stated for the "
            f"purpose, the rest is {_rest(k)}"
        ),
    ),
    Rule(
        "alone",
        "medium",
        lambda k: bool(k.alone),
        lambda k: f"{_names(k.alone)} {'has' if len(k.alone) == 1 else 'have'} no dependency",
    ),
    Rule(
        "unknown",
        "medium",
        lambda k: bool(k.unknown),
        lambda k: f"{_calls(len(k.unknown))} to somebody who is in no file ({_names(k.unknown)})",
    ),
    Rule(
        "left_open",
        "medium",
        lambda k: k.left_open > 0,
        lambda k: f"the import left {k.left_open} question{'s' * (k.left_open > 1)} open",
    ),
    Rule(
        "weighty",
        "medium",
        lambda k: len(k.weighty) > MAX_WEIGHTY_SHARE * k.dependencies,
        lambda k: f"{_open(len(k.weighty))} that would change what is reported, the first about {k.weighty[0]}",
    ),
)
"""From strict to mild. The worst grade that any of them allows is the grade, and all of that grade are its reasons."""


def judge(known: Known) -> tuple[Grade, tuple[str, ...]]:
    """The grade, and why it is no better; for `high`, why it is that.

    >>> judge(Known(components=2, dependencies=4, stated=2))
    ('medium', ('only 50 % of the dependencies were observed in traffic or stated for the purpose, the rest is configuration',))
    """
    broken = [rule for rule in RULES if rule.breaks(known)]
    grades: tuple[Grade, ...] = ("low", "medium")
    for grade in grades:
        reasons = tuple(rule.reason(known) for rule in broken if rule.at_most == grade)
        if reasons:
            return grade, reasons
    stated = f"{_percent(known.stated, known.dependencies)} of the dependencies were observed in traffic or stated"
    still = f"; {_open(len(known.weighty), 'still open')}" if known.weighty else ""
    return "high", (f"{stated}, and every component is connected{still}",)


def _open(count: int, how: str = "open") -> str:
    return f"1 question is {how}" if count == 1 else f"{count} questions are {how}"


def _calls(count: int) -> str:
    return "1 call goes" if count == 1 else f"{count} calls go"


def _rest(known: Known) -> str:
    configured = known.dependencies - known.stated - known.guessed
    rest = {"configuration": configured, "start order or name patterns": known.guessed, "drawings": known.drawn}
    return " and ".join(words for words, count in rest.items() if count)


def _share(part: int, whole: int) -> str:
    return f"only {_percent(part, whole)}" if part else "none"


def _of(known: Known, which: Literal["stated", "unplaced"]) -> str:
    traffic = known.traffic or Explained(calls=1)
    count = traffic.stated if which == "stated" else traffic.unplaced
    return f"{count:,} of {traffic.calls:,}" if count else f"none of {traffic.calls:,}"


def _names(ids: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
