"""Would it have held? Timeouts from the first half of each recording, tried on its second half."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from auditkit.errors import InputError
from auditkit.latency import TimeRange, measure
from auditkit.model.audit import AuditFacts
from auditkit.model.latency import LatencyProfile
from auditkit.patterns.timeout import TARGET, advise
from auditkit.project import folder as held

Profiles = Mapping[str, LatencyProfile]
ENOUGH = 3000
"""Samples of the first half from which on a refusal is rare."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One call: the timeout from the first half of its recording (None: refused), tried on the second half.

    `n`: samples of the first half; `late` of `calls` answers of the second half it would have cut off; `target`: share 0..1.
    """

    call: str
    n: int
    timeout_s: float | None
    late: int
    calls: int
    target: float

    @property
    def verdict(self) -> Literal["kept", "missed", "refused"]:
        """`kept` where no more than the target were cut off; a single late call of fewer than 1 / target proves nothing."""
        if self.timeout_s is None:
            return "refused"
        return "kept" if self.late <= max(1.0, self.target * self.calls) else "missed"


@dataclass(frozen=True, slots=True)
class BackTest:
    """All calls that both halves hold. Shares 0..1; NaN without any call to speak of."""

    tried: tuple[Tried, ...]

    @property
    def share_good(self) -> float:
        """Share of calls that kept the target or were refused."""
        return _share(t.verdict != "missed" for t in self.tried)

    @property
    def share_refused(self) -> float:
        """Share of refused calls among those with at least 3,000 samples in the first half."""
        return _share(t.verdict == "refused" for t in self.tried if t.n >= ENOUGH)

    def __str__(self) -> str:
        if not self.tried:
            return "No call is in both halves of a recording: nothing to try."
        counts = {v: sum(t.verdict == v for t in self.tried) for v in ("kept", "missed", "refused")}
        ample = sum(t.n >= ENOUGH for t in self.tried)
        words = f"{self.share_good:.0%} of {len(self.tried)} calls keep the target on the unseen half, or are refused"
        known = f"of {ample} with {ENOUGH:,} samples and more, {self.share_refused:.0%} are refused" if ample else ""
        told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        return f"{words} ({told})" + (f"; {known}." if known else ".")


def back_test(folder: Path, target: float | None = None) -> BackTest:
    """Each export of an audit, halved in the middle of its time. Exports without start times cannot be halved.

    The first half is judged as always, normal conditions selected; of the second everything counts. `target`: share of
    healthy calls that may be cut off (that of `audit.yaml`, or 0.001).
    """
    facts = held.facts(folder)
    wanted = target or facts.false_timeout_target or TARGET
    components = [component.id for component in held.system(folder).components]
    tried: list[Tried] = []
    for record in held.exports(folder).exports:
        read = partial(_profiles, folder, record, facts, components)
        try:
            times = [t for p in read().values() for t in (p.start_s, p.end_s) if t is not None]
        except InputError:
            if not record.file.startswith(held.IMPORTED):
                raise
            continue  # traces of the map in which nobody waits for anybody
        if times:
            middle = (min(times) + max(times)) / 2
            early, late = TimeRange(-math.inf, middle, "first half"), TimeRange(middle, math.inf, "second half")
            tried += compare(read(incidents=(late,)), read(incidents=(early,), keep=(late,)), wanted)
    return BackTest(tuple(sorted(tried, key=lambda t: t.call)))


def _profiles(
    folder: Path,
    record: held.ExportRecord,
    facts: AuditFacts,
    components: Sequence[str],
    incidents: Sequence[TimeRange] = (),
    keep: Sequence[TimeRange] = (),
) -> Profiles:
    measured = measure(
        [folder / record.file],
        format=record.format,
        unit=record.unit,
        log_format=record.log_format,
        columns=record.columns,
        names=facts.names,
        components=components,
        incidents=incidents,
        keep=keep,
    )
    return {profile.call: profile for profile in measured.profiles}


def compare(first: Profiles, second: Profiles, target: float = TARGET) -> list[Tried]:
    """The timeouts of the first profiles, tried on the second; calls that are in one of them only say nothing."""
    found = []
    for call, profile in first.items():
        later = second.get(call)
        if later is None or not profile.n or not later.n:
            continue
        timeout_s = advise(profile, target=target).recommended_s
        late = 0 if timeout_s is None else later.ok.above(timeout_s)[1]
        found.append(Tried(call, profile.n, timeout_s, late, later.ok.total, target))
    return found


def _share(verdicts: Iterable[bool]) -> float:
    known = list(verdicts)
    return sum(known) / len(known) if known else math.nan
