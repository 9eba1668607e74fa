"""All samples of all files, counted once: names mapped, slices chosen, reduced, added up."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from auditkit.errors import InputError, Problem
from auditkit.latency.base import Buckets, File, Percentiles, Reading, Samples, Source
from auditkit.latency.columns import wrong_times
from auditkit.latency.duck import Duck
from auditkit.latency.naming import rename
from auditkit.latency.numbered import Numbered, numbered, words_in, words_of
from auditkit.latency.reduce import ERROR, OUTCOMES, UNKNOWN, Call, Integers, Reduced, collect, join, nothing, reduce
from auditkit.latency.tally import MANY, Seen, tally
from auditkit.model.latency import Loop, Side

SLICES_S = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 43200.0, 86400.0, 604800.0)
"""Lengths that a time slice may have, in seconds."""
MOST_SLICES = 60
"""More would tell little more of changing times, and cost time and memory in proportion."""
_FOREIGN = 2**40
"""Number of the first bucket of formats that bring their own buckets, far from any of ours."""
_KEYS = ("caller", "callee", "operation")


@dataclass(frozen=True, slots=True)
class Part:
    """One file, who read it, and what it held."""

    file: File
    source: Source
    reading: Reading


@dataclass(frozen=True, slots=True)
class About:
    """Where the samples of one call come from, and what their durations are."""

    sources: tuple[str, ...]
    side: Side
    loop: Loop
    start_s: float | None
    end_s: float | None
    exact: bool
    """Whether all its samples are at hand, so that exact values can be read."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Numbered samples of one part at hand in DuckDB, and what the call of each number is called in the system."""

    table: Any
    names: Mapping[int, Call]
    failures: tuple[Integers, Integers] | None = None
    """Number of the call and window of time (`WINDOW_S`) of every failure, where they were noted in counting."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything counted, in the names of the system. `samples` are the single calls, where DuckDB has them at hand."""

    reduced: Reduced
    slice_s: float | None
    samples: tuple[Tables, ...]
    about: Mapping[Call, About]
    percentiles: tuple[tuple[Call, dict[str, float | None], tuple[str, ...]], ...] = ()


class Engine(Protocol):
    """Where an expression runs: embedded DuckDB, or whatever already holds the data."""

    def run(self, expression: Any, where: str) -> Any:
        """The result as an Arrow table."""


def count(engine: Engine, parts: Sequence[Part], names: Mapping[str, str], components: Collection[str]) -> Counted:
    """The parts counted together. Raises `InputError` for start times out of range, unknown outcomes, and no calls at all."""
    surveys = [_survey(engine, part) for part in parts]
    problems = [problem for part, survey in zip(parts, surveys, strict=True) for problem in _impossible(part, survey)]
    if problems:
        raise InputError(problems)
    slice_s = slice_length([survey.span_s[1] - survey.span_s[0] for survey in surveys if survey.span_s is not None])
    tables, reductions, percentiles = [], [], []
    about: dict[Call, list[_Seen]] = {}
    for part, survey in zip(parts, surveys, strict=True):
        held = _held(engine, part, survey, slice_s) if isinstance(part.reading, Samples) else _Held(seen=survey.seen)
        mapping = {item.call: rename(item.call, names, components) for item in held.seen}
        problems += _nameless(part, held.seen) if survey.rows else ()
        side = part.reading.side if isinstance(part.reading, Samples) and part.reading.side else part.source.side
        for item in held.seen:
            about.setdefault(mapping[item.call], []).append(_Seen(part, side, item.first_s, item.last_s))
        if held.reduced is not None:
            if held.reduced.unknown_outcomes:
                shown = ", ".join(repr(word) for word in held.reduced.unknown_outcomes[:3])
                problems.append(Problem(part.file.name, f"unknown outcome {shown}", "write ok, error or timeout"))
            if held.samples is not None:
                numbers = {held.samples.number(call): renamed for call, renamed in mapping.items()}
                tables.append(Tables(held.samples.table, numbers, held.failures))
            reductions.append(replace(held.reduced, calls=tuple(mapping[call] for call in held.reduced.calls)))
        elif isinstance(part.reading, Buckets):
            reductions.append(_of_buckets(part.reading.table, mapping, slice_s))
        else:
            percentiles += [
                (mapping[_call(row)], _figures(row), (part.file.path.name,)) for row in part.reading.table.to_pylist()
            ]
    if problems:
        raise InputError(problems)
    if not percentiles and not sum(int(part.n.sum()) for part in reductions):
        raise InputError.of(parts[0].file.name, "holds no call", "export a window in which there was traffic")
    whole = join(reductions) if reductions else nothing()
    return Counted(whole, slice_s, tuple(tables), {call: _about(found) for call, found in about.items()}, tuple(percentiles))


