"""Times that a person says are normal, or are not: they override what the latencies themselves look like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from auditkit.errors import InputError
from auditkit.latency.normal import TimeRange
from auditkit.model.audit import AuditFacts, Period


@dataclass(frozen=True, slots=True)
class Times:
    """Incidents (no latencies are taken from them) and normal times (they count, whatever they look like)."""

    incidents: tuple[Period, ...] = ()
    normal: tuple[Period, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.incidents or self.normal)


def period(text: str, argument: str = "time") -> Period:
    """A time written as in ISO 8601, `FROM/TO`, with `=` and a reason where there is one; without a zone it is UTC.

    Raises `InputError` where it is no time, or ends before it starts; `argument` is what it calls the place.

    >>> period("2026-03-09T10:00/2026-03-09T10:30=deploy").label
    'deploy'
    """
    times, _, label = text.partition("=")
    start, slash, end = times.partition("/")
    remedy = f"write FROM/TO or FROM/TO=WHY in ISO 8601, for example {argument} 2026-03-09T10:00/2026-03-09T10:30=deploy"
    try:
        found = Period(start=dt.datetime.fromisoformat(start.strip()), end=dt.datetime.fromisoformat(end.strip()), label=label)
    except ValueError as error:
        raise InputError.of(argument, f"{text!r} is no FROM/TO" if not slash else f"{text!r} cannot be read", remedy) from error
    if epoch_s(found.end) <= epoch_s(found.start):
        raise InputError.of(argument, f"{text!r} ends before it starts", remedy)
    return found


def marked(facts: AuditFacts, times: Times) -> AuditFacts:
    """The facts of an audit with some more times, each once."""
    return facts.model_copy(
        update={
            "incidents": tuple(dict.fromkeys((*facts.incidents, *times.incidents))),
            "normal_times": tuple(dict.fromkeys((*facts.normal_times, *times.normal))),
        }
    )


def ranges(periods: Sequence[Period]) -> tuple[TimeRange, ...]:
    """The same as ranges of epoch seconds."""
    return tuple(TimeRange(epoch_s(period.start), epoch_s(period.end), period.label) for period in periods)


def epoch_s(time: dt.datetime) -> float:
    """Seconds since 1970; a time without a zone is UTC."""
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()