@dataclass(frozen=True, slots=True)
class _Held:
    """What one part holds: its calls, its samples counted, and where they lie in DuckDB."""

    seen: tuple[Seen, ...]
    reduced: Reduced | None = None
    samples: Numbered | None = None
    failures: tuple[Integers, Integers] | None = None


def _held(engine: Engine, part: Part, survey: Survey, slice_s: float | None) -> _Held:
    """A part's samples counted; in DuckDB by numbers in place of names, and in machine code where they are many."""
    table, where = part.reading.table, part.file.name
    if not isinstance(engine, Duck):
        return _Held(survey.seen, collect(engine.run(reduce(table, slice_s=slice_s), where)))
    if survey.rows:
        samples = numbered(engine, table, words_of(engine, table, where))
        found = tally(engine, samples, survey.rows, slice_s, survey.span_s)
        if found is not None:
            return _Held(found.seen, _known_outcomes(engine, part, found.reduced), samples, found.failures)
    seen = _calls_of(engine, part) if survey.rows else survey.seen
    samples = numbered(engine, table, words_in([item.call for item in seen]))
    numbers = {item.call: samples.number(item.call) for item in seen}
    reduced = collect(engine.run(reduce(samples.table, slice_s=slice_s, by=("call",)), where), numbers)
    return _Held(seen, _known_outcomes(engine, part, reduced), samples)


def _known_outcomes(engine: Engine, part: Part, reduced: Reduced) -> Reduced:
    """The rows with words for outcomes that nobody knows, where there are any."""
    if not (reduced.outcome == UNKNOWN).any():
        return reduced
    words = engine.run(part.reading.table.select("outcome").distinct(), part.file.name)["outcome"].to_pylist()
    unknown = tuple(sorted({word or "" for word in words} - set(OUTCOMES)))
    return replace(reduced, outcome=np.where(reduced.outcome == UNKNOWN, ERROR, reduced.outcome), unknown_outcomes=unknown)


def slice_length(covered_s: Sequence[float]) -> float | None:
    """Seconds of a time slice: the shortest of `SLICES_S` that divides all recordings into at most 60.

    `covered_s`: how long each recording is, in seconds; without any, start times are unknown and there are no slices.

    >>> slice_length([60]), slice_length([3600]), slice_length([43_200, 43_200]), slice_length([])
    (10.0, 60.0, 1800.0, None)
    """
    if not covered_s:
        return None
    return next((length for length in SLICES_S if sum(covered_s) / length <= MOST_SLICES), SLICES_S[-1])


@dataclass(frozen=True, slots=True)
class Survey:
    """The calls of a part, and the first and last start of all. `rows`: how many, where calls are found in counting; else 0."""

    seen: tuple[Seen, ...]
    span_s: tuple[float, float] | None
    rows: int = 0


def _survey(engine: Engine, part: Part) -> Survey:
    """What is to be known of a part before its samples are counted."""
    if isinstance(engine, Duck) and isinstance(part.reading, Samples):
        table = part.reading.table
        whole = table.agg(n=table.count(), first=table.start_s.min(), last=table.start_s.max())
        row = engine.run(whole, part.file.name).to_pylist()[0]
        span_s = None if row["first"] is None else (float(row["first"]), float(row["last"]))
        if row["n"] >= MANY and (span_s is None or all(map(math.isfinite, span_s))):
            return Survey((), span_s, rows=row["n"])
    seen = _calls_of(engine, part)
    starts = [item.first_s for item in seen if item.first_s is not None]
    ends = [item.last_s for item in seen if item.last_s is not None]
    return Survey(seen, (min(starts), max(ends)) if starts and ends else None)


def _calls_of(engine: Engine, part: Part) -> tuple[Seen, ...]:
    """The calls of a part with their first and last start."""
    import pyarrow as pa

    table = part.reading.table
    if isinstance(part.reading, Samples):
        found = engine.run(table.group_by(*_KEYS).agg(first=table.start_s.min(), last=table.start_s.max()), part.file.name)
    elif isinstance(part.reading, Percentiles):
        return tuple(Seen(_call(row), None, None) for row in table.to_pylist())
    else:
        grouped = table.group_by(list(_KEYS)).aggregate([("start_s", "min"), ("start_s", "max")])
        found = pa.table(
            {**{key: grouped[key] for key in _KEYS}, "first": grouped["start_s_min"], "last": grouped["start_s_max"]}
        )
    return tuple(Seen(_call(row), row["first"], row["last"]) for row in found.to_pylist())


def _call(row: Mapping[str, Any]) -> Call:
    return Call(row["caller"] or "", row["callee"] or "", row["operation"])


def _figures(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: row[name] for name in ("p50_s", "p99_s")}


def _impossible(part: Part, survey: Survey) -> list[Problem]:
    """What cannot be right about the names and times of a part."""
    why = None if survey.span_s is None else wrong_times(*survey.span_s)
    if why is None:
        return _nameless(part, survey.seen)
    remedy = "are they milliseconds? name the column start_ms, with one unit in it"
    return [*_nameless(part, survey.seen), Problem(part.file.name, why, remedy)]


def _nameless(part: Part, seen: Sequence[Seen]) -> list[Problem]:
    if all(item.call.caller and item.call.callee for item in seen):
        return []
    return [Problem(part.file.name, "has calls without caller or callee", "fill both columns in every row")]


def _of_buckets(table: Any, mapping: Mapping[Call, Call], slice_s: float | None) -> Reduced:
    """Counts in foreign intervals in the form of a reduction; equal intervals are one bucket."""
    import pyarrow as pa

    rows = [row for row in table.to_pylist() if row["n"]]
    calls = [mapping[_call(row)] for row in rows]
    starts = [row["start_s"] for row in rows]
    slices = [None if slice_s is None or s is None else math.floor(s / slice_s) for s in starts]
    columns: dict[str, Any] = {key: pa.array([getattr(call, key) for call in calls], pa.string()) for key in _KEYS}
    columns |= {name: pa.array([row[name] for row in rows]) for name in ("outcome", "lo_s", "hi_s", "n")}
    columns |= {
        "slice": pa.array(slices, pa.int64()),
        "bucket": pa.array([_bucket(r["lo_s"], r["hi_s"]) for r in rows], pa.int64()),
    }
    return collect(pa.table(columns))


def _bucket(lo_s: float, hi_s: float) -> int:
    """A number for a foreign interval that depends on nothing but its ends."""
    import hashlib

    digest = hashlib.blake2b(f"{lo_s!r} {hi_s!r}".encode(), digest_size=7).digest()
    return _FOREIGN + int.from_bytes(digest, "big")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One call of the export in one part."""

    part: Part
    side: Side
    start_s: float | None
    end_s: float | None


def _loop_of(part: Part) -> Loop:
    return part.reading.loop if isinstance(part.reading, Buckets) and part.reading.loop else part.source.loop


def _about(found: Sequence[_Seen]) -> About:
    sides, loops = {seen.side for seen in found}, {_loop_of(seen.part) for seen in found}
    return About(
        sources=tuple(dict.fromkeys(seen.part.file.path.name for seen in found)),
        side=next(iter(sides)) if len(sides) == 1 else "unknown",
        loop=next(iter(loops)) if len(loops) == 1 else "unknown",
        start_s=min((seen.start_s for seen in found if seen.start_s is not None), default=None),
        end_s=max((seen.end_s for seen in found if seen.end_s is not None), default=None),
        exact=all(isinstance(seen.part.reading, Samples) for seen in found),
    )
